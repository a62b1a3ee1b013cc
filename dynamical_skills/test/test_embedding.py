"""The sentence model gives the similarities it is known for."""

import numpy as np
import pytest

from dynamical_skills.embedding import SIZE, EmbeddingCache


def test_an_embedding_has_unit_length_and_ignores_case_and_space(embedder):
    vector = embedder.embed("Grab the  Mug ")
    assert vector.shape == (SIZE,)
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-6)
    assert vector is embedder.embed("grab the mug")


@pytest.mark.parametrize(
    ("first", "second", "cosine"),
    [
        ("a photo of a mug", "a photo of a cup", 0.81),
        ("sofa", "couch", 0.86),
        ("mug", "cup", 0.71),
    ],
)
def test_similarities_are_those_of_the_published_model(embedder, first, second, cosine):
    assert float(embedder.embed(first) @ embedder.embed(second)) == pytest.approx(cosine, abs=0.02)


def test_a_sentence_of_any_length_and_script_is_embedded(embedder):
    for text in ("", "word " * 500, "赤いカップ \x00 🤖"):
        assert np.isfinite(embedder.embed(text)).all()


def test_cached_embeddings_are_read_back_and_a_broken_file_is_replaced(embedder, tmp_path):
    path = tmp_path / "deep" / "phrases.npz"
    said = ["wave", "go home"]
    first = EmbeddingCache(path).complete(embedder, said)
    assert path.is_file()
    again = EmbeddingCache(path).complete(embedder, said)
    assert all(np.array_equal(again[name], first[name]) for name in said)
    path.write_bytes(b"broken")
    again = EmbeddingCache(path).complete(embedder, said)
    assert all(np.array_equal(again[name], first[name]) for name in said)
    assert list(EmbeddingCache(path).complete(embedder, ["wave"])) == ["wave"]


def test_embeddings_at_hand_are_neither_computed_nor_kept(embedder, tmp_path):
    given = {"wave": np.full(SIZE, 0.5, dtype=np.float32)}
    found = EmbeddingCache(tmp_path / "phrases.npz").complete(embedder, ["wave"], known=given)
    assert found["wave"] is given["wave"]
    assert not list(tmp_path.iterdir())
