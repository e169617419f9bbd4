"""What opens a prepared folder's files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ragkb.errors import ModelError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

HINT = "delete its folder; it is made again"
SLOW = ["SkipLayerNormFusion"]
"""ONNX Runtime's fusion of a sum and a norm: on the processor it takes longer than the two (1.32)."""


def open_session(path: Path, threads: int) -> InferenceSession:
    """The model, each run on so many threads. Raises ModelError."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    # subtle: threads that spin while they wait take the cores from other requests. With eight callers on two cores
    # busy with other programs, sleeping gave 1.4 to 2.3 times the queries a second, and no case was slower.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"], disabled_optimizers=SLOW
        )
    except Exception as error:  # subtle: the library raises nothing narrower
        raise ModelError(f"{path}: the prepared model cannot be loaded ({error})", HINT) from error


def open_tokenizer(path: Path, limit: int | None = None) -> Tokenizer:
    """The tokenizer in a file, which cuts at `limit` tokens. Raises ModelError.

    subtle: the file itself may ask for padding, which ruins the vectors.
    """
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # subtle: the library raises nothing narrower
        raise ModelError(f"{path}: cannot be read ({error})", HINT) from error
    tokenizer.no_padding()
    if limit is None:
        tokenizer.no_truncation()
    else:
        tokenizer.enable_truncation(limit, strategy="longest_first")
    return tokenizer
