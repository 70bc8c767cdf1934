"""Which units of two networks are close to each other?

A guess from simulation: any pairing gives true bounds, a good one tight ones.

Pre-activations of both networks are compared at random points of the domain; the distance of two
units is the largest difference, as a part of the first one's range. Layers are paired in order (no
two pairs cross), units within a pair of layers one by one, nearest first.
"""

from __future__ import annotations

import numpy as np

from rectifold.effort.equivalence import EquivalenceEffort
from rectifold.exact.conversion import Floats
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.ir.sampling import sampling_box
from rectifold.ir.unit_pairing import Pair, Pairing, same_shape
from rectifold.runtime.run import Run

_Chain = tuple[int, tuple[tuple[int, int], ...]]  # relatives in all, and the pairs of layers


def guess_pairing(a: Network, b: Network, domain: Domain, run: Run) -> Pairing:
    """By shape where the units at the same places are relatives as often as any; else by
    simulation.
    """
    by_place, effort = same_shape(a, b), run.effort.equivalence
    if max((v.size for n in (a, b) for v in n.layers), default=0) > effort.pairing_units:
        return by_place
    points = _points(domain, run.seed, effort.pairing_points // 2)
    traces = [_traces(n, points) for n in (a, b)]
    hidden = [p for p in by_place if p.first in traces[0]]
    near = effort.near_units
    if by_place and all(
        _is_by_place(traces[0][p.first], traces[1][p.second], near) for p in hidden
    ):
        return by_place
    found = _paired_layers(traces[0], traces[1], effort)
    return found if found else by_place


def _points(domain: Domain, seed: int, half: int) -> Floats:
    """So many random points, and as many random corners."""
    low, high = sampling_box(domain)
    random = np.random.default_rng(seed)
    uniform = random.random((half, len(low)))
    corners = (random.random((half, len(low))) < 0.5).astype(np.float64)
    return np.asarray(low + (high - low) * np.vstack([uniform, corners]))


def _traces(network: Network, points: Floats) -> dict[int, Floats]:
    """Hidden relu layer number → pre-activations, units × points, in floats."""
    values: dict[str, Floats] = {network.input_name: points.T}
    traces: dict[int, Floats] = {}
    for number, layer in enumerate(network.layers):
        total = np.repeat(layer.bias.approximation[0], points.shape[0], axis=1)
        for source, weight in layer.weights.items():
            with np.errstate(over="ignore", invalid="ignore"):
                total = total + weight.approximation[0] @ values[source]
        values[layer.name] = np.maximum(total, 0.0) if layer.is_relu else total
        if layer.is_relu and layer.name != network.output:  # outputs stay where they are
            traces[number] = np.nan_to_num(total)
    return traces


def _is_by_place(x: Floats, y: Floats, near: float) -> bool:
    own = _distances(x, y, np.arange(len(x)), np.arange(len(y)))
    shifted = _distances(x, y, np.arange(len(x)), np.roll(np.arange(len(y)), 1))
    return bool(np.median(own) <= max(near, 0.5 * float(np.median(shifted)))) if len(x) else True


def _distances(x: Floats, y: Floats, rows: np.ndarray, columns: np.ndarray) -> Floats:
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is far
        spread = x[rows].max(axis=1) - x[rows].min(axis=1) + 1e-300
        distance = np.asarray(np.abs(x[rows] - y[columns]).max(axis=1) / spread)
    return np.asarray(np.nan_to_num(distance, nan=np.inf, posinf=np.inf))


def _paired_layers(
    first: dict[int, Floats], second: dict[int, Floats], effort: EquivalenceEffort
) -> Pairing:
    """The pairs of layers, in order and without crossing, with the most relatives (as in a
    longest common subsequence).
    """
    rows, columns = sorted(first), sorted(second)
    near = effort.near_units
    matches = {(k, m): _match_relatives(first[k], second[m], near) for k in rows for m in columns}
    best: dict[tuple[int, int], _Chain] = {}
    for i in range(len(rows) + 1):
        for j in range(len(columns) + 1):
            options: list[_Chain] = [(0, ())]
            if i:
                options.append(best[i - 1, j])
            if j:
                options.append(best[i, j - 1])
            if i and j:
                key = (rows[i - 1], columns[j - 1])
                count, chosen = best[i - 1, j - 1]
                enough = effort.enough_relatives * min(len(first[key[0]]), len(second[key[1]]))
                if len(matches[key]) > enough:
                    options.append((count + len(matches[key]), (*chosen, key)))
            best[i, j] = max(options, key=lambda option: option[0])
    return tuple(
        _arrangement(k, m, len(first[k]), len(second[m]), matches[k, m])
        for k, m in best[len(rows), len(columns)][1]
    )


def _match_relatives(x: Floats, y: Floats, near: float) -> list[tuple[int, int]]:
    """Relatives, nearest first, each unit once."""
    if not len(x) or not len(y):
        return []
    columns = np.arange(len(y))
    distance = np.array([_distances(x, y, np.full(len(y), i), columns) for i in range(len(x))])
    matched: list[tuple[int, int]] = []
    used_x, used_y = np.zeros(len(x), dtype=bool), np.zeros(len(y), dtype=bool)
    for place in np.argsort(distance, axis=None):
        i, j = divmod(int(place), len(y))
        if distance[i, j] > near:
            break
        if not used_x[i] and not used_y[j]:
            used_x[i] = used_y[j] = True
            matched.append((i, j))
    return matched


def _arrangement(k: int, m: int, size_x: int, size_y: int, matched: list[tuple[int, int]]) -> Pair:
    of_first = [i for i, _ in matched]
    of_second = [j for _, j in matched]
    alone_x = [i for i in range(size_x) if i not in set(of_first)]
    alone_y = [j for j in range(size_y) if j not in set(of_second)]
    of_first += [*alone_x, *[-1] * len(alone_y)]
    of_second += [*[-1] * len(alone_x), *alone_y]
    return Pair(k, m, tuple(of_first), tuple(of_second))
