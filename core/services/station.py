"""The station: everything that one process holds open."""

from __future__ import annotations

import importlib
import logging
import threading
from functools import cached_property
from pathlib import Path
from types import TracebackType

import numpy as np

from core.detection.assessment import Assessment
from core.detection.checkpoints import (
    Active,
    Taught,
    active_version,
    judging_versions,
    load_version,
    read_card,
    taught_products,
)
from core.detection.product_files import product_folder, read_policy
from core.domain import Product, Step, StepName
from core.domain.errors import NotTaughtError
from core.infrastructure.fair_queue import FairQueue
from core.infrastructure.settings import Settings
from core.infrastructure.step_log import timed
from core.records.events import add_event
from core.records.files import FileStore
from core.records.products import list_products, load_product, save_product
from core.records.store.database import Database
from core.reporting.catalogue import Model
from core.reporting.writers.contract import Writer
from core.reporting.writers.registry import open_writer
from core.retrieval.knowledge.encoders import SentenceEncoder, find_encoder
from core.retrieval.knowledge.search import KnowledgeBase
from core.retrieval.normals.labelled import LabelledCrops
from core.retrieval.normals.visual import VisualEncoder
from core.services.exemplar_index import OpenedIndex, open_index
from core.services.jobs.queue import Jobs
from core.services.jobs.task import TaskOf
from core.services.preferences import Standing, change_setting, standings, with_preferences

log = logging.getLogger(__name__)

LABELLED_FILE = "labelled.safetensors"


