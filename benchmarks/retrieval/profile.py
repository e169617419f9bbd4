"""Where the time of an ingest goes: the model's matrix products, the rest of the model, everything else.

    python -m benchmarks.retrieval.profile --data DIR/scifact [--documents N]

Times are of the processor, of all threads. The share of the model is measured around its calls, that of its operators
by ONNX Runtime. The peak is a product of two matrices of 1024 x 1024 alone, in 8-bit integers and in floats, with as
many threads. DIR/scifact: a set in BEIR's form.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragkb import KnowledgeBase, NewDocument
from ragkb.eval.retrieval import read_suite
from ragkb.models import load_embedder
from ragkb.models.onnx import OnnxEmbedder
from ragkb.models.prepare import prepared
from ragkb.models.session import SLOW, open_tokenizer
from ragkb.settings import Settings

SIZE, REPEATS = 1024, 8
PRODUCTS = ("MatMul", "MultiHeadAttention")
"""Beginnings of the names of operators that are matrix products, fused ones too."""
WEIGHTS = 6 * (4 * 384 * 384 + 2 * 384 * 1536)  # of all-MiniLM-L6-v2's matrices: six layers
PAIRS = 6 * 2 * 384  # products for each pair of tokens of a text: scores, and what they weigh


class Timed:
    """An embedder that adds up the processor's time of its runs, and the sums that they took."""

    def __init__(self, inner: OnnxEmbedder) -> None:
        self.id, self.dim, self.precision = inner.id, inner.dim, inner.precision
        self.count_tokens, self.readable = inner.count_tokens, inner.readable
        self._inner, self.seconds, self.texts, self.products = inner, 0.0, 0, 0

    def embed(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
        started = time.process_time()
        out = self._inner.embed(texts, query=query)
        self.seconds += time.process_time() - started
        self.texts += len(texts)
        for text in texts:
            tokens = min(256, self.count_tokens(text) + 2)
            self.products += tokens * WEIGHTS + tokens * tokens * PAIRS
        return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--documents", type=int, default=500)
    given = parser.parse_args()
    suite = read_suite(given.data)
    documents = [
        NewDocument(source, text, title=title)
        for source, (title, text) in islice(suite.documents.items(), given.documents)
    ]
    embedder = load_embedder("minilm")
    assert isinstance(embedder, OnnxEmbedder)
    timed = Timed(embedder)
    with TemporaryDirectory(prefix="ragkb-profile-") as made:
        with KnowledgeBase.open(Path(made) / "kb", settings=Settings(), embedder=timed) as kb:
            started = time.process_time()
            kb.add(documents)
            total = time.process_time() - started
        spent = operators(Path(made), [one.text[:1200] for one in documents[:60]])
    share = sum(took for name, took in spent.items() if any(part in name for part in PRODUCTS)) / spent.total()
    others = [(name, took) for name, took in spent.most_common() if not any(part in name for part in PRODUCTS)]
    peaks = {kind: peak(kind) for kind in ("int8", "float32")}
    reached = 2 * timed.products / (timed.seconds * share) / 1e9
    print(f"{len(documents)} documents, {timed.texts} chunks: {total:.1f} s of the processor")
    print(f"  the model                   {timed.seconds / total:6.1%}")
    print(f"  of which matrix products    {share:6.1%}, so {timed.seconds * share / total:.1%} of the ingest")
    print(
        "  the largest of the rest     " + ", ".join(f"{name} {took / spent.total():.0%}" for name, took in others[:5])
    )
    print(f"matrix products run at {reached:.0f} billion operations a second of the processor;")
    for kind, rate in peaks.items():
        print(f"  one of {SIZE} x {SIZE} alone, {kind:7} {rate:6.0f}, of which that is {reached / rate:.0%}")


def operators(folder: Path, texts: Sequence[str]) -> Counter[str]:
    """Microseconds of the model's operators by their names, from ONNX Runtime's own profile."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.enable_profiling = True
    options.profile_file_prefix = str(folder / "run")
    options.intra_op_num_threads = 1
    path = prepared("minilm") / "encoder.onnx"
    session = onnxruntime.InferenceSession(
        str(path), options, providers=["CPUExecutionProvider"], disabled_optimizers=SLOW
    )
    encode = open_tokenizer(path.with_name("tokenizer.json"), 256).encode
    for text in texts:
        session.run(["sentence"], {"input_ids": np.array([encode(text).ids])})
    spent: Counter[str] = Counter()
    for event in json.loads(Path(session.end_profiling()).read_text("utf-8")):
        if event.get("cat") == "Node" and event["name"].endswith("_kernel_time"):
            spent[event["args"]["op_name"]] += event["dur"]
    return spent


def peak(kind: str) -> float:
    """Billions of operations a second of the processor in a large matrix product alone; a product and a sum are two."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(one_product(kind), options, providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(0)
    given = rng.integers(0, 255, (SIZE, SIZE)).astype(np.uint8 if kind == "int8" else np.float32)
    session.run(None, {"given": given})
    best = 0.0
    for _ in range(REPEATS):
        started = time.process_time()
        session.run(None, {"given": given})
        best = max(best, 2 * SIZE**3 / (time.process_time() - started) / 1e9)
    return best


def one_product(kind: str) -> bytes:
    """A model of one product with a constant matrix, as the encoder's are."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(1)
    numbers: Any = np.int8 if kind == "int8" else np.float32
    weights = numpy_helper.from_array(rng.integers(-127, 127, (SIZE, SIZE)).astype(numbers), "weights")
    types = (TensorProto.UINT8, TensorProto.INT32) if kind == "int8" else (TensorProto.FLOAT, TensorProto.FLOAT)
    operator = "MatMulInteger" if kind == "int8" else "MatMul"
    graph = helper.make_graph(
        [helper.make_node(operator, ["given", "weights"], ["out"])],
        "product",
        [helper.make_tensor_value_info("given", types[0], [SIZE, SIZE])],
        [helper.make_tensor_value_info("out", types[1], [SIZE, SIZE])],
        [weights],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


if __name__ == "__main__":
    main()
