from __future__ import annotations

import re
import shutil
import subprocess
from datetime import UTC, timedelta, timezone
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.domain import (
    ComparedPair,
    Context,
    Disposition,
    DispositionEntry,
    Finding,
    Hypothesis,
    Inspection,
    Report,
    Revision,
    RevisionKind,
    Verdict,
)
from core.records.reports import report_sha256
from core.reporting.pdf.report import render_pdf
from tests.records import examples

SEOUL = timezone(timedelta(hours=9), "KST")


def png(width: int = 300, height: int = 200) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 255, (height, width, 3), np.uint8)
    return cv2.imencode(".png", pixels)[1].tobytes()


def printed(inspection: Inspection, revision: Revision | None = None) -> bytes:
    return render_pdf(
        inspection,
        revision or inspection.revisions[-1],
        picture_png=png(),
        overlay_png=png(),
        legend_png=png(640, 72),
        exemplars_png=[(exemplar, png()) for exemplar in inspection.exemplars],
        pairs=[
            ComparedPair(
                comparison=comparison,
                pictures=None if number else (png(90, 90), png(90, 90)),
                problem="It is lost.",
            )
            for number, comparison in enumerate(inspection.comparisons)
        ],
        printed_at=examples.NOW,
        timezone=SEOUL,
    )


def revised(report: Report, kind: RevisionKind = RevisionKind.EDITED) -> Revision:
    return Revision(
        number=2,
        kind=kind,
        report=report,
        author="김민수",
        created_at=examples.NOW,
        program_version="0.0.8",
        sha256=report_sha256(report),
    )


def text_of(pdf: bytes, folder: Path) -> str:
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed (apt-get install poppler-utils)")
    path = folder / "report.pdf"
    path.write_bytes(pdf)
    done = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, check=True)
    return done.stdout.decode()


def pages(pdf: bytes) -> int:
    return pdf.count(b"/Type /Page\n")


def test_a_report_holds_what_an_auditor_asks_for(tmp_path: Path) -> None:
    inspection = examples.inspection()

    text = text_of(printed(inspection), tmp_path)

    for wanted in (
        "Nonconformity report",
        inspection.id,
        "ELPV/mono",
        "L-7",
        "EL-2",
        "2026-11-24 09:30:15",
        "2026-11-24 18:30:15 KST",
        "FAIL",
        "1.890",
        "At most 4.87% of good parts are stopped",
        "A notice.",
        "top left",
        "2.40",
        "K-0123456789",
        "good.png",
        "farther than 25% of the 200 normals",
        "The same place on the nearest normal part, good.png. Aligned; alignment error 0.12.",
        "D1, this part and the nearest normal",
        "It is lost.",
        "The step 'exemplars' was off",
        "return to supplier",
        "revision 1, drafted by offline",
        "a" * 64,
        "b" * 64,
        inspection.revisions[0].sha256,
        "judged by program version 0.0.7, report saved by 0.0.7",
        "page 1 of",
    ):
        assert wanted in text, wanted


def test_every_page_names_the_program_that_judged_however_long_the_author(tmp_path: Path) -> None:
    inspection = examples.inspection()
    revision = revised(examples.report("Long. " * 100))
    revision = revision.model_copy(update={"author": "Wolfgang " * 9})

    pdf = printed(inspection, revision)

    sheets = text_of(pdf, tmp_path).rstrip("\f").split("\f")
    assert len(sheets) == pages(pdf)
    for number, sheet in enumerate(sheets, start=1):
        footer = sheet.rstrip().splitlines()[-1]
        assert footer.startswith(f"{inspection.id} · program 0.0.7 · revision 2, edited by Wolf")
        assert footer.endswith(f"page {number} of {len(sheets)}")
    assert "judged by program version 0.0.7, report saved by 0.0.8" in " ".join(sheets)


def test_korean_german_polish_and_french_are_printed(tmp_path: Path) -> None:
    words = "균열 확인 Größe Łódź façade naïve œuvre ≥ 2 mm²"
    report = examples.report(words)
    inspection = examples.inspection()

    text = text_of(printed(inspection, revised(report, RevisionKind.SIGNED)), tmp_path)

    assert words in text
    assert "김민수" in text
    assert "Zoë Müller" in text
    assert "균열-1" in text


