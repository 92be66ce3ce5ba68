"""Nine inspections that the hand-written report texts are about."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path

from core.domain import (
    Box,
    Defect,
    DefectTypeGuess,
    Evidence,
    Exemplar,
    FalseAlarmRate,
    Judgement,
    Likeness,
    Product,
    Severity,
    Snippet,
    Verdict,
)

KNOWLEDGE = Path(__file__).parents[3] / "knowledge" / "domain_knowledge.json"


@cache
def knowledge() -> dict[str, dict[str, dict[str, str]]]:
    """The shipped knowledge file: data set, category, defect type, text."""
    return json.loads(KNOWLEDGE.read_text("utf-8"))


def snippet(product: str, defect_type: str, similarity: float = 0.61) -> Snippet:
    """A real entry of the shipped knowledge."""
    dataset, category = product.split("/")
    text = knowledge()[dataset][category][defect_type]
    return Snippet(
        id=f"K-{hashlib.sha256(text.encode()).hexdigest()[:10]}",
        dataset=dataset,
        category=category,
        defect_type=defect_type,
        text=text,
        source=KNOWLEDGE.name,
        similarity=similarity,
        matched_by="product",
    )


def defect(
    number: int,
    severity: str,
    region: str,
    size: tuple[int, int],
    area: tuple[int, float],
    peak: tuple[float, float],
    *,
    elongation: float = 1.4,
    orientation: float = 12,
    mm_per_px: float | None = None,
) -> Defect:
    """A measured defect; `size` is width and height, `area` px and percent, `peak` and mean."""
    return Defect(
        id=f"D{number}",
        box=Box(x=40, y=60, width=size[0], height=size[1]),
        contour=((40, 60),),
        centroid=(40 + size[0] / 2, 60 + size[1] / 2),
        region=region,
        area_px=area[0],
        area_percent=area[1],
        area_mm2=None if mm_per_px is None else area[0] * mm_per_px**2,
        elongation=elongation,
        orientation_deg=orientation,
        peak=peak[0],
        mean=peak[1],
        severity=Severity(severity),
    )


def judgement(
    verdict: str,
    score: float,
    thresholds: tuple[float, float],
    percentile: float,
    *,
    on_map: tuple[float, float] | None = None,
    held_out: int = 60,
    guaranteed: float = 0.0487,
) -> Judgement:
    """A verdict with its thresholds."""
    low, high = on_map or thresholds
    return Judgement(
        score=score,
        t_low=thresholds[0],
        t_high=thresholds[1],
        map_t_low=low,
        map_t_high=high,
        percentile=percentile,
        verdict=Verdict(verdict),
        false_alarm=FalseAlarmRate(
            requested=0.05, confidence=0.95, held_out=held_out, guaranteed=guaranteed
        ),
    )


def _exemplars(*similarities: float) -> tuple[Exemplar, ...]:
    return tuple(
        Exemplar(sha256=f"{number:064d}", filename=f"good_{number}.png", similarity=similarity)
        for number, similarity in enumerate(similarities)
    )


@cache
def scenes() -> dict[str, Evidence]:
    """Evidence by name."""
    return {
        "cell": Evidence(
            product=Product(dataset="ELPV", category="mono", mm_per_px=0.1),
            judgement=judgement("FAIL", 1.89, (1.0, 1.5), 100),
            defects=(
                defect(
                    1,
                    "critical",
                    "top left",
                    (120, 14),
                    (840, 0.93),
                    (2.41, 1.6),
                    elongation=8.6,
                    orientation=38,
                    mm_per_px=0.1,
                ),
                defect(
                    2, "minor", "bottom right", (22, 18), (310, 0.34), (1.12, 1.03), mm_per_px=0.1
                ),
            ),
            exemplars=_exemplars(0.93, 0.91, 0.9),
            likeness=Likeness(nearest=0.93, farther_than=0.25, normals=200),
            snippets=(snippet("ELPV/mono", "crack"), snippet("ELPV/mono", "microcrack", 0.55)),
            defect_types=(
                DefectTypeGuess(defect_id="D1", defect_type="crack", rank=1, text_similarity=0.4),
            ),
        ),
        "cable": Evidence(
            product=Product(dataset="MVTec-AD", category="cable"),
            judgement=judgement("REVIEW", 3.27, (3.05, 4.1), 99, on_map=(2.2, 3.0)),
            defects=(defect(1, "major", "centre", (64, 58), (2890, 1.1), (2.61, 2.31)),),
            exemplars=_exemplars(0.884, 0.87),
            likeness=Likeness(nearest=0.884, farther_than=0.62, normals=120),
            snippets=(snippet("MVTec-AD/cable", "cut_inner_insulation"),),
        ),
        "hazelnut": Evidence(
            product=Product(dataset="MVTec-AD", category="hazelnut"),
            judgement=judgement("PASS", 0.62, (0.91, 1.3), 71, held_out=22, guaranteed=0.1267),
        ),
        "tile": Evidence(
            product=Product(dataset="MTD", category="magnetic_tile", mm_per_px=0.05),
            judgement=judgement("FAIL", 5.62, (3.4, 4.2), 100),
            defects=tuple(
                defect(
                    number,
                    severity,
                    region,
                    (width, 20 + number),
                    (area, area / 500),
                    (5.62 - number / 4, 3.9 - number / 20),
                    mm_per_px=0.05,
                )
                for number, severity, region, width, area in (
                    (1, "major", "left", 41, 642),
                    (2, "major", "bottom left", 36, 498),
                    (3, "minor", "centre", 19, 212),
                    (4, "minor", "top right", 17, 180),
                    (5, "minor", "right", 15, 143),
                    (6, "minor", "left", 12, 98),
                    (7, "minor", "top", 11, 75),
                )
            ),
            exemplars=_exemplars(0.871),
            likeness=Likeness(nearest=0.871, farther_than=0.91, normals=80),
            snippets=(
                snippet("MTD/magnetic_tile", "blowhole"),
                snippet("MTD/magnetic_tile", "crack", 0.44),
            ),
        ),
        "screw": Evidence(
            product=Product(dataset="MVTec-AD", category="screw"),
            judgement=judgement("FAIL", 2.74, (1.8, 2.3), 100, held_out=100, guaranteed=0.0295),
            defects=(
                defect(
                    1,
                    "major",
                    "right",
                    (88, 47),
                    (1930, 0.74),
                    (2.74, 2.02),
                    elongation=3.3,
                    orientation=104,
                ),
            ),
            exemplars=_exemplars(0.952),
            likeness=Likeness(nearest=0.952, farther_than=0.4, normals=160),
            snippets=(snippet("MVTec-AD/screw", "thread_top"),),
        ),
        "cookie": Evidence(
            product=Product(dataset="Lookout", category="cookie"),
            judgement=judgement("REVIEW", 1.31, (1.22, 1.74), 98),
            defects=(defect(1, "minor", "3 o'clock, rim", (44, 61), (1710, 0.57), (1.31, 1.25)),),
            exemplars=_exemplars(0.967, 0.961),
            likeness=Likeness(nearest=0.967, farther_than=0.55, normals=90),
            snippets=(snippet("Lookout/cookie", "missing_piece", 0.5),),
        ),
        "leather": Evidence(
            product=Product(dataset="MVTec-AD", category="leather"),
            judgement=judgement("FAIL", 4.9, (2.5, 3.1), 100),
            defects=(
                defect(
                    1,
                    "critical",
                    "bottom",
                    (210, 36),
                    (4125, 0.39),
                    (4.9, 3.4),
                    elongation=6.2,
                    orientation=175,
                ),
                defect(2, "critical", "top right", (96, 90), (6480, 0.62), (4.71, 3.21)),
                defect(3, "minor", "centre", (31, 24), (560, 0.05), (2.66, 2.55)),
            ),
            exemplars=_exemplars(0.78),
            likeness=Likeness(nearest=0.78, farther_than=1.0, normals=245),
            snippets=(snippet("MVTec-AD/leather", "cut"), snippet("MVTec-AD/leather", "poke", 0.4)),
        ),
        "capsule": Evidence(
            product=Product(dataset="MVTec-AD", category="capsule"),
            judgement=judgement("PASS", 0.88, (1.05, 1.4), 93),
            exemplars=_exemplars(0.981, 0.979),
            likeness=Likeness(nearest=0.981, farther_than=0.3, normals=219),
            snippets=(snippet("MVTec-AD/capsule", "good", 0.7),),
        ),
        "pill": Evidence(
            product=Product(dataset="MVTec-AD", category="pill", mm_per_px=0.02),
            judgement=judgement("FAIL", 1.66, (1.1, 1.4), 100, held_out=100, guaranteed=0.0295),
            defects=(
                defect(1, "major", "bottom", (52, 33), (1105, 1.38), (1.66, 1.31), mm_per_px=0.02),
                defect(2, "minor", "top", (14, 13), (130, 0.16), (1.15, 1.11), mm_per_px=0.02),
            ),
            exemplars=_exemplars(0.942, 0.94, 0.933),
            likeness=Likeness(nearest=0.942, farther_than=0.48, normals=267),
            snippets=(
                snippet("MVTec-AD/pill", "contamination"),
                snippet("MVTec-AD/pill", "scratch", 0.5),
            ),
        ),
    }
