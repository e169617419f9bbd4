"""Models as float32.onnx and int8.onnx in a folder: encoders of BERT's shape by our own graph, others by PyTorch.

Only what has another shape, or weights that only PyTorch reads, needs PyTorch here.
"""

from __future__ import annotations

import json
import logging
import platform
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ragkb.errors import ModelError
from ragkb.models.bert import Bert
from ragkb.models.session import open_tokenizer

if TYPE_CHECKING:
    import torch

Pooling = Literal["mean", "cls"]
LARGEST, BESIDE = 1_900_000_000, "float32.weights"
"""Bytes of an ONNX file, whose format ends at 2 GiB; the file of the weights beside a larger one."""
LONGEST = 10**6
"""Tokens; where a tokenizer names no limit, transformers writes a number far over it."""


@dataclass(frozen=True, slots=True)
class Read:
    """What an encoder and its tokenizer say of themselves. max_tokens: with the special ones."""

    dim: int
    max_tokens: int
    unknown_token: str


def write_graphs(bert: Bert, pooling: Pooling, name: str, source: Path, staging: Path) -> Read:
    """Writes both models and tokenizer.json. Raises ModelError."""
    import onnx

    from ragkb.models.graph import written, written_exactly
    from ragkb.models.smoothing import channel_scales, likely_rows, probed

    longest, unknown = _tokenizer(name, source, staging)
    longest = min(longest, bert.positions)
    rows = likely_rows(open_tokenizer(staging / "tokenizer.json", longest), longest)
    exact = staging / "float32.onnx"
    beside = staging / BESIDE if sum(array.nbytes for array in bert.weights.values()) > LARGEST else None
    onnx.save(written_exactly(bert, pooling, probed(bert), beside), exact)
    scales = channel_scales(bert, exact, rows)
    onnx.save(written(bert, pooling, 7 if needs_reduced_range() else 8, scales), str(staging / "int8.onnx"))
    return Read(bert.hidden, longest, unknown)


def write_exported(name: str, pooling: Pooling, source: Path, staging: Path) -> Read:
    """As write_graphs, by PyTorch, for any architecture that transformers knows. Raises ModelError."""
    import transformers

    with quiet_exporter(), refusing(f"embedder {name!r}", "name a folder that holds a model, or 'minilm'"):
        model = transformers.AutoModel.from_pretrained(str(source), attn_implementation="eager").eval().float()
        tokenizer = transformers.AutoTokenizer.from_pretrained(str(source))
        example = tokenizer(["hello world", "a longer second text"], return_tensors="pt", padding=True)
        _export(model, dict(example), pooling, staging / "float32.onnx")
    longest, unknown = _save_tokenizer(name, tokenizer, staging)
    quantised(staging)
    return Read(model.config.hidden_size, min(longest, int(model.config.max_position_embeddings)), unknown)


def _tokenizer(name: str, source: Path, staging: Path) -> tuple[int, str]:
    """Writes tokenizer.json; (most tokens, the unknown token). transformers makes it only where the folder has none."""
    try:
        config = json.loads((source / "tokenizer_config.json").read_text("utf-8"))
        unknown = config["unk_token"]
        longest = min(int(config.get("model_max_length") or LONGEST), LONGEST)
        shutil.copyfile(source / "tokenizer.json", staging / "tokenizer.json")
        return longest, str(unknown["content"] if isinstance(unknown, dict) else unknown)
    except (OSError, ValueError, KeyError, TypeError):
        pass
    import transformers

    with quiet_exporter(), refusing(f"embedder {name!r}", "name a folder that holds a model, or 'minilm'"):
        return _save_tokenizer(name, transformers.AutoTokenizer.from_pretrained(str(source)), staging)


def _save_tokenizer(name: str, tokenizer: Any, staging: Path) -> tuple[int, str]:
    if not tokenizer.is_fast:
        raise ModelError(f"{name}: has no fast tokenizer", f"use 'torch:{name}'")
    tokenizer.backend_tokenizer.save(str(staging / "tokenizer.json"))
    return min(int(tokenizer.model_max_length), LONGEST), str(tokenizer.unk_token)


def _export(model: torch.nn.Module, example: dict[str, torch.Tensor], pooling: Pooling, path: Path) -> None:
    import torch

    middle = int(model.config.num_hidden_layers) * 2 // 3  # type: ignore[union-attr, arg-type]

    class Encoder(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = model

        def forward(self, *inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
            given = dict(zip(example, inputs, strict=True))
            states = self.inner(**given, output_hidden_states=True).hidden_states
            mask = given["attention_mask"].unsqueeze(-1).to(states[-1].dtype)
            pooled = states[-1][:, 0] if pooling == "cls" else (states[-1] * mask).sum(1) / mask.sum(1)
            return torch.nn.functional.normalize(pooled, dim=-1), states[middle], states[-1]

    per_token = {name: {0: "batch", 1: "length"} for name in (*example, "tokens", "last")}
    export_module(Encoder(), example, path, per_token | {"sentence": {0: "batch"}}, ["sentence", "tokens", "last"])


def export_module(
    module: torch.nn.Module,
    example: dict[str, torch.Tensor],
    path: Path,
    axes: dict[str, dict[int, str]],
    outputs: list[str],
) -> None:
    """Writes the module by PyTorch's exporter. axes: the names of the dimensions that vary."""
    import torch

    torch.onnx.export(
        module,
        tuple(example.values()),
        str(path),
        input_names=list(example),
        output_names=outputs,
        dynamic_axes=axes,
        opset_version=17,
        dynamo=False,
    )


@contextmanager
def quiet_exporter() -> Iterator[None]:
    """Without the progress bars and warnings of transformers and of the exporter, which a user can do nothing about."""
    import transformers

    transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    transformers.utils.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def refusing(what: str, hint: str) -> Iterator[None]:
    """Raises ModelError for what transformers raises where a folder holds no model."""
    try:
        yield
    except (OSError, ValueError, KeyError, ImportError) as error:
        reason = str(error).strip().partition("\n")[0][:200]
        raise ModelError(f"{what} cannot be loaded ({reason})", hint) from None


def quantised(staging: Path) -> None:
    """Writes int8.onnx beside float32.onnx, by onnxruntime's dynamic quantisation."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    logging.getLogger().setLevel(logging.ERROR)
    quantize_dynamic(
        str(staging / "float32.onnx"),
        str(staging / "int8.onnx"),
        weight_type=QuantType.QInt8,
        per_channel=True,
        reduce_range=needs_reduced_range(),
    )


def needs_reduced_range() -> bool:
    """True on x86 without VNNI, where products of 8 bits can saturate."""
    if platform.machine().lower() not in ("x86_64", "amd64", "i686"):
        return False
    try:
        flags = Path("/proc/cpuinfo").read_text("utf-8", "replace")
    except OSError:
        return True
    return not any(flag in flags for flag in ("avx512_vnni", "avx_vnni", "amx_int8"))