class Station:
    """Hold what inspections share: records, files, detectors, retrievers, writers and jobs.

    It is safe to use from several threads.

    Example:
        >>> with Station(Settings()) as station:
        ...     station.taught_products()
        ()
    """

    def __init__(self, settings: Settings, task_of: TaskOf | None = None) -> None:
        """Open the records.

        Args:
            settings: the environment's settings.
            task_of: makes the tasks of jobs (`core.tasks.registry`); None: run no jobs.

        Raises:
            RecordsError: if the records are locked by another process, damaged or unwritable.
        """
        self._environment = settings
        self.records = Database.open(settings)
        self._use(with_preferences(settings, self.records))
        self.files = FileStore(settings.files_dir)
        self.judging = FairQueue()
        self._lock = threading.RLock()
        self._taught: dict[tuple[str, str], Taught] = {}
        self._index_lock = threading.Lock()
        self._indexes: dict[str, tuple[str, OpenedIndex]] = {}
        self._writers_lock = threading.Lock()
        self._writers: dict[str, Writer] = {}
        self._labelled: dict[str, tuple[int, LabelledCrops]] = {}
        self.jobs = Jobs(self, task_of)

    def __enter__(self) -> Station:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the jobs and close the records. What was recorded is on disk already."""
        self.jobs.close()
        self.records.close()

    def change_setting(self, name: str, value: object, person: str) -> None:
        """Change a setting permanently; None restores the environment's value.

        Raises:
            SettingsError: if it cannot be changed here, is invalid, or no person is named.
        """
        self._use(change_setting(self._environment, self.records, name, value, person))

    def preferences(self) -> tuple[Standing, ...]:
        """List every setting that can be changed here, its value and who changed it."""
        return standings(self._environment, self.records)

    def _use(self, settings: Settings) -> None:
        self.settings = settings
        self.records.audit_share = settings.audit_share

    def taught_products(self) -> tuple[Product, ...]:
        """List every product that has a detector, by key."""
        return tuple(self.product(product.key) for product in taught_products(self.settings))

    def product(self, key: str) -> Product:
        """Find the product with a key; record it if its detector came from another station.

        Raises:
            ProductError: if there is none, or the key is not DATASET/CATEGORY.
        """
        named = Product.from_key(key)
        is_known = any(product.key == named.key for product in list_products(self.records))
        if not is_known and any(
            product.key == named.key for product in taught_products(self.settings)
        ):
            save_product(self.records, read_card(self.settings, named).product)
        return load_product(self.records, named.key)

    def taught(self, product: Product, algorithm: str | None = None) -> Taught:
        """Return a detector of the product, loaded once for each version.

        Args:
            product: the taught product.
            algorithm: selects the version of this algorithm that was activated last, or the newest
                one if none was; None: the active detector.

        Raises:
            ProductError: if the product has no detector.
            DetectorError: if it was not taught with that algorithm.
            CheckpointError: if the detector's files are damaged.
        """
        chosen = self._chosen(product, algorithm)
        policy = read_policy(self.settings, product)
        key = product.key, chosen.algorithm
        with self._lock:
            taught = self._taught.get(key)
            present = taught and (taught.card.detector.version, taught.policy)
            if taught is None or present != (chosen.version, policy):
                taught = self._taught[key] = load_version(self.settings, product, chosen)
            return taught

    def assess(
        self, taught: Taught, pixels: np.ndarray, steps: list[Step] | None = None
    ) -> Assessment:
        """Have a detector judge a picture when its turn comes.

        Whoever came first is served first: long work takes its turn beside the operators' verdicts.

        Args:
            taught: a detector of any product and version.
            pixels: uint8 (H, W, 3), RGB.
            steps: take in how long it waited and how long it took; None: nobody asks.

        Raises:
            DetectorError: as for `Detector.predict`.
        """
        steps = [] if steps is None else steps
        with self.judging.turn(steps), timed(steps, StepName.DETECT):
            return taught.assess(pixels)

    def _chosen(self, product: Product, algorithm: str | None) -> Active:
        if algorithm is None:
            return active_version(self.settings, product)
        known = judging_versions(self.settings, product)
        if algorithm not in known:
            raise NotTaughtError(
                f"{product.key} was not taught with {algorithm}; it was with {', '.join(known)}. "
                "Teach it with that detector first, or choose another."
            )
        return known[algorithm]

    def exemplars(self, product: Product) -> OpenedIndex:
        """Open the index of the normal pictures that taught the product's active detector.

        Raises:
            ProductError, CheckpointError: as `taught`, or if the index is lost.
            WeightsError: if there is no encoder.
        """
        taught = self.taught(product)
        version = taught.card.detector.version
        # A separate lock: rebuilding an index takes seconds, and must not delay a verdict.
        with self._index_lock:
            opened = self._indexes.get(product.key)
            if opened is None or opened[0] != version:
                index = open_index(self.settings, self.files, taught, lambda: self.visual_encoder)
                if index.notice:
                    add_event(self.records, "index replaced", product.key, {"why": index.notice})
                opened = self._indexes[product.key] = version, index
            return opened[1]

    def labelled_crops(self, product: Product) -> LabelledCrops | None:
        """Load the product's defects whose type a person named; None if there are none yet.

        Raises:
            CheckpointError: if their file is damaged or another encoder made it.
        """
        path = self.labelled_path(product)
        if not path.exists():
            return None
        changed_at = path.stat().st_mtime_ns
        with self._lock:
            known = self._labelled.get(product.key)
            if known is None or known[0] != changed_at:
                known = changed_at, LabelledCrops.load(path, self.visual_encoder.name)
                self._labelled[product.key] = known
            return known[1]

    def labelled_path(self, product: Product) -> Path:
        """Return the path of the product's labelled defects."""
        return product_folder(self.settings, product) / LABELLED_FILE

    @cached_property
    def knowledge(self) -> KnowledgeBase:
        """The knowledge index, opened at first use."""
        return KnowledgeBase(self.settings, self._sentence_encoder)

    def writer(self, model: Model) -> Writer:
        """Open the report writer of a catalogue entry, once.

        Raises:
            WriterError: if it cannot run on this machine: a key, weights or memory are missing.
        """
        # A separate lock: opening loads libraries and local weights, and must not delay a verdict.
        with self._writers_lock:
            if model.key not in self._writers:
                self._writers[model.key] = open_writer(model, self.settings)
            return self._writers[model.key]

    def _sentence_encoder(self) -> SentenceEncoder:
        return SentenceEncoder.load(self.settings.model_cache_dir, find_encoder(self.settings))

    @cached_property
    def visual_encoder(self) -> VisualEncoder:
        """The encoder that finds similar normal pictures, loaded at first use."""
        return VisualEncoder.load(self.settings)

    def warm(self) -> None:
        """Load in the background what the first inspection would otherwise have to wait for."""
        threading.Thread(target=self._warm, name="warm-up", daemon=True).start()

    def _warm(self) -> None:
        # Takes most of a second, which the first drift chart would otherwise wait for.
        importlib.import_module("scipy.stats")
        # A damaged product must not keep the others from warming; it is reported when used.
        for product in self.taught_products():
            try:
                self.taught(product)
                if self.settings.rag_enabled:
                    self.exemplars(product)
            except Exception as error:
                log.warning("Could not warm %s: %s", product.key, error)
        try:
            if self.settings.domain_rag_enabled:
                self.knowledge.search("warm up", Product(dataset="warm", category="up"), k=1)
        except Exception as error:
            log.warning("Could not warm the knowledge index: %s", error)
