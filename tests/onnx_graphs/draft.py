"""A graph that grows node by node; every value is known at a sample point, computed by a peer.

x ──▶ Conv ──▶ c ──▶ Relu ──▶ r        values = {x: …, c: …, r: …},  symbolic = {x, c, r}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

import numpy as np
from onnx import TensorProto, defs, helper, numpy_helper

from onnx_graphs.peers import Array, answers

IR_VERSION = 10
LARGEST = 160  # entries of a value that a node may read
HIGHEST = {
    "e": 500.0,
    "f": 20_000.0,
    "d": 1e6,
    "i": 1e8,
    "l": 1e12,
    "?": 2.0,
}  # beyond it floats are not exact


class Unfit(Exception):
    """A node that no peer runs, or whose values are too large to compare exactly."""


def code_of(kind: Any) -> int:
    """The ONNX element type of a NumPy one."""
    return int(helper.np_dtype_to_tensor_dtype(np.dtype(kind)))


def model_of(
    nodes: Sequence[Any],
    inputs: Sequence[Any],
    outputs: Sequence[Any],
    constants: Sequence[Any],
    opset: int,
) -> Any:
    """A model of these parts in a dialect of the operators."""
    graph = helper.make_graph(list(nodes), "graph", list(inputs), list(outputs), list(constants))
    imports = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(graph, opset_imports=imports, ir_version=IR_VERSION)


def require_types(node: Any, values: Mapping[str, Array], opset: int) -> None:
    """Raises Unfit where ONNX does not define the operator for the types of its inputs."""
    schema = defs.get_schema(node.op_type, 3 if node.domain else opset, node.domain)
    types = {c.type_param_str: set(c.allowed_type_strs) for c in schema.type_constraints}
    for k, name in enumerate(node.input):
        formal = schema.inputs[min(k, len(schema.inputs) - 1)]
        word = TensorProto.DataType.Name(code_of(values[name].dtype)).lower() if name else ""
        if name and f"tensor({word})" not in types.get(formal.type_str, {formal.type_str}):
            raise Unfit(f"{node.op_type} is not defined for {word}")


class Draft:
    """A graph in the making. Opset 6 is shown to the peers as opset 7 (`shown`): they do not know
    it.
    """

    def __init__(self, seed: int, opset: int, kind: Any) -> None:
        self.random = Random(seed)
        self.bare = (
            self.random.random() < 0.4
        )  # one operator, one input, no disguise: nothing else can be refused
        self.most_inputs = 1 if self.bare else 3
        self.opset = opset
        self.kind: np.dtype[Any] = np.dtype(kind)
        self.nodes: list[Any] = []
        self.shown: list[Any] = []
        self.constants: dict[str, Array] = {}
        self.defaults: set[str] = set()  # constants that are graph inputs as well
        self.inputs: list[str] = []
        self.values: dict[str, Array] = {}
        self.symbolic: set[str] = set()
        self.operators: list[str] = []
        self.folding = False  # whether `take` gives constants

    # ---- chance -------------------------------------------------------------------------------

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def one_of(self, choices: Sequence[Any]) -> Any:
        return self.random.choice(list(choices))

    def whole(self, low: int, high: int) -> int:
        return self.random.randint(low, high)

    def shape(self, rank: int, high: int = 4) -> tuple[int, ...]:
        return tuple(self.whole(1, high) for _ in range(rank))

    def numbers(self, shape: Sequence[int], kind: Any = None, *, zero: bool = True) -> Array:
        """Small exact numbers of a type."""
        kind = np.dtype(self.kind if kind is None else kind)
        count = int(np.prod(shape))
        if kind.kind == "b":
            flat: list[float] = [self.chance(0.5) for _ in range(count)]
        else:
            step = 1 if kind.kind != "f" else self.one_of([1, 1, 2, 4])
            flat = [
                self.whole(-4, 4) / step if step > 1 else self.whole(-4, 4) for _ in range(count)
            ]
            flat = flat if zero else [v or 1 for v in flat]
            if kind.kind == "f" and flat and self.chance(0.01):
                flat[0] = self.one_of(
                    [np.inf, -np.inf, 0.1, -0.0, 1e-40 if kind.itemsize > 2 else 1e-7]
                )
        return np.array(flat, dtype=kind).reshape(tuple(shape))

    def fresh(self, stem: str) -> str:
        return f"{stem}{len(self.values)}"

    # ---- values -------------------------------------------------------------------------------

    def input(self, shape: Sequence[int], kind: Any = None) -> str:
        """A new input of the graph."""
        name = self.fresh("x")
        self.values[name] = np.asarray(
            np.nan_to_num(self.numbers(shape, kind), posinf=1, neginf=-1)
        )
        self.inputs.append(name)
        self.symbolic.add(name)
        return name

    def constant(self, array: Array | Sequence[int] | int | float, kind: Any = None) -> str:
        """A constant, as an initialiser or a node."""
        value = np.asarray(
            array, dtype=np.int64 if kind is None and not isinstance(array, np.ndarray) else kind
        )
        name = self.fresh("c")
        if self.chance(0.2):
            return self._constant_node(name, value)
        self.values[name] = self.constants[name] = value
        if self.chance(0.04):
            self.defaults.add(name)
        return name

    def _constant_node(self, name: str, value: Array) -> str:
        tensor = numpy_helper.from_array(value, "value")
        attributes: dict[str, Any] = {"value": tensor}
        if (
            self.opset >= 12
            and value.size
            and value.ndim < 2
            and value.dtype in (np.float32, np.int64)
            and self.chance(0.5)
        ):
            word = "value_float" if value.dtype == np.float32 else "value_int"
            attributes = {word: value.item()} if value.ndim == 0 else {word + "s": value.tolist()}
        made = helper.make_node("Constant", [], [name], name=f"n_{name}", **attributes)
        self.values[name] = value
        self.nodes.append(made)
        self.shown.append(made)
        self.operators.append("Constant")
        return name

    def take(self, ranks: Sequence[int], *, high: int = 4, old: float = 0.6) -> str:
        """A value that depends on the inputs, of one of these ranks: one that is there, a new
        input, or reshaped.
        """
        if self.folding:
            return self.constant(self.numbers(self.shape(self.one_of(ranks), high)))
        fits = [n for n in sorted(self.symbolic) if self._fits(n) and self.values[n].ndim in ranks]
        if fits and self.chance(old):
            return str(self.one_of(fits[-3:]))
        others = [n for n in sorted(self.symbolic) if self._fits(n)]
        if not others or (len(self.inputs) < self.most_inputs and self.chance(0.15)):
            return self.input(self.shape(self.one_of(ranks), high))
        return self.reshaped(self.one_of(others), self.one_of(ranks))

    def _fits(self, name: str) -> bool:
        value = self.values[name]
        return value.dtype == self.kind and 0 < value.size <= LARGEST

    def reshaped(self, name: str, rank: int) -> str:
        """The value in a random shape of this rank."""
        left, sizes = self.values[name].size, []
        for _ in range(rank):
            divisors = [k for k in range(1, min(left, 6) + 1) if left % k == 0]
            sizes.append(self.one_of(divisors))
            left //= sizes[-1]
        if left > 1 and not sizes:
            raise Unfit("a scalar of several entries")
        if sizes:
            sizes[self.whole(0, rank - 1)] *= left
        return self.node("Reshape", [name, self.constant(np.array(sizes, dtype=np.int64))])[0]

    # ---- nodes --------------------------------------------------------------------------------

    def node(
        self,
        op: str,
        inputs: Sequence[str],
        count: int = 1,
        *,
        domain: str = "",
        gives: Any = None,
        like: tuple[str, Sequence[str], dict[str, Any]] | None = None,
        **attributes: Any,
    ) -> list[str]:
        """Adds a node and computes it. `like` is what the peers see instead, `gives` the type of
        the outputs.

        Raises Unfit, and adds nothing, if no peer runs the node or a value grows too large.
        """
        names = [f"v{len(self.values)}_{k}" for k in range(count)]
        kept = {k: v for k, v in attributes.items() if v is not None}
        made = helper.make_node(
            op, list(inputs), names, name=f"n_{names[0]}", domain=domain, **kept
        )
        shown = made
        if like is not None:
            shown = helper.make_node(
                like[0], list(like[1]), names, name=made.name, domain=domain, **like[2]
            )
        results = self._computed(shown, gives)
        self.nodes.append(made)
        self.shown.append(shown)
        self.operators.append(op)
        self.values.update(zip(names, results, strict=True))
        if any(i in self.symbolic for i in inputs) and op not in ("Shape", "Size"):
            self.symbolic.update(names)
        return names

    def _computed(self, node: Any, gives: Any) -> list[Array]:
        feeds = {i: self.values[i] for i in dict.fromkeys(node.input) if i}
        first = next(iter(feeds.values())).dtype if feeds else self.kind
        inputs = [
            helper.make_tensor_value_info(n, code_of(v.dtype), v.shape) for n, v in feeds.items()
        ]
        code = code_of(first if gives is None else gives)
        second = {"MaxPool": TensorProto.INT64, "Dropout": TensorProto.BOOL}.get(node.op_type, code)
        outputs = [
            helper.make_tensor_value_info(n, second if k else code, None)
            for k, n in enumerate(node.output)
        ]
        model = model_of([node], inputs, outputs, [], max(self.opset, 7))
        require_types(node, self.values, model.opset_import[0].version)
        ran = [v for v in answers(model, feeds).values() if not isinstance(v, str)]
        if not ran:
            raise Unfit("no peer runs it")
        results = ran[0]
        for value in results:
            top = HIGHEST.get(value.dtype.char, 1e6)
            if value.size and not np.all(np.abs(value.astype(float)) <= top):
                raise Unfit("values grow too large")
        return results

    # ---- models -------------------------------------------------------------------------------

    def model(self, outputs: Sequence[str], *, shown: bool) -> Any:
        """The graph as the peers see it (`shown`) or as it is."""
        inputs = [self.info(n) for n in self.inputs]
        inputs += [] if shown else [self.info(n) for n in sorted(self.defaults)]
        constants = [numpy_helper.from_array(v, n) for n, v in self.constants.items()]
        nodes = self.shown if shown else self.nodes
        return model_of(
            nodes,
            inputs,
            [self.info(n) for n in outputs],
            constants,
            max(self.opset, 7) if shown else self.opset,
        )

    def info(self, name: str) -> Any:
        value = self.values[name]
        return helper.make_tensor_value_info(name, code_of(value.dtype), value.shape)
