"""What one process holds open: records, files, loaded detectors and retrievers."""

from __future__ import annotations

import logging
import threading
from functools import cached_property
from types import TracebackType

from core.detection.checkpoints import (
    EXEMPLARS_FILE,
    Taught,
    active_version,
    load_version,
    read_card,
    read_policy,
    taught_products,
)
from core.domain import Product
from core.records.database import Records
from core.records.files import FileStore
from core.retrieval.encoders import SentenceEncoder, find_encoder
from core.retrieval.exemplars import ExemplarIndex
from core.retrieval.knowledge import KnowledgeBase
from core.retrieval.visual import VisualEncoder
from core.settings import Settings, settings

log = logging.getLogger(__name__)


class Workbench:
    """Everything that inspections share; safe to use from several threads.

    Example:
        >>> with Workbench(settings()) as bench:        # doctest: +SKIP
        ...     bench.records.products()
    """

    def __init__(self, settings: Settings) -> None:
        """Open the records.

        Raises:
            RecordsError: if the records are locked by another process, damaged or unwritable.
        """
        self.settings = settings
        self.records = Records.open(settings)
        self.files = FileStore(settings.files_dir)
        self._lock = threading.RLock()
        self._taught: dict[str, tuple[Taught, ExemplarIndex]] = {}

    def __enter__(self) -> Workbench:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the records. What was recorded is on disk already."""
        self.records.close()

    def taught_products(self) -> tuple[Product, ...]:
        """Every product that has a detector, by key."""
        return tuple(self.product(product.key) for product in taught_products(self.settings))

    def product(self, key: str) -> Product:
        """The product of a key; one whose detector came from another station is put on record.

        Raises:
            ProductError: if there is none, or the key is not DATASET/CATEGORY.
        """
        named = Product.from_key(key)
        is_known = any(product.key == key for product in self.records.products())
        if not is_known and any(product.key == key for product in taught_products(self.settings)):
            self.records.save_product(read_card(self.settings, named).product)
        return self.records.product(key)

    def taught(self, product: Product) -> Taught:
        """The product's active detector, loaded once for each version.

        Raises:
            ProductError: if the product has no detector.
            CheckpointError: if the detector's files are damaged.
        """
        return self._loaded(product)[0]

    def exemplars(self, product: Product) -> ExemplarIndex:
        """The normal pictures that the product's active detector was taught with."""
        return self._loaded(product)[1]

    @cached_property
    def knowledge(self) -> KnowledgeBase:
        """The knowledge index, opened at first use."""
        return KnowledgeBase(self.settings, self._sentence_encoder)

    def _sentence_encoder(self) -> SentenceEncoder:
        return SentenceEncoder.load(self.settings.model_cache_dir, find_encoder(self.settings))

    @cached_property
    def visual_encoder(self) -> VisualEncoder:
        """What finds similar normal pictures, loaded at first use."""
        return VisualEncoder.load(self.settings)

    def warm(self) -> None:
        """Load in the background what the first inspection would otherwise wait for."""
        threading.Thread(target=self._warm, name="warm-up", daemon=True).start()

    def _warm(self) -> None:
        # A product whose files are damaged must not keep the others cold: it is reported when used.
        for product in self.taught_products():
            try:
                self._loaded(product)
            except Exception as error:
                log.warning("Could not warm %s: %s", product.key, error)
        try:
            if self.settings.rag_enabled:
                _ = self.visual_encoder
        except Exception as error:
            log.warning("Could not warm the search for similar pictures: %s", error)
        try:
            if self.settings.domain_rag_enabled:
                self.knowledge.search("warm up", Product(dataset="warm", category="up"), k=1)
        except Exception as error:
            log.warning("Could not warm the knowledge index: %s", error)

    def _loaded(self, product: Product) -> tuple[Taught, ExemplarIndex]:
        version = active_version(self.settings, product).version
        policy = read_policy(self.settings, product)
        with self._lock:
            loaded = self._taught.get(product.key)
            if loaded is None or (loaded[0].card.detector.version, loaded[0].policy) != (
                version,
                policy,
            ):
                taught = load_version(self.settings, product)
                loaded = taught, ExemplarIndex.load(taught.folder / EXEMPLARS_FILE)
                self._taught[product.key] = loaded
            return loaded


_shared: Workbench | None = None
_shared_lock = threading.Lock()


def shared_workbench() -> Workbench:
    """The workbench of this process, opened at first use: DuckDB lets one process in at a time."""
    global _shared
    with _shared_lock:
        if _shared is None:
            _shared = Workbench(settings())
        return _shared


def close_shared_workbench() -> None:
    """Close the workbench of this process, if it is open."""
    global _shared
    with _shared_lock:
        if _shared is not None:
            _shared.close()
            _shared = None
