from __future__ import annotations

import numpy as np
import pytest

from core.domain import Exemplar
from core.domain.errors import CheckpointError
from core.imaging.near_duplicates import SIGNATURE_LENGTH
from core.retrieval.normals.exemplars import ExemplarIndex, Look, Normal

ENCODER = "some-encoder"


def normals(vectors: np.ndarray) -> list[Normal]:
    """Normals of these vectors, whose pictures are all different."""
    return [
        Normal(f"{i:064x}", f"{i}.png", Look(ENCODER, vector, seen_as(2 * i)))
        for i, vector in enumerate(vectors)
    ]


def look(vector: np.ndarray, grey: float = 255) -> Look:
    return Look(ENCODER, vector, seen_as(grey))


def seen_as(grey: float) -> np.ndarray:
    """Signature of a picture of one grey level and the same detail as all others."""
    detail = np.full(SIGNATURE_LENGTH - 256, (SIGNATURE_LENGTH - 256) ** -0.5)
    return np.concatenate([np.full(256, grey), detail]).astype(np.float16)


@pytest.fixture
def vectors() -> np.ndarray:
    vectors = np.random.default_rng(0).normal(size=(20, 16)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture
def index(vectors: np.ndarray) -> ExemplarIndex:
    return ExemplarIndex.of(normals(vectors))


def test_search_is_exact_and_leaves_out_what_is_no_evidence(
    index: ExemplarIndex, vectors: np.ndarray
) -> None:
    found = index.search(look(vectors[7]), k=3, exclude={f"{7:064x}"})

    cosines = vectors @ vectors[7]
    wanted = [i for i in np.argsort(-cosines) if i != 7][:3]
    assert [exemplar.filename for exemplar in found] == [f"{i}.png" for i in wanted]
    assert found[0].similarity == pytest.approx(cosines[wanted[0]], abs=2e-3)


def test_more_than_there_are_gives_all(index: ExemplarIndex, vectors: np.ndarray) -> None:
    found = index.search(look(vectors[0]), k=100)

    assert len(found) == 20
    similarities = [exemplar.similarity for exemplar in found]
    assert similarities == sorted(similarities, reverse=True)
    assert index.search(look(vectors[0]), exclude=set(index.sha256s)) == ()


def test_near_duplicates_are_known_by_their_look_or_their_file(
    index: ExemplarIndex, vectors: np.ndarray
) -> None:
    assert index.near_duplicates(look(vectors[0], grey=6.5)) == {f"{3:064x}"}
    assert index.near_duplicates(look(vectors[0]), f"{5:064x}") == {f"{5:064x}"}
    assert index.near_duplicates(look(vectors[0]), "0" * 63 + "x") == frozenset()


def test_likeness_counts_the_normals_that_are_nearer_to_their_own_nearest(
    index: ExemplarIndex, vectors: np.ndarray
) -> None:
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -1)
    own = cosines.max(axis=1)
    middle = float(np.median(own))

    usual = index.likeness(Exemplar(sha256="a" * 64, filename="a", similarity=middle))
    far = index.likeness(Exemplar(sha256="a" * 64, filename="a", similarity=-0.9))

    np.testing.assert_allclose(index.nearest, own, atol=2e-3)
    assert usual.farther_than == pytest.approx(0.5)
    assert not usual.is_far
    assert far.farther_than == 1
    assert far.sentence().startswith("No normal part is close: the nearest one is farther than any")


def test_a_normal_stored_twice_is_not_its_own_nearest(vectors: np.ndarray) -> None:
    listed = normals(vectors)
    again = Normal("f" * 64, "again.png", listed[4].look)

    twice = ExemplarIndex.of([*listed, again])

    once = ExemplarIndex.of(listed)
    assert twice.nearest[4] == once.nearest[4]
    assert twice.nearest[20] == once.nearest[4]


def test_one_normal_alone_has_no_nearest(vectors: np.ndarray) -> None:
    index = ExemplarIndex.of(normals(vectors[:1]))

    assert index.nearest.tolist() == [-1]
    assert index.likeness(index.search(look(vectors[1]))[0]).farther_than == 0


def test_an_extended_index_is_that_of_all(index: ExemplarIndex, vectors: np.ndarray) -> None:
    listed = normals(vectors)

    extended = ExemplarIndex.of(listed[:15]).extended(listed[15:])

    assert extended.to_bytes() == index.to_bytes()


def test_index_comes_back_from_its_file(index: ExemplarIndex, vectors: np.ndarray) -> None:
    again = ExemplarIndex.from_bytes(index.to_bytes())

    assert again.search(look(vectors[3])) == index.search(look(vectors[3]))
    assert again.encoder == ENCODER
    np.testing.assert_array_equal(again.nearest, index.nearest)


@pytest.mark.parametrize("keep", [0, 5, 100, 900])
def test_a_damaged_file_is_said(index: ExemplarIndex, keep: int) -> None:
    with pytest.raises(CheckpointError, match="damaged or older"):
        ExemplarIndex.from_bytes(index.to_bytes()[:keep])


def test_an_index_without_its_encoder_is_refused(index: ExemplarIndex) -> None:
    from safetensors.numpy import save

    old = save({"embeddings": index.embeddings}, metadata={"sha256s": "[]", "filenames": "[]"})

    with pytest.raises(CheckpointError, match="damaged or older"):
        ExemplarIndex.from_bytes(old)


def test_another_encoder_is_refused(index: ExemplarIndex, vectors: np.ndarray) -> None:
    with pytest.raises(CheckpointError, match="made by some-encoder and cannot be asked by other"):
        index.search(Look("other", vectors[0], seen_as(0)))
