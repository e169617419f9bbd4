"""A cross-encoder made into an int8 ONNX model, once, in the user's cache, as prepare.py does with embedders.

A prepared folder holds encoder.onnx, tokenizer.json and info.json. The scores of float32 and int8 are compared over all
pairs of the probe texts: if their correlation is under LEAST_AGREEMENT, float32 is kept, and `precision` says so.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragkb.cores import usable_cores
from ragkb.errors import ModelError
from ragkb.models.export import export_module, quantised, quiet_exporter, refusing
from ragkb.models.prepare import cache_key, in_cache, sha256_of, source_of
from ragkb.models.probes import PROBES

RECIPE = "reranker 1"  # part of the cache key: raise it when the export changes
LEAST_AGREEMENT = 0.98
OUTPUT = "score"


@dataclass(frozen=True, slots=True)
class Info:
    """What info.json says. agreement: correlation of int8 and float32 scores. sha256: of encoder.onnx."""

    max_tokens: int
    precision: str
    agreement: float
    sha256: str


def prepared_reranker(name: str) -> Path:
    """The prepared folder of the cross-encoder, made if it is not in the cache. Raises ModelError."""
    source = source_of(name, "search.rerank")
    return in_cache(cache_key(name, source, RECIPE), lambda staging: _export(name, source, staging))


def _export(name: str, source: Path, staging: Path) -> None:
    import transformers

    with quiet_exporter():
        with refusing(f"search.rerank {name!r}", "name a cross-encoder's folder"):
            tokenizer = transformers.AutoTokenizer.from_pretrained(str(source))
            model = transformers.AutoModelForSequenceClassification.from_pretrained(
                str(source), attn_implementation="eager"
            )
        if model.config.num_labels != 1:
            outputs = model.config.num_labels
            raise ModelError(
                f"search.rerank {name!r} has {outputs} outputs, not one", "name a cross-encoder for search"
            )
        if not tokenizer.is_fast:
            raise ModelError(f"search.rerank {name!r} has no fast tokenizer", f"use 'torch:{name}'")
        _export_float(model.eval().float(), tokenizer, staging / "float32.onnx")
    limit = min(int(tokenizer.model_max_length), int(model.config.max_position_embeddings))
    tokenizer.backend_tokenizer.save(str(staging / "tokenizer.json"))
    quantised(staging)
    agreement = _agreement(staging, limit)
    precision, other = ("int8", "float32") if agreement >= LEAST_AGREEMENT else ("float32", "int8")
    (staging / f"{precision}.onnx").rename(staging / "encoder.onnx")
    (staging / f"{other}.onnx").unlink()
    info = Info(limit, precision, round(agreement, 5), sha256_of(staging / "encoder.onnx"))
    (staging / "info.json").write_text(json.dumps(asdict(info), indent=1, sort_keys=True), "utf-8")


def _export_float(model: Any, tokenizer: Any, path: Path) -> None:
    import torch

    example = tokenizer(["what is blue", "when"], ["the sky is blue", "at noon"], return_tensors="pt", padding=True)
    names = list(example.keys())

    class Scorer(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = model

        def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
            scores: torch.Tensor = self.inner(**dict(zip(names, inputs, strict=True))).logits[:, 0]
            return scores

    axes = {name: {0: "batch", 1: "length"} for name in names} | {OUTPUT: {0: "batch"}}
    export_module(Scorer(), dict(example), path, axes, [OUTPUT])


def _agreement(staging: Path, limit: int) -> float:
    """Correlation of the scores of both models over all pairs of PROBES; 0 where one gives everything the same."""
    from ragkb.models.onnx_reranker import Pairs
    from ragkb.models.session import open_session

    pairs = Pairs(staging / "tokenizer.json", limit)
    scores = []
    for name in ("float32.onnx", "int8.onnx"):
        run = open_session(staging / name, usable_cores())
        scores.append(np.concatenate([pairs.scores(run, probe, PROBES) for probe in PROBES]))
    return _correlation(*scores)


def _correlation(left: NDArray[np.float32], right: NDArray[np.float32]) -> float:
    if not np.ptp(left) or not np.ptp(right):
        return 0.0
    return float(np.corrcoef(left, right)[0, 1])