def test_pass_is_no_nonconformity(tmp_path: Path) -> None:
    judgement = examples.judgement().model_copy(update={"verdict": Verdict.PASS})
    inspection = examples.inspection().model_copy(update={"judgement": judgement, "defects": ()})

    text = text_of(printed(Inspection(**inspection.model_dump())), tmp_path)

    assert "Inspection report" in text
    assert "Nonconformity" not in text


def test_the_disposition_is_printed(tmp_path: Path) -> None:
    entry = DispositionEntry(
        disposition=Disposition.SCRAP,
        reason="Too deep to grind",
        decided_by="Ana",
        decided_at=examples.NOW,
    )
    text = text_of(
        printed(examples.inspection().model_copy(update={"dispositions": (entry,)})), tmp_path
    )

    assert "Too deep to grind" in text
    assert "Ana" in text


def test_every_decision_is_printed_in_order_with_its_concession(tmp_path: Path) -> None:
    entries = tuple(
        DispositionEntry(
            disposition=disposition,
            reason=reason,
            decided_by=name,
            decided_at=examples.NOW + timedelta(hours=hours),
            concession=concession,
        )
        for disposition, reason, name, hours, concession in (
            (Disposition.SCRAP, "Too deep", "Ana", 0, ""),
            (Disposition.USE_AS_IS, "Customer agrees", "Ben", 1, "C-2026-17"),
        )
    )
    text = text_of(
        printed(examples.inspection().model_copy(update={"dispositions": entries})), tmp_path
    )

    words = re.sub(r"\s+", " ", text)
    assert "Nonconformity report" in words
    first = words.index("1. scrap 2026-11-24 18:30 KST, Ana: Too deep")
    later = "2. use as is 2026-11-24 19:30 KST, Ben, concession C-2026-17: Customer agrees"
    assert words.index(later) > first


def test_a_voided_false_alarm_is_no_nonconformity_report(tmp_path: Path) -> None:
    entry = DispositionEntry(
        disposition=Disposition.VOID, reason="dust", decided_by="Ana", decided_at=examples.NOW
    )
    voided = examples.inspection().model_copy(update={"dispositions": (entry,)})

    text = text_of(printed(voided, revised(examples.report("Stop release of the lot."))), tmp_path)

    assert "Inspection report" in text
    assert "Ana decided on 2026-11-24 18:30 KST: void (false alarm). Reason: dust" in text
    for gone in ("Nonconformity", "Stop release", "Severity", "major", "Recommended action"):
        assert gone not in text, gone


def test_identifiers_are_printed_in_full(tmp_path: Path) -> None:
    serial = "(01)04012345678901(17)281231(21)SN0000012345A"
    lot = "PO-4500123456/Charge-0007-Nachtschicht-B"
    context = Context(serial=serial, lot=lot, station="x" * 199 + "E", inspector="W " * 90)
    pdf = printed(examples.inspection().model_copy(update={"context": context}))

    lines = text_of(pdf, tmp_path).splitlines()

    assert serial in lines
    assert lot in lines
    assert "".join(line for line in lines if set(line) <= {"x", "E"}) == "x" * 199 + "E"


def test_the_banner_grows_with_its_notices(tmp_path: Path) -> None:
    """The pictures begin below it, however long the words are."""
    word = "Oberflächenbeschaffenheitsprüfungsdokumentation"
    few = examples.inspection()
    image = few.image.model_copy(update={"notices": (f"{word} " * 6,) * 4})
    many = few.model_copy(update={"image": image})

    def top_of_pictures(inspection: Inspection) -> float:
        (tmp_path / "in.pdf").write_bytes(printed(inspection))
        done = subprocess.run(
            ["pdftotext", "-bbox", "-l", "1", tmp_path / "in.pdf", "-"],
            capture_output=True,
            check=True,
        )
        words = re.findall(r'yMin="([\d.]+)"[^>]*>([^<]*)<', done.stdout.decode())
        captions = [float(at) for at, said in words if said == "inspected"]
        notices = [float(at) for at, said in words if said == word]
        assert all(at < captions[0] for at in notices)
        return captions[0]

    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed (apt-get install poppler-utils)")
    assert top_of_pictures(many) > top_of_pictures(few) + 60


