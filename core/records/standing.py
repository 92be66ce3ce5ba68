"""Keep where an inspection stands in columns beside it, so that lists and charts need no JSON.

Three of them are definitions:

Defect type: of the report that was signed last, else of the newest one that a person edited, the
first finding's probable type that is a known type of the product; else the type that ranked first
when the picture was inspected; else `NOT_CLASSIFIED`. Without a defect there is none. Only the
first is confirmed by a person, the others are guesses. Known are the types that inspections of the
product have ranked or found knowledge of; "_", "-", blanks and capitals make no difference.

Audit: a passed part is drawn when the first 52 bits of the SHA-256 of its inspection's id, as a
share of 2^52, lie below AUDIT_SHARE. The id is random, made once and never changed, so nobody
chooses what is drawn, looking again draws nothing anew, and the score plays no part: what is drawn
is a random sample of what passed. The share is the one that was set at the time of inspection.
What is drawn is sealed until a person has decided (see `core.records.audits`).

First: the first inspection of a part is the earliest that has its product and serial, or that has
its product and picture: the same bytes under another serial are another part, under none the same.
What was inspected in error is nobody's first.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from duckdb import DuckDBPyConnection

from core.domain import (
    NOT_CLASSIFIED,
    Disposition,
    Inspection,
    RevisionKind,
    Verdict,
    defect_type_name,
)
from core.records.store.rows import Row

DRAWN_BITS = 52
# What figures of quality are made of.
IS_COUNTED = f"inspections.disposition IS DISTINCT FROM '{Disposition.IN_ERROR.value}'"
# Takes a picture's SHA-256 and a serial.
SAME_PICTURE = "image_sha256 = ? AND (serial = '' OR ? IN ('', serial))"
# Takes a product's key, a serial, a picture's SHA-256 and the serial again.
SAME_PART = f"product_key = ? AND ((serial = ? AND serial <> '') OR ({SAME_PICTURE}))"


def is_drawn(inspection_id: str, share: float) -> bool:
    """Say whether an inspection is in the random sample of this share.

    Example:
        >>> is_drawn("20261124-093015-abc123", 0.0), is_drawn("20261124-093015-abc123", 1.0)
        (False, True)
    """
    digest = hashlib.sha256(inspection_id.encode()).hexdigest()
    return int(digest[: DRAWN_BITS // 4], 16) / 2**DRAWN_BITS < share


def confirmed_type(written: Sequence[str], known: Collection[str]) -> str | None:
    """Return the defect type that a person named; None: none that is known.

    Args:
        written: probable types of the findings of a report that a person edited or signed.
        known: types of the product.

    Example:
        >>> confirmed_type(["some crack?", "Finger interruption"], {"finger_interruption"})
        'finger_interruption'
    """
    named = (defect_type_name(text) for text in written)
    return next((name for name in named if name in known), None)


def defect_type(written: Sequence[str], ranked: Sequence[str], known: Collection[str]) -> str:
    """Return the defect type of an inspection that has defects.

    Args:
        written: probable types of the findings of a report that a person edited or signed.
        ranked: types that were ranked at inspection, the likeliest first.
        known: types of the product.

    Example:
        >>> defect_type(["some crack?", "Finger interruption"], ["crack"], {"finger_interruption"})
        'finger_interruption'
    """
    return confirmed_type(written, known) or (*ranked, NOT_CLASSIFIED)[0]


def folded(text: str) -> str:
    """Fold a text as it is searched: composed Unicode in small letters."""
    return unicodedata.normalize("NFC", text).lower()


def add_types(cursor: DuckDBPyConnection, inspection: Inspection) -> None:
    """Learn the names of the defect types that an inspection ranked or found knowledge of."""
    names = {guess.defect_type for guess in inspection.defect_types}
    names |= {snippet.defect_type for snippet in inspection.snippets if snippet.defect_type}
    cursor.execute(
        "INSERT OR IGNORE INTO known_types SELECT ?, unnest(?::VARCHAR[])",
        [inspection.product.key, sorted(names)],
    )


def first_standing(cursor: DuckDBPyConnection, inspection: Inspection, audit_share: float) -> Row:
    """Return the columns that an inspection is saved with."""
    is_audited = inspection.judgement.verdict is Verdict.PASS and is_drawn(
        inspection.id, audit_share
    )
    return {
        "width": inspection.image.width,
        "height": inspection.image.height,
        "defect_count": len(inspection.defects),
        "is_first": _is_first(
            cursor,
            inspection.product.key,
            inspection.context.serial,
            inspection.image.sha256,
            inspection.created_at.astimezone(UTC).replace(tzinfo=None),
            inspection.id,
        ),
        "is_audited": is_audited,
        "is_sealed": is_audited,
    }


def refresh(cursor: DuckDBPyConnection, inspection_id: str) -> None:
    """Bring the columns that change up to what reports and dispositions say now."""
    of_it = [inspection_id]
    facts = cursor.execute(
        "SELECT product_key, defect_count, json_extract_string(defect_types, '$[*].defect_type'), "
        "is_sealed, filename, lot, serial, id, inspector FROM inspections WHERE id = ?",
        of_it,
    ).fetchone()
    assert facts is not None
    product_key, defects, ranked, was_sealed, *texts = facts
    reports = cursor.execute(
        "SELECT kind, report, number FROM revisions WHERE inspection_id = ? ORDER BY number DESC",
        of_it,
    ).fetchall()
    decision = cursor.execute(
        "SELECT disposition, reason, decided_at FROM dispositions WHERE inspection_id = ? "
        "ORDER BY number DESC LIMIT 1",
        of_it,
    ).fetchone()
    # What was signed stands until something else is signed.
    counts = [row for row in reports if row[0] == RevisionKind.SIGNED.value] or reports
    signed_revision = counts[0][2] if counts is not reports else None
    by_person = (report for kind, report, _ in counts if kind != RevisionKind.DRAFTED.value)
    findings = json.loads(next(by_person, '{"findings": []}'))["findings"]
    written = [each["probable_defect_type"] for each in findings]
    known = cursor.execute(
        "SELECT name FROM known_types WHERE product_key = ?", [product_key]
    ).fetchall()
    names = {name for (name,) in known}
    found = defect_type(written, ranked, names) if defects else ""
    is_confirmed = bool(defects) and confirmed_type(written, names) is not None
    disposition, reason, decided_at = decision or (None, None, None)
    blind = cursor.execute(
        "SELECT disposition FROM dispositions WHERE inspection_id = ? AND is_blind "
        "ORDER BY number LIMIT 1",
        of_it,
    ).fetchone()
    is_sealed = was_sealed and decision is None
    summary = json.loads(counts[0][1])["summary"] if counts else ""
    # What is sealed is not found by what the machine or a report says of it.
    told = ["", "", ""] if is_sealed else [found, reason or "", summary]
    # Between two texts stands a character that nobody types: no match reaches across.
    searched = folded("\x1f".join([*texts, *told]))
    cursor.execute(
        "UPDATE inspections SET defect_type = ?, is_type_confirmed = ?, disposition = ?, "
        "reason = ?, decided_at = ?, is_sealed = ?, blind_disposition = ?, searched = ?, "
        "signed_revision = ? WHERE id = ?",
        [
            found,
            is_confirmed,
            disposition,
            reason,
            decided_at,
            is_sealed,
            blind and blind[0],
            searched,
            signed_revision,
            inspection_id,
        ],
    )


def is_counted(cursor: DuckDBPyConnection, inspection_id: str) -> bool:
    """Tell whether an inspection counts in figures: it was not in error."""
    counted = cursor.execute(
        f"SELECT 1 FROM inspections WHERE id = ? AND {IS_COUNTED}", [inspection_id]
    ).fetchone()
    return counted is not None


def of_one_part(cursor: DuckDBPyConnection, inspection_id: str) -> list[str]:
    """List the inspections of a part, as serial and picture tell it, this one included."""
    facts = cursor.execute(
        "SELECT product_key, serial, image_sha256, serial FROM inspections WHERE id = ?",
        [inspection_id],
    ).fetchone()
    found = cursor.execute(f"SELECT id FROM inspections WHERE {SAME_PART}", facts).fetchall()
    return [of_it for (of_it,) in found]


def refresh_firsts(cursor: DuckDBPyConnection, inspection_ids: Collection[str]) -> None:
    """Bring `is_first` up to what serials and decisions say now."""
    for inspection_id in inspection_ids:
        facts = cursor.execute(
            "SELECT product_key, serial, image_sha256, created_at FROM inspections WHERE id = ?",
            [inspection_id],
        ).fetchone()
        assert facts is not None
        is_first = is_counted(cursor, inspection_id) and _is_first(cursor, *facts, inspection_id)
        cursor.execute(
            "UPDATE inspections SET is_first = ? WHERE id = ?", [is_first, inspection_id]
        )


def _is_first(
    cursor: DuckDBPyConnection,
    product_key: str,
    serial: str,
    image_sha256: str,
    created_at: datetime,
    inspection_id: str,
) -> bool:
    """Tell whether no earlier inspection that counts is of the same part; times are in UTC."""
    earlier = cursor.execute(
        f"SELECT 1 FROM inspections WHERE {SAME_PART} AND {IS_COUNTED} "
        "AND (created_at < ? OR (created_at = ? AND id < ?)) LIMIT 1",
        [product_key, serial, image_sha256, serial, created_at, created_at, inspection_id],
    ).fetchone()
    return earlier is None
