"""Import other knowledge files, such as MMAD's: `{dataset: {category: {defect type: text}}}`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from core.domain import Product
from core.domain.errors import KnowledgeError, ProductError
from core.retrieval.knowledge.entries import GOOD, Entry, checked_entry, shelves_of

MAX_FILE_BYTES = 64 * 2**20

# MMAD (Jiang et al. 2025) uses different names for a data set in its knowledge file, questions and
# folders. Defect Spectrum's MVTec has the categories and defect types of MVTec AD.
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
    """The contents of a file to import.

    Attributes:
        name: of the file.
        entries: those that can be imported.
        renamed: names of data sets in the file, with their names here.
        refused: a sentence for each entry that cannot be imported.
    """

    name: str
    entries: tuple[Entry, ...]
    renamed: dict[str, str]
    refused: tuple[str, ...]


def read_import(name: str, data: bytes) -> ImportFile:
    """Check a file to import, entry by entry; an invalid entry never stops the rest.

    Args:
        name: of the file, used in messages and as the source of its entries.
        data: the file's bytes.

    Raises:
        KnowledgeError: if it is too large, not JSON, of another shape, or holds no valid entry.
    """
    if len(data) > MAX_FILE_BYTES:
        raise KnowledgeError(
            f"{name} has {len(data) / 2**20:.0f} MiB; knowledge files of at most "
            f"{MAX_FILE_BYTES // 2**20} MiB can be imported. Split it."
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
                        f"{entry.product_key}/{entry.defect_type} occurs twice in {name}, under "
                        "names that mean the same here; the first one is imported."
                    )
                else:
                    entries[place] = entry
    if not entries:
        why = f" {refused[0]}" if refused else ""
        raise KnowledgeError(f"{name} holds no entry that can be imported.{why}")
    return ImportFile(name, tuple(entries.values()), renamed, tuple(refused))


def _entry(dataset: str, category: str, kind: str, text: str, source: str) -> Entry:
    # Names in other files often contain spaces; product names here cannot.
    key = "/".join(re.sub(r"\s+", "_", name.strip()) for name in (dataset, category))
    Product.from_key(key)
    name = GOOD if kind.strip().lower() in GOOD_NAMES else kind
    return checked_entry(key, name, re.sub(r"\s+", " ", text), source)