def test_arabic_and_hebrew_are_printed_and_what_is_not_is_named(tmp_path: Path) -> None:
    report = examples.report("خدش على السطح, שריטה, รอยขีดข่วน 🔥")

    text = text_of(printed(examples.inspection(), revised(report)), tmp_path)

    assert "שריטה" in text
    assert "No font here has the characters U+0E02" in text
    assert "U+1F525" in text
    assert "No font here" not in text_of(printed(examples.inspection()), tmp_path)


def test_the_paper_says_which_revision_it_is_and_which_counts(tmp_path: Path) -> None:
    draft = examples.inspection().revisions[0]
    signed = revised(examples.report("Signed text"), RevisionKind.SIGNED)
    both = examples.inspection().model_copy(update={"revisions": (draft, signed)})

    assert "Revision 1 of 1, drafted by offline; not signed." in text_of(
        printed(examples.inspection()), tmp_path
    )
    assert "Revision 2 of 2, signed by 김민수, 2026-11-24 18:30 KST." in text_of(
        printed(both, signed), tmp_path
    )
    assert "This is not the report that counts: 김민수 signed revision 2." in text_of(
        printed(both, draft), tmp_path
    )


@pytest.mark.parametrize("long", ["word " * 800, "x" * 4000, "균열" * 2000, "emoji 🔥 \x00 漢字"])
def test_any_text_fits_on_three_pages(long: str) -> None:
    defects = tuple(examples.defect(number) for number in range(1, 51))
    findings = tuple(
        Finding(
            defect_ids=(defect.id,),
            observation=long,
            hypotheses=(Hypothesis(cause=long),),
            snippet_ids=("K-1",),
        )
        for defect in defects
    )
    report = Report(
        summary=long,
        findings=findings,
        effect=long,
        containment=long,
        recommended_action=long,
        open_questions=(long, long),
    )
    snippets = tuple(examples.snippet().model_copy(update={"text": long}) for _ in range(3))
    inspection = examples.inspection().model_copy(update={"defects": defects, "snippets": snippets})

    pdf = printed(inspection, revised(report))

    assert 1 <= pages(pdf) <= 3
    assert len(pdf) < 1_500_000


def test_same_input_same_bytes() -> None:
    assert printed(examples.inspection()) == printed(examples.inspection())
    assert examples.NOW.tzinfo is UTC


def test_latin_lines_after_hangul_are_printed_in_their_own_glyphs(tmp_path: Path) -> None:
    """Also where a page ends between them."""
    mixed = "지식 항목의 내용: " + "edge contact in the diffusion tool was found. " * 12
    finding = Finding(
        defect_ids=("D1",), observation=mixed, hypotheses=(Hypothesis(cause=mixed),) * 4
    )
    report = Report(summary=mixed, findings=(finding,) * 3, effect=mixed)

    text = text_of(printed(examples.inspection(), revised(report)), tmp_path)

    words = re.sub(r"\s+", " ", text)
    assert words.count("edge contact in the diffusion tool was found.") >= 100


def test_circled_numbers_are_printed_though_no_korean_stands_beside_them(tmp_path: Path) -> None:
    report = examples.report("Cracks at ⑫ and Ⓑ")

    text = text_of(printed(examples.inspection(), revised(report)), tmp_path)

    assert "⑫ and Ⓑ" in text
    assert b"NanumGothic" in printed(examples.inspection(), revised(report))


def test_violations_and_the_writer_are_on_the_paper(tmp_path: Path) -> None:
    revision = examples.revision().model_copy(
        update={"writing": examples.writing(), "remarks": (examples.remark(),)}
    )

    text = text_of(printed(examples.inspection(), revision), tmp_path)

    assert "Contradicts evidence" in text
    assert examples.remark().message in text
    assert "Writer gpt-4o gpt-4o-2024-11-20, repaired" in text


def test_markup_of_a_model_is_printed_as_it_stands(tmp_path: Path) -> None:
    markup = "<b>bold</b> **stars** [link](http://x.example) <script>alert(1)</script>"

    text = text_of(printed(examples.inspection(), revised(examples.report(markup))), tmp_path)

    assert markup in re.sub(r"\s+", " ", text)
