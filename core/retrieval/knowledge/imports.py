"""Knowledge files of others: `{dataset: {category: {defect type: text}}}`, MMAD's among them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from core.domain import Product
from core.domain.errors import KnowledgeError, ProductError
from core.retrieval.knowledge.entries import GOOD, Entry, checked_entry, shelves_of

LARGEST_FILE = 64 * 2**20

# MMAD (Jiang et al. 2025) names its data sets differently in its knowledge file, its questions and
# its folders; Defect Spectrum's MVTec has MVTec AD's categories and defect types.
DATASET_NAMES = {
    "mvtec": "MVTec-AD",
    "mvtecad": "MVTec-AD",
    "dsmvtec": "MVTec-AD",
    "loco": "MVTec-LOCO",
    "mvtecloco": "MVTec-LOCO",
    "mvteclocoad": "MVTec-LOCO",
    "visa": "VisA",
    "goodsad": "GoodsAD",
}
GOOD_NAMES = {"good", "normal", "ok"}


@dataclass(frozen=True)
class ImportFile:
    """What a file of others holds.

    Attributes:
        name: of the file.
        entries: that can be taken in.
        renamed: data sets' names in the file, with the names that they have here.
        refused: a sentence for each entry that cannot be taken in.
    """

    name: str
    entries: tuple[Entry, ...]
    renamed: dict[str, str]
    refused: tuple[str, ...]


def read_import(name: str, data: bytes) -> ImportFile:
    """Check a file of others, entry by entry: one that cannot be used never stops the rest.

    Args:
        name: of the file, for messages and as the entries' source.
        data: its bytes.

    Raises:
        KnowledgeError: if it is too large, no JSON, of another shape, or holds nothing to take in.
    """
    if len(data) > LARGEST_FILE:
        raise KnowledgeError(
            f"{name} has {len(data) / 2**20:.0f} MiB; a knowledge file of at most "
            f"{LARGEST_FILE // 2**20} MiB can be imported."
        )
    entries: dict[tuple[str, str, str], Entry] = {}
    renamed: dict[str, str] = {}
    refused: list[str] = []
    for dataset, categories in shelves_of(data, Path(name)).items():
        here = DATASET_NAMES.get(re.sub(r"[^a-z0-9]", "", dataset.lower()), dataset)
        if here != dataset:
            renamed[dataset] = here
        for category, types in categories.items():
            for kind, text in types.items():
                try:
                    entry = _entry(here, category, kind, text, name)
                except (KnowledgeError, ProductError) as error:
                    refused.append(str(error))
                    continue
                place = (entry.dataset, entry.category, entry.defect_type)
                if place in entries:
                    refused.append(
                        f"{entry.product_key}/{entry.defect_type} stands twice in {name} under "
                        "names that mean the same here; the first was taken."
                    )
                else:
                    entries[place] = entry
    if not entries:
        why = f" {refused[0]}" if refused else ""
        raise KnowledgeError(f"{name} holds no entry that can be imported.{why}")
    return ImportFile(name, tuple(entries.values()), renamed, tuple(refused))


def _entry(dataset: str, category: str, kind: str, text: str, source: str) -> Entry:
    # Names with spaces are common in others' files; products are named without.
    key = "/".join(re.sub(r"\s+", "_", name.strip()) for name in (dataset, category))
    Product.from_key(key)
    name = GOOD if kind.strip().lower() in GOOD_NAMES else kind
    return checked_entry(key, name, re.sub(r"\s+", " ", text), source)
