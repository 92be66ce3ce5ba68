"""Time the knowledge search among very many entries."""

from __future__ import annotations

import json
import multiprocessing
import random
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from pydantic import Field

from core.domain import Frozen, Product
from core.domain.errors import EvaluationError
from core.evaluation.benchmarks.environment import machine, versions_of
from core.infrastructure.settings import Settings
from core.retrieval.knowledge.encoders import SentenceEncoder, find_encoder
from core.retrieval.knowledge.search import KnowledgeBase

DATASETS = 10
CATEGORIES = 10
SEARCHES = 300
COMPARED_PACKAGES = ("chromadb", "langchain-chroma", "openvino", "numpy")


def _words(text: str) -> list[str]:
    return text.split()


KINDS = _words("scratch crack dent stain burr chip bubble fold hole print smear warp gap tear rust")
LOOKS = _words("thin dark bright wide short curved straight branching round faint deep shiny")
PLACES = _words("rim edge centre corner surface seam thread lid base neck busbar weld border")
CAUSES = _words("pressing handling heating cutting transport cooling cleaning bonding casting")
ACTIONS = _words("hold rework scrap measure polish recoat return compare document isolate")


class SearchTimes(Frozen):
    """Times of one kind of search in ms, including the encoding of the query."""

    step: str
    entries: int = Field(description="that pass the filter")
    first: float = Field(
        description="the first search with this filter, which reads its vectors; median"
    )
    p50: float
    p95: float


class RetrievalFigures(Frozen):
    """Times in seconds unless named otherwise."""

    entries: int
    products: int
    machine: str
    versions: dict[str, str]
    encoder: str
    building: float = Field(description="reading, encoding and indexing all of it")
    libraries: float = Field(description="importing what the search needs, in a new process")
    load_encoder: float
    opening: float = Field(description="opening the index, from files to the first search")
    searches: tuple[SearchTimes, ...]


def measure_retrieval(
    entries: int, settings: Settings, *, on_progress: Callable[[str, float], object]
) -> RetrievalFigures:
    """Index generated entries in a temporary folder, open it in a new process, and search.

    Raises:
        EvaluationError: if there are fewer entries than products.
        InspectionError: if the index cannot be made.
    """
    products = DATASETS * CATEGORIES
    if entries < products:
        raise EvaluationError(f"--entries must be at least {products}, but is {entries}.")
    with tempfile.TemporaryDirectory() as scratch:
        aside = settings.model_copy(
            update={
                "data_dir": Path(scratch),
                "model_cache": settings.model_cache_dir,
                "knowledge_file": Path(scratch) / "knowledge.json",
                "chroma_url": None,
            }
        )
        aside.knowledge_file.write_text(json.dumps(generated_knowledge(entries)))
        on_progress("Load the encoder", 0)
        encoder = SentenceEncoder.load(aside.model_cache_dir, find_encoder(aside))
        on_progress("Encode and index", 0.1)
        start = time.perf_counter()
        KnowledgeBase.open(aside, lambda: encoder)
        building = time.perf_counter() - start
        on_progress("Search", 0.9)
        # Opening would look fast in this process, which has loaded the libraries already.
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as other:
            libraries, load_encoder, opening, searches = other.submit(_search, aside).result()
        on_progress("Done", 1)
    return RetrievalFigures(
        entries=entries,
        products=products,
        machine=machine(),
        versions=versions_of(COMPARED_PACKAGES),
        encoder=encoder.identity,
        building=building,
        libraries=libraries,
        load_encoder=load_encoder,
        opening=opening,
        searches=searches,
    )


def generated_knowledge(count: int) -> dict[str, dict[str, dict[str, str]]]:
    """Generate short entries of made-up defects, evenly over products; reproducible by count."""
    draw = random.Random(0)
    knowledge: dict[str, dict[str, dict[str, str]]] = {
        f"Plant-{d}": {f"part-{c}": {} for c in range(CATEGORIES)} for d in range(DATASETS)
    }
    shelves = [types for categories in knowledge.values() for types in categories.values()]
    for number in range(count):
        kind = draw.choice(KINDS)
        text = (
            f"A {draw.choice(LOOKS)} {draw.choice(LOOKS)} {kind} at the {draw.choice(PLACES)}, "
            f"from {draw.choice(CAUSES)}; {draw.choice(ACTIONS)} it."
        )
        shelves[number % len(shelves)][f"{kind}_{number}"] = text
    return knowledge


def _search(settings: Settings) -> tuple[float, float, float, tuple[SearchTimes, ...]]:
    start = time.perf_counter()
    import chromadb  # noqa: F401 - timed here
    import langchain_chroma  # noqa: F401
    import openvino  # noqa: F401

    libraries = time.perf_counter() - start
    start = time.perf_counter()
    encoder = SentenceEncoder.load(settings.model_cache_dir, find_encoder(settings))
    load_encoder = time.perf_counter() - start
    start = time.perf_counter()
    base = KnowledgeBase.open(settings, lambda: encoder)
    opening = time.perf_counter() - start
    count = len(base.entries())
    draw = random.Random(1)
    own = [Product.from_key(f"Plant-{d}/part-{d}") for d in range(DATASETS)]
    same_category = [Product.from_key(f"Other/part-{c}") for c in range(CATEGORIES)]
    searches = (
        _timed(base, "product", own, count // (DATASETS * CATEGORIES), draw),
        _timed(base, "category", same_category, count // CATEGORIES, draw),
        _timed(base, "any", [Product.from_key("Other/other")], count, draw),
    )
    return libraries, load_encoder, opening, searches


def _timed(
    base: KnowledgeBase, step: str, products: list[Product], count: int, draw: random.Random
) -> SearchTimes:
    times: dict[str, list[float]] = {"first": [], "further": []}
    for number in range(SEARCHES + len(products)):
        query = (
            f"{draw.choice(LOOKS)} {draw.choice(('line', 'spot', 'area'))} at the "
            f"{draw.choice(PLACES)}, like a {draw.choice(KINDS)}, {number}"
        )
        start = time.perf_counter()
        found = base.search(query, products[number % len(products)])
        taken = 1000 * (time.perf_counter() - start)
        times["first" if number < len(products) else "further"].append(taken)
        # A product's own entries add to those of its category.
        answering = {"product", "category"} if step == "product" else {step}
        if not found or not {snippet.matched_by for snippet in found} <= answering:
            raise EvaluationError(f"A search that should be answered by '{step}' was not.")
    return SearchTimes(
        step=step,
        entries=count,
        first=float(np.median(times["first"])),
        p50=float(np.percentile(times["further"], 50)),
        p95=float(np.percentile(times["further"], 95)),
    )


def retrieval_table(figures: RetrievalFigures) -> str:
    """Render the figures as Markdown, with the machine below them."""
    lines = ["| search | entries that pass | p50 | p95 | first |", "|---|---|---|---|---|"]
    lines += [
        f"| {s.step} | {s.entries:,} | {s.p50:.1f} ms | {s.p95:.1f} ms | {s.first:.0f} ms |"
        for s in figures.searches
    ]
    versions = ", ".join(f"{name} {version}" for name, version in figures.versions.items())
    return "\n".join(lines) + (
        f"\n\n{figures.entries:,} short entries of {figures.products} products, encoder "
        f"{figures.encoder}: built in {figures.building:.0f} s, opened in {figures.opening:.2f} s "
        f"by a new process (besides {figures.libraries:.1f} s for its libraries and "
        f"{figures.load_encoder:.1f} s for the encoder). {figures.machine}; {versions}."
    )
