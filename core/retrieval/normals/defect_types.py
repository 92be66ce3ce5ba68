"""Rank a product's known defect types by how well a defect fits them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.domain import DefectTypeGuess, Snippet
from core.retrieval.knowledge.entries import GOOD
from core.retrieval.normals.type_calibration import TypeCalibration

# Crops are compared only for types that were named on at least this many pictures.
MIN_PICTURES = 3
# A single labelled type cannot be told apart from anything.
MIN_TYPES = 2
# How much of the ranking is kept.
MAX_RANKED_TYPES = 3
# Enough results of a search to include every defect type of a product.
MOST_TYPES = 40


def text_similarities(snippets: Sequence[Snippet]) -> dict[str, float]:
    """Find the similarity of the nearest knowledge entry of each defect type.

    Args:
        snippets: found by a defect's query; those matched across all products are ignored.
    """
    found: dict[str, float] = {}
    for snippet in snippets:
        if snippet.matched_by != "any" and snippet.defect_type not in ("", GOOD):
            known = found.get(snippet.defect_type, -1.0)
            found[snippet.defect_type] = max(known, snippet.similarity)
    return found


def comparable_types(
    similarities: Mapping[str, float], pictures: Mapping[str, int]
) -> dict[str, float]:
    """Keep the types that are labelled often enough; return none if only one of them is.

    Args:
        similarities: of a defect's crop to each labelled type, by type.
        pictures: number of pictures on which each type was named.
    """
    enough = {name: value for name, value in similarities.items() if pictures[name] >= MIN_PICTURES}
    return enough if len(enough) >= MIN_TYPES else {}


def rank_types(
    defect_id: str,
    texts: Mapping[str, float],
    examples: Mapping[str, float],
    calibration: TypeCalibration | None = None,
) -> tuple[DefectTypeGuess, ...]:
    """Rank the types that fit a defect, the likeliest first.

    Types with labelled defects come first, ranked by visual similarity, because it separates types
    better than words about shape and size. Types without labelled defects follow, ranked by the
    similarity of their texts.

    Args:
        defect_id: the defect's id.
        texts: similarity of its query to each type's knowledge.
        examples: similarity of its crop to each labelled type.
        calibration: of the labelled types. Probabilities are given only if every ranked type is a
            calibrated one.

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
        for rank, name in enumerate(ranked[:MAX_RANKED_TYPES], start=1)
    )
