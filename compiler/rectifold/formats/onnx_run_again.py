"""A written model, run by another program beside the model that it takes the place of.

    feed, one row or three ─▶ source  ─▶ names, shapes, element types     the same
                           └▶ written ─▶ names, shapes, element types
                                      └▶ ends       within rounding of the network, row by row

It proves nothing; it catches a file that would not run where its source runs. Large networks are
left out, and so are models that no other program here runs; a note says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from onnx import ModelProto, helper

from rectifold.effort.writing import WrittenEffort
from rectifold.exact.conversion import Floats
from rectifold.exact.numerals import nearest_float
from rectifold.formats.interface import Interface
from rectifold.formats.onnx.floats import (
    ROUNDINGS,
    Rounded,
    Trace,
    flat_outputs,
    worst_difference,
)
from rectifold.formats.onnx.peers import PEERS, Feeds, Peer, PeerError, outputs_of_peer
from rectifold.formats.onnx.tensors import FLOATS, Array
from rectifold.formats.onnx_layers import onnx_type
from rectifold.formats.onnx_points import as_type, feeds_of, places_of, whole_model
from rectifold.formats.onnx_read_again import WrittenWrong
from rectifold.formats.onnx_wiring import has_free_batch, is_batched
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network


def require_runs_again(
    model: ModelProto,
    network: Network,
    dtype: str,
    interface: Interface,
    peers: Sequence[Peer] = PEERS,
) -> list[str]:
    """Notes about what was not compared, or holds for a batch of one only.

    Raises WrittenWrong where the model does not run, or computes another function.
    """
    effort = WrittenEffort()
    macs = network.sizes.macs
    if macs > effort.multiply_adds:
        size = f"{macs:,} multiply-adds are more than {effort.multiply_adds:,}"
        return [f"the written file was not run by another program: {size}"]
    comparison = _Comparison(model, network, dtype, interface, peers)
    try:
        comparison.compare()
    except PeerError as error:
        return [f"the written file was not run by another program ({error})"]
    if any(has_free_batch(port) for port in interface.inputs):
        return comparison.compare_batch(effort.rows)
    return []


@dataclass(frozen=True, eq=False)
class _Comparison:
    model: ModelProto
    network: Network
    dtype: str
    interface: Interface
    peers: Sequence[Peer]

    def compare(self) -> None:
        """For one row. Raises WrittenWrong, and PeerError where nobody runs the source."""
        points = self._points(1)
        self._compare_values(points, self._compare_forms(points)[1])

    def _compare_forms(self, points: Floats) -> tuple[list[Array], list[Array]]:
        """The values of the ends in the source and in the model.

        Raises WrittenWrong where the model does not run, or gives other shapes or types; PeerError
        where nobody runs the source.
        """
        feeds = feeds_of(self.interface.inputs, points)
        wanted, before = self._run(whole_model(self.interface), feeds)
        try:
            found, ends = self._run(self.model, feeds)
        except PeerError as error:
            raise WrittenWrong(
                f"the model that was to be written does not run where its source does: {error}"
            ) from None
        names = [port.name for port in self.interface.outputs]
        for name, theirs, ours in zip(names, wanted, found, strict=True):
            if _form(theirs) != _form(ours):
                raise WrittenWrong(
                    f"the output {name!r} is {ours.dtype} of the shape {ours.shape} where the "
                    f"source gives {theirs.dtype} of the shape {theirs.shape}"
                )
        return before, ends

    def compare_batch(self, rows: int) -> list[str]:
        """A note where the source takes a batch of this size and the model does not.

        Raises WrittenWrong where the model computes another function.
        """
        alone = "the written file takes the place of its source for a batch of one only"
        if not is_batched(self.interface):
            return [f"{alone}: what the source computes has no first axis that is the batch"]
        points = self._points(rows)
        try:
            before, ends = self._compare_forms(points)
        except WrittenWrong as error:
            return [f"{alone}: {error}"]
        except PeerError:
            return []  # the source does not run then
        self._compare_values(points, ends)
        if self._worst(points, before)[0] is not None:
            return [f"{alone}: what the source computes for a sample depends on its batch"]
        return []

    def _compare_values(self, points: Floats, ends: Sequence[Array]) -> None:
        spot, ours, theirs = self._worst(points, ends)
        if spot is not None:
            raise WrittenWrong(
                f"value {spot[1]} of the network is {ours:.9g} where the model that was to be "
                f"written computes {theirs:.9g}"
            )

    def _worst(
        self, points: Floats, ends: Sequence[Array]
    ) -> tuple[tuple[int, int] | None, float, float]:
        """Where values of the ends are no rounding of the network's, with both values there."""
        types = {self.dtype, *(port.dtype for port in self.interface.ends)} & set(ROUNDINGS)
        trace = Trace(max((ROUNDINGS[name] for name in types), key=lambda one: one.unit))
        trace.known[self.network.input_name] = Rounded(points, np.zeros(points.shape))
        trace.run(self.network.layers)
        ours = trace.known[self.network.output]
        one = len(points) == 1
        rows = [flat_outputs(ends if one else [e[k] for e in ends]) for k in range(len(points))]
        spot = worst_difference(ours, rows, WrittenEffort().deviations)
        if spot is None:
            return None, 0.0, 0.0
        k, entry = spot
        return spot, float(ours.values[k][entry]), float(rows[k][entry])

    # ---- running ---------------------------------------------------------------------------------

    def _run(self, model: ModelProto, feeds: Feeds) -> tuple[list[Array], list[Array]]:
        """Outputs, and values of the ends. Raises PeerError."""
        copy = ModelProto()
        copy.CopyFrom(model)
        del copy.graph.output[:]
        names = [port.name for port in self.interface.outputs]
        kept = {value.name: value for value in model.graph.output}
        ends = {port.name: port for port in self.interface.ends if port.name not in kept}
        for name in dict.fromkeys([*names, *ends]):
            port = ends.get(name)
            copy.graph.output.append(
                kept[name]
                if port is None
                else helper.make_tensor_value_info(name, onnx_type(port.dtype), None)
            )
        made = [value.name for value in copy.graph.output]
        _, (values,) = outputs_of_peer(self.peers, copy, [feeds])
        by_name = dict(zip(made, values, strict=True))
        return [by_name[n] for n in names], [by_name[p.name] for p in self.interface.ends]

    # ---- points ----------------------------------------------------------------------------------

    def _points(self, rows: int) -> Floats:
        """Points of the domain's box, as every element type on the way holds them exactly."""
        size = self.network.input_size
        lower, upper = _box(self.network.domain, size)
        drawn = np.random.default_rng(0).uniform(0, 1, (rows, size))
        points = np.minimum(lower + drawn * (upper - lower), upper)
        for port, start, end in places_of(self.interface.inputs):
            part = points[:, start:end]
            if port.dtype in FLOATS:
                part = as_type(as_type(part, self.dtype), port.dtype).astype(np.float64)
            else:
                low = 0 if port.dtype.startswith("u") else -WrittenEffort.largest_whole
                part = np.clip(np.round(part), low, WrittenEffort.largest_whole)
            points[:, start:end] = part if has_free_batch(port) else part[:1]
        return points


def _box(domain: Domain | None, size: int) -> tuple[Floats, Floats]:
    """Ends of ranges that are finite and not too large: the values are only tried."""
    lower, upper = np.full(size, -1.0), np.full(size, 1.0)
    for k, (low, high) in enumerate(
        [] if domain is None else zip(domain.lower, domain.upper, strict=True)
    ):
        below = None if low is None else nearest_float(low)
        above = None if high is None else nearest_float(high)
        lower[k] = below if below is not None else min(-1.0, (above or 0.0) - 1)
        upper[k] = above if above is not None else max(1.0, lower[k] + 1)
    most = WrittenEffort.largest_fed
    return np.clip(lower, -most, most), np.clip(upper, -most, most)


def _form(value: Array) -> tuple[tuple[int, ...], str]:
    """Shape and element type: texts of any length are one type."""
    return value.shape, value.dtype.kind if value.dtype.kind in "OSU" else value.dtype.name
