"""Evidence drawn at random, with a seed, over every product of the shipped knowledge."""

from __future__ import annotations

import random
from functools import cache

from core.domain import (
    Box,
    Defect,
    DefectTypeGuess,
    Evidence,
    Exemplar,
    FalseAlarmRate,
    Judgement,
    Language,
    Likeness,
    Product,
    Verdict,
)
from core.domain.policy import SeverityRule
from core.reporting.composer import compose
from tests.reporting.grounding.faults import Case
from tests.reporting.grounding.scenes import knowledge, snippet

GRID = ("top left", "top", "top right", "left", "centre", "right", "bottom left", "bottom")
CLOCK = ("centre", *(f"{hour} o'clock{rim}" for hour in range(1, 13) for rim in ("", ", rim")))
MATCHED = ("defect type", "product", "category", "any")


@cache
def cases(count: int = 360, seed: int = 5) -> tuple[Case, ...]:
    """Composed reports with their evidence, in turn in each language."""
    rng = random.Random(seed)
    languages = list(Language)
    found = []
    for number in range(count):
        evidence = _evidence(rng, list(Verdict)[number // len(languages) % 3])
        language = languages[number % len(languages)]
        found.append(Case(f"{number:03d}", evidence, compose(evidence, language)))
    return tuple(found)


def _evidence(rng: random.Random, verdict: Verdict) -> Evidence:
    products = [f"{dataset}/{name}" for dataset, names in knowledge().items() for name in names]
    key = rng.choice(products)
    scale = rng.choice((None, None, 0.02, 0.1, 0.35))
    judgement = _judgement(rng, verdict)
    clock = rng.random() < 0.2
    count = 0 if verdict is Verdict.PASS else rng.choice((1, 1, 2, 2, 3, 4, 5, 6, 8, 12))
    defects = _defects(rng, judgement, count, scale, clock=clock)
    types = [name for name in knowledge()[key.split("/")[0]][key.split("/")[1]] if name != "good"]
    chosen = rng.sample(types, min(len(types), rng.choice((0, 1, 2, 3))))
    snippets = tuple(
        snippet(key, name, round(rng.uniform(0.15, 0.8), 4)).model_copy(
            update={"matched_by": rng.choice(MATCHED)}
        )
        for name in chosen
    )
    return Evidence(
        product=Product.from_key(key, scale),
        judgement=judgement,
        defects=defects,
        exemplars=tuple(
            Exemplar(sha256=f"{n:064d}", filename=f"{n:03d}.png", similarity=rng.uniform(0.5, 0.99))
            for n in range(rng.choice((0, 1, 3)))
        ),
        likeness=rng.choice(
            (
                None,
                Likeness(
                    nearest=rng.uniform(0.4, 0.99),
                    farther_than=rng.choice((rng.random(), 0.993, 1.0)),
                    normals=rng.randint(12, 400),
                ),
            )
        ),
        snippets=snippets,
        defect_types=tuple(
            DefectTypeGuess(
                defect_id=defect.id, defect_type=name, rank=rank, text_similarity=rng.random()
            )
            for defect in defects[:3]
            for rank, name in enumerate(types[:3] if rng.random() < 0.5 else (), start=1)
        ),
    )


def _judgement(rng: random.Random, verdict: Verdict) -> Judgement:
    t_low = rng.uniform(0.4, 9)
    t_high = t_low * rng.uniform(1.15, 1.9)
    score = {
        Verdict.PASS: t_low * rng.uniform(0.3, 0.98),
        Verdict.REVIEW: rng.uniform(t_low, t_high),
        Verdict.FAIL: t_high * rng.uniform(1, 2.5),
    }[verdict]
    on_map = rng.choice((1, 1, rng.uniform(0.2, 3)))
    held_out = rng.randint(5, 300)
    bound = 1 - 0.05 ** (1 / held_out)
    return Judgement(
        score=score,
        t_low=t_low,
        t_high=t_high,
        map_t_low=t_low * on_map,
        map_t_high=t_high * on_map,
        percentile=rng.uniform(0, 98) if verdict is Verdict.PASS else rng.choice((97, 99, 100)),
        verdict=verdict,
        false_alarm=FalseAlarmRate(
            requested=rng.choice((0.01, 0.05)),
            confidence=0.95,
            held_out=held_out,
            guaranteed=bound,
            is_estimate=rng.random() < 0.2,
        ),
    )


def _defects(
    rng: random.Random, judgement: Judgement, count: int, scale: float | None, *, clock: bool
) -> tuple[Defect, ...]:
    most = judgement.map_t_low * rng.uniform(1.05, 2.6)
    peaks = sorted((rng.uniform(judgement.map_t_low, most) for _ in range(count)), reverse=True)
    found = []
    for number, peak in enumerate(peaks, start=1):
        width, height = rng.randint(4, 260), rng.randint(4, 260)
        area = max(16, int(width * height * rng.uniform(0.3, 0.9)))
        share = 100 * area / 600_000
        x, y = rng.randint(0, 500), rng.randint(0, 500)
        found.append(
            Defect(
                id=f"D{number}",
                box=Box(x=x, y=y, width=width, height=height),
                contour=((x, y),),
                centroid=(x + width / 2, y + height / 2),
                region=rng.choice(CLOCK if clock else (*GRID, "bottom right")),
                area_px=area,
                area_percent=share,
                area_mm2=None if scale is None else area * scale**2,
                elongation=rng.uniform(1, 9),
                orientation_deg=rng.uniform(0, 179),
                peak=peak,
                mean=rng.uniform(0.9 * judgement.map_t_low, peak),
                severity=SeverityRule().severity(peak / judgement.map_t_high, share),
            )
        )
    return tuple(found)
