"""Which of a product's known defect types a defect looks like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.domain import DefectTypeGuess, Snippet
from core.retrieval.knowledge.entries import GOOD
from core.retrieval.normals.type_calibration import TypeCalibration

# A type that has been named on fewer pictures is not compared by its crops.
FEWEST_LABELLED = 3
# With one labelled type there is nothing to tell it from.
FEWEST_TYPES = 2
# What is shown of the ranking.
RANKED = 3
# More entries than a product has defect types.
MOST_TYPES = 40


def text_similarities(snippets: Sequence[Snippet]) -> dict[str, float]:
    """Similarity of the nearest entry of each defect type.

    Args:
        snippets: that a defect's query found; those of other products say nothing here.
    """
    found: dict[str, float] = {}
    for snippet in snippets:
        if snippet.matched_by != "any" and snippet.defect_type not in ("", GOOD):
            known = found.get(snippet.defect_type, -1.0)
            found[snippet.defect_type] = max(known, snippet.similarity)
    return found


def comparable(similarities: Mapping[str, float], pictures: Mapping[str, int]) -> dict[str, float]:
    """Likeness to those labelled types that are labelled often enough; none if only one is.

    Args:
        similarities: of a defect's crop to each labelled type.
        pictures: how many pictures each type has been named on.
    """
    enough = {
        name: value for name, value in similarities.items() if pictures[name] >= FEWEST_LABELLED
    }
    return enough if len(enough) >= FEWEST_TYPES else {}


def rank_types(
    defect_id: str,
    texts: Mapping[str, float],
    examples: Mapping[str, float],
    calibration: TypeCalibration | None = None,
) -> tuple[DefectTypeGuess, ...]:
    """The types that fit a defect, the likeliest first.

    Likeness to labelled defects goes before likeness of words, because it tells types apart and
    words about shape and size hardly do; types without labelled defects follow, by their words.

    Args:
        defect_id: of the defect.
        texts: similarity of its query to each type's knowledge.
        examples: similarity of its crop to each labelled type.
        calibration: of the labelled types. A probability is given only when every type that is
            ranked is among them.

    Example:
        >>> [guess.defect_type for guess in rank_types("D1", {"crack": 0.4, "hole": 0.5}, {})]
        ['hole', 'crack']
    """
    by_example = sorted(examples, key=lambda name: (-examples[name], name))
    by_text = sorted(texts.keys() - examples.keys(), key=lambda name: (-texts[name], name))
    ranked = by_example + by_text
    probabilities: dict[str, float] = {}
    if calibration is not None and calibration.defect_types == set(ranked) == set(examples):
        probabilities = calibration.probabilities(examples)
    return tuple(
        DefectTypeGuess(
            defect_id=defect_id,
            defect_type=name,
            rank=rank,
            text_similarity=texts.get(name),
            example_similarity=examples.get(name),
            probability=probabilities.get(name),
            calibration=calibration.sentence() if calibration and probabilities else "",
        )
        for rank, name in enumerate(ranked[:RANKED], start=1)
    )
