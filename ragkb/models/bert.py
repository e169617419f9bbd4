"""Encoders of BERT's shape (Devlin et al. 2019), read from a folder without PyTorch.

Most models for retrieval have this shape: MiniLM, BGE, E5, GTE, and RoBERTa's and XLM-R's kin, whose positions begin
after the padding's number.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

PREFIXES = {"bert": "bert.", "roberta": "roberta.", "xlm-roberta": "roberta."}
ACTIVATIONS = {"gelu": "Gelu", "gelu_new": "FastGelu", "gelu_pytorch_tanh": "FastGelu"}
"""Operators of ONNX Runtime by the name in config.json."""
READ = ("F32", "F16")
"""Types of weights that numpy knows."""


@dataclass(frozen=True, slots=True)
class Bert:
    """Sizes and weights. first_position: the row of the position table for the first token."""

    hidden: int
    layers: int
    heads: int
    epsilon: float
    activation: str
    first_position: int
    weights: Mapping[str, NDArray[np.float32]]

    @property
    def positions(self) -> int:
        """Most tokens of a text."""
        return len(self.weights["embeddings.position_embeddings.weight"]) - self.first_position

    def layer(self, number: int, part: str) -> NDArray[np.float32]:
        """A weight of a layer; matrices are turned, so that they multiply from the right."""
        return np.transpose(self.weights[f"encoder.layer.{number}.{part}"])


def read_bert(folder: Path) -> Bert | None:
    """The encoder in a sentence-transformers or transformers folder, or None where it is of another kind.

    None as well for weights in several files, in a form that only PyTorch reads, or with parts that are missing.
    """
    config, file = _config(folder), folder / "model.safetensors"
    kind = str(config.get("model_type"))
    plain = config.get("position_embedding_type", "absolute") == "absolute" and not config.get("is_decoder")
    if kind not in PREFIXES or not plain or config.get("hidden_act") not in ACTIVATIONS or not file.is_file():
        return None
    try:
        weights = _weights(file, PREFIXES[kind])
        if weights is None:
            return None
        bert = Bert(
            hidden=int(config["hidden_size"]),
            layers=int(config["num_hidden_layers"]),
            heads=int(config["num_attention_heads"]),
            epsilon=float(config["layer_norm_eps"]),
            activation=ACTIVATIONS[config["hidden_act"]],
            first_position=0 if kind == "bert" else int(config["pad_token_id"]) + 1,
            weights=weights,
        )
    except (KeyError, TypeError, ValueError):
        return None
    return bert if _whole(bert) else None


def _config(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / "config.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _weights(file: Path, prefix: str) -> dict[str, NDArray[np.float32]] | None:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="numpy") as tensors:
            names = list(tensors.keys())
            if any(tensors.get_slice(name).get_dtype() not in READ for name in names if "position_ids" not in name):
                return None
            wanted = [name for name in names if name.removeprefix(prefix).startswith(("embeddings.", "encoder."))]
            return {
                name.removeprefix(prefix): tensors.get_tensor(name).astype(np.float32)
                for name in wanted
                if "position_ids" not in name
            }
    except SafetensorError:
        return None


def _whole(bert: Bert) -> bool:
    """Whether each part is there that the graph takes, and no other that it would leave out."""
    tables = [f"embeddings.{name}_embeddings.weight" for name in ("word", "position", "token_type")]
    norms = ["embeddings.LayerNorm"]
    parts = [f"attention.self.{name}" for name in ("query", "key", "value")]
    parts += [f"{place}.{part}" for place in ("attention.output", "output") for part in ("dense", "LayerNorm")]
    parts += ["intermediate.dense"]
    norms += [f"encoder.layer.{number}.{part}" for number in range(bert.layers) for part in parts]
    wanted = {*tables, *(f"{one}.{kind}" for one in norms for kind in ("weight", "bias"))}
    return wanted == set(bert.weights) and bert.weights[tables[0]].shape[1] == bert.hidden
