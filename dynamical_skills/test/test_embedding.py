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
    first = EmbeddingCache(path).embed_all(embedder, ["wave", "go home"])
    assert path.is_file()
    assert np.array_equal(EmbeddingCache(path).embed_all(embedder, ["wave", "go home"]), first)
    path.write_bytes(b"broken")
    assert np.allclose(EmbeddingCache(path).embed_all(embedder, ["wave", "go home"]), first)
    assert len(EmbeddingCache(path).embed_all(embedder, ["wave"])) == 1
