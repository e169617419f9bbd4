"""The ONNX graph of an encoder of BERT's shape, in float32 or with 8-bit weights, written operator by operator.

It reads one text a row, all rows of one length: there is no mask. PyTorch's exporter gives about 300 operators for six
layers, this has 100: the attention is one fused operator (without a mask ONNX Runtime takes a flash attention for it),
and shapes are not computed at each run. With 8 bits, activations have one scale a tensor, found as the tensor comes
(onnxruntime's dynamic quantisation), and weights one a column. Channels that are large in all texts would take most of
that scale; they are divided by what their weights are multiplied with (SmoothQuant, Xiao et al. 2023; smoothing.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragkb.models.bert import Bert

MICROSOFT = "com.microsoft"  # the domain of ONNX Runtime's own operators
SMALL = 1 << 20  # bytes of a constant that is always in the file of the model
OPSETS = (("", 17), (MICROSOFT, 1))
PRODUCTS = {
    "attention": ("attention.self.query", "attention.self.key", "attention.self.value"),
    "mixing": ("attention.output.dense",),
    "inner": ("intermediate.dense",),
    "outer": ("output.dense",),
}
"""The products of a layer by name, each with its matrices, which read the same states."""

Floats = NDArray[np.float32]


class Graph:
    """Operators and constants, added one by one; each operator is named as its output.

    beside: a file for large constants, where all of them are too many for the file of the model, which ends at 2 GiB.
    """

    def __init__(self, beside: Path | None = None) -> None:
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}
        self._beside, self._written = beside, 0

    def constant(self, name: str, values: NDArray[Any]) -> str:
        from onnx import numpy_helper

        assert name not in self.constants, name
        values = np.ascontiguousarray(values)
        outside = self._beside is not None and values.nbytes > SMALL
        self.constants[name] = self._outside(name, values) if outside else numpy_helper.from_array(values, name)
        return name

    def _outside(self, name: str, values: NDArray[Any]) -> Any:
        from onnx import TensorProto, helper

        assert self._beside is not None
        kind = helper.np_dtype_to_tensor_dtype(values.dtype)
        tensor = TensorProto(name=name, data_type=kind, dims=values.shape, data_location=TensorProto.EXTERNAL)
        place = {"location": self._beside.name, "offset": str(self._written), "length": str(values.nbytes)}
        for key, value in place.items():
            tensor.external_data.add(key=key, value=value)
        with self._beside.open("ab") as file:
            file.write(values.data)
        self._written += values.nbytes
        return tensor

    def add(self, kind: str, inputs: Sequence[str], *outputs: str, domain: str = "", **attributes: Any) -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(kind, inputs, outputs, outputs[0], domain=domain, **attributes))
        return outputs[0]

    def model(self, outputs: Mapping[str, Sequence[str | int]]) -> Any:
        """The model, from `input_ids` to these outputs of these shapes."""
        from onnx import TensorProto, helper

        given = [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "length"])]
        made = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()]
        graph = helper.make_graph(self.nodes, "encoder", given, made, list(self.constants.values()))
        opsets = [helper.make_opsetid(*one) for one in OPSETS]
        return helper.make_model(graph, opset_imports=opsets, ir_version=9, producer_name="ragkb")


class Writer:
    """Writes the parts of one encoder. bits: of the weights, 8 or 7, or 32 for float32. scales: see `written`."""

    def __init__(self, bert: Bert, bits: int, scales: Mapping[str, Floats], beside: Path | None = None) -> None:
        self.bert, self.bits, self.scales = bert, bits, scales
        self.graph = Graph(beside)

    def embeddings(self) -> str:
        graph, table = self.graph, self.bert.weights
        added = table["embeddings.position_embeddings.weight"][self.bert.first_position :]
        added = added + table["embeddings.token_type_embeddings.weight"][0]
        length = graph.add("Shape", ["input_ids"], "length", start=1, end=2)
        zero = graph.constant("zero", np.array([0], np.int64))
        places = graph.add("Slice", [graph.constant("places", added), zero, length], "place")
        embedded = graph.add("Add", [self._words(), places], "embedded")
        return self._norm(embedded, "normed", table, "embeddings.LayerNorm")

    def _words(self) -> str:
        graph, words = self.graph, self.bert.weights["embeddings.word_embeddings.weight"]
        if self.bits == 32:
            return graph.add("Gather", [graph.constant("words", words), "input_ids"], "word")
        rows, scale = quantised_columns(words.T, 8)
        whole = graph.add("Gather", [graph.constant("words", rows.T), "input_ids"], "word_whole")
        scales = graph.add("Gather", [graph.constant("word_scales", scale[:, None]), "input_ids"], "word_scale")
        return graph.add("Mul", [graph.add("Cast", [whole], "word_cast", to=1), scales], "word")

    def layer(self, number: int, states: str) -> str:
        """Post-norm: attention, residual, norm; feed-forward, residual, norm."""
        graph, bert, at = self.graph, self.bert, f"layer{number}_"
        projected = self._products(number, "attention", states)
        seen = graph.add("MultiHeadAttention", projected, at + "seen", domain=MICROSOFT, num_heads=bert.heads)
        mixed = self._products(number, "mixing", seen)[0]
        mixed = graph.add("Add", [mixed, states], at + "mixed")
        middle = self._norm(mixed, at + "middle", bert.weights, f"encoder.layer.{number}.attention.output.LayerNorm")
        wide = self._products(number, "inner", middle)[0]
        wide = graph.add(bert.activation, [wide], at + "wide", domain=MICROSOFT)
        narrow = self._products(number, "outer", wide)[0]
        narrow = graph.add("Add", [narrow, middle], at + "narrow")
        return self._norm(narrow, f"layer{number}", bert.weights, f"encoder.layer.{number}.output.LayerNorm")

    def pooled(self, states: str, pooling: str) -> None:
        graph = self.graph
        if pooling == "cls":
            first = graph.add("Gather", [states, graph.constant("first", np.array(0, np.int64))], "pooled", axis=1)
        else:
            first = graph.add("ReduceMean", [states], "pooled", axes=[1], keepdims=0)
        graph.add("LpNormalization", [first], "sentence", axis=-1, p=2)

    def _norm(self, states: str, name: str, table: Mapping[str, Floats], part: str) -> str:
        constants = [self.graph.constant(f"{part}.{kind}", table[f"{part}.{kind}"]) for kind in ("weight", "bias")]
        return self.graph.add("LayerNormalization", [states, *constants], name, axis=-1, epsilon=self.bert.epsilon)

    def _products(self, number: int, product: str, states: str) -> list[str]:
        """The states times each matrix of that product, plus its bias."""
        at, parts = f"layer{number}_{product}", PRODUCTS[product]
        matrices = [self.bert.layer(number, f"{part}.weight") for part in parts]
        offsets = [self.bert.layer(number, f"{part}.bias") for part in parts]
        biases = [self.graph.constant(f"{at}{n}_bias", offset) for n, offset in enumerate(offsets)]
        if self.bits == 32:
            return [self._exact(f"{at}{n}", states, *one) for n, one in enumerate(zip(matrices, biases, strict=True))]
        if at in self.scales:
            scale = self.scales[at]
            states = self.graph.add("Mul", [states, self.graph.constant(f"{at}_scale", 1 / scale)], f"{at}_smooth")
            matrices = [matrix * scale[:, None] for matrix in matrices]
        whole = [f"{at}_whole", f"{at}_step", f"{at}_zero"]
        self.graph.add("DynamicQuantizeLinear", [states], *whole)
        return [self._small(f"{at}{n}", whole, *one) for n, one in enumerate(zip(matrices, biases, strict=True))]

    def _exact(self, name: str, states: str, matrix: Floats, bias: str) -> str:
        product = self.graph.add("MatMul", [states, self.graph.constant(f"{name}_matrix", matrix)], f"{name}_product")
        return self.graph.add("Add", [product, bias], name)

    def _small(self, name: str, whole: Sequence[str], matrix: Floats, bias: str) -> str:
        rows, steps = quantised_columns(matrix, self.bits)
        weights = [self.graph.constant(f"{name}_matrix", rows), self.graph.constant(f"{name}_steps", steps)]
        inputs = [whole[0], weights[0], whole[1], weights[1], whole[2], "", bias]
        return self.graph.add("MatMulIntegerToFloat", inputs, name, domain=MICROSOFT)


def quantised_columns(matrix: Floats, bits: int) -> tuple[NDArray[np.int8], Floats]:
    """Whole numbers of so many bits, and what one is worth in each column. Zero stays zero."""
    most = 2 ** (bits - 1) - 1
    steps = np.maximum(np.abs(matrix).max(0), 1e-12) / most
    return np.round(matrix / steps).astype(np.int8), steps.astype(np.float32)


def written(bert: Bert, pooling: str, bits: int, scales: Mapping[str, Floats]) -> Any:
    """The ONNX model, with the outputs `sentence` (unit length), `tokens` (the middle layer's states) and `last`.

    pooling: 'mean' or 'cls'. scales: by the name of a product, what its input's channels are divided by.
    """
    return _whole(Writer(bert, bits, scales), pooling, ())


def written_exactly(bert: Bert, pooling: str, outputs: Sequence[str], beside: Path | None) -> Any:
    """As `written`, in float32, with these states as further outputs. beside: see Graph."""
    return _whole(Writer(bert, 32, {}, beside), pooling, outputs)


def _whole(writer: Writer, pooling: str, outputs: Sequence[str]) -> Any:
    bert = writer.bert
    layers = [writer.embeddings()]
    for number in range(bert.layers):
        layers.append(writer.layer(number, layers[-1]))
    writer.pooled(layers[-1], pooling)
    writer.graph.add("Identity", [layers[bert.layers * 2 // 3]], "tokens")
    writer.graph.add("Identity", [layers[-1]], "last")
    shape: list[str | int] = ["batch", "length", bert.hidden]
    pooled: list[str | int] = ["batch", bert.hidden]
    more: dict[str, list[str | int]] = {name: ["batch", "length", "channels"] for name in outputs}
    return writer.graph.model({"sentence": pooled, "tokens": shape, "last": shape} | more)
