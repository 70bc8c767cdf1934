"""Entries of the record as JSON, and back: the lines of a proof log.

Trees are written as certificates write them.

    {"kind": "ends", "layer": "h2", "side": "up", "method": "branch and bound",
     "units": [3], "values": ["0x0.0p+0"],
     "proofs": [{"frame": [["h1", [0, 4]]], "tree": [1, LEAF, LEAF]}]}

LEAF is [slopes in base64, multipliers of the path, multipliers of the domain's constraints],
perhaps with the levels of a hull, or {"alpha": […], "beta": […], "gamma": […]} in fractions.
Reading believes nothing but the shape; whoever uses an entry proves it again.
"""

from __future__ import annotations

import binascii
from collections.abc import Mapping
from fractions import Fraction
from typing import assert_never

import numpy as np

from rectifold.bounds.agreed import HULL_UNITS, MAX_TREE_DEPTH, MOST_LEVEL, SLOPE_UNITS
from rectifold.exact.entries import Indices
from rectifold.exact.literals import parse_rational
from rectifold.facts.entries import BoxTreeSigns, Entry, IntervalBounds, ProvedBounds
from rectifold.facts.methods import Method
from rectifold.facts.side import Side
from rectifold.facts.trees import (
    BoxProof,
    BoxSplit,
    BoxTree,
    CaseProof,
    ExactLeaf,
    Hull,
    Leaf,
    SlopeUnits,
    Split,
    Tree,
    UnitSplit,
)
from rectifold.ir.network import Network
from rectifold.runtime.json import Json, JsonObject, as_list, as_object, as_text


def case_tree_lists(proof: CaseProof, tree: Tree) -> list[Json]:
    """A tree without exact leaves, as nested lists."""
    if isinstance(tree, Split):
        active, inactive = (case_tree_lists(proof, case) for case in (tree.active, tree.inactive))
        return [proof.frame.number(tree.layer, tree.unit), active, inactive]
    assert isinstance(tree, Leaf)
    slopes = (
        np.round(np.asarray(tree.alpha, dtype=np.float64) * SLOPE_UNITS).astype("<u2").tobytes()
    )
    betas, gammas = (
        [float(v).hex() for v in values] if any(values) else []
        for values in (tree.beta, tree.gamma)
    )
    return [
        _base64(slopes),
        betas,
        gammas,
        *([] if tree.hull is None else [_base64(_hull_bytes(tree.hull))]),
    ]


def _hull_bytes(hull: Hull) -> bytes:
    levels = np.concatenate([hull.units, hull.plus, hull.minus])
    return np.round(levels * HULL_UNITS).astype(np.int8).tobytes()


def _base64(data: bytes) -> str:
    return binascii.b2a_base64(data, newline=False).decode("ascii")


def box_tree_lists(tree: BoxTree, numbers: Mapping[str, int] | None = None) -> list[Json]:
    """A tree of boxes as nested lists; layers by number, or by name."""
    named: list[Json] = [_named(claim, tree, numbers) for claim in tree.proved]
    match tree.split:
        case None:
            cells: list[Json] = [] if tree.cells is None else [tree.cells]
            return [named, *cells]
        case BoxSplit() as split:
            parts = (box_tree_lists(part, numbers) for part in (split.low, split.high))
            return [named, split.input, str(Fraction(split.at)), *parts]
        case UnitSplit() as split:
            parts = (box_tree_lists(part, numbers) for part in (split.active, split.inactive))
            layer = numbers[split.layer] if numbers else split.layer
            return [named, [layer, split.unit], *parts]
        case _:
            assert_never(tree.split)


def _named(claim: int, tree: BoxTree, numbers: Mapping[str, int] | None) -> Json:
    """A claim as a node names it: its number, with its cases if it has some."""
    proof = tree.cases.get(claim)
    if proof is None:
        return claim
    frame: list[Json] = [
        [numbers[name] if numbers else name, units.tolist()]
        for name, units in proof.frame.units.items()
        if len(units)
    ]
    return [claim, frame, case_tree_lists(proof, proof.tree)]


def entry_json(entry: Entry) -> JsonObject:
    """One line of a log."""
    match entry:
        case IntervalBounds():
            return {"kind": "intervals", "layer": entry.layer}
        case BoxTreeSigns():
            claims: list[Json] = [[unit, side.written] for unit, side in entry.proof.claims]
            return {
                "kind": "signs",
                "layer": entry.layer,
                "claims": claims,
                "tree": box_tree_lists(entry.proof.tree),
            }
        case ProvedBounds():
            return {
                "kind": "ends",
                "layer": entry.layer,
                "side": entry.side.written,
                "method": entry.method.value,
                "units": entry.units.tolist(),
                "values": [float(v).hex() for v in entry.values],
                "proofs": [_proof_json(proof) for proof in entry.proofs],
            }
        case _:
            assert_never(entry)


def _proof_json(proof: CaseProof) -> JsonObject:
    frame = [[name, units.tolist()] for name, units in proof.frame.units.items()]
    return {"frame": frame, "tree": _tree_json(proof, proof.tree)}


def _tree_json(proof: CaseProof, tree: Tree) -> Json:
    number = proof.frame.number
    match tree:
        case Split():
            active, inactive = (_tree_json(proof, case) for case in (tree.active, tree.inactive))
            return [number(tree.layer, tree.unit), active, inactive]
        case Leaf():
            return case_tree_lists(proof, tree)
        case ExactLeaf():
            return {
                "alpha": [[number(*where), str(v)] for where, v in tree.alpha.items()],
                "beta": [[number(*where), str(v)] for where, v in tree.beta.items()],
                "gamma": [[k, str(v)] for k, v in tree.gamma.items()],
            }
        case _:
            assert_never(tree)


# ---- reading ------------------------------------------------------------------------------------


def read_entry(network: Network, form: JsonObject) -> Entry:
    """The entry.

    Raises ValueError, TypeError, KeyError or IndexError if it is none about this network.
    """
    layer = network.layer(str(form["layer"]))
    if form["kind"] == "intervals":
        none = np.zeros(0)
        return IntervalBounds(layer.name, none, none)
    if form["kind"] == "signs":
        claims = tuple(
            (_index(unit, layer.size), _read_side(side)) for unit, side in _pairs(form["claims"])
        )
        return BoxTreeSigns(
            layer.name,
            BoxProof(claims, _box_tree(as_list(form["tree"]), len(claims), network, layer.name, 0)),
        )
    if form["kind"] != "ends":
        raise ValueError(f"unknown kind {form['kind']!r}")
    units = np.array([_index(unit, layer.size) for unit in as_list(form["units"])], dtype=np.int64)
    values = np.array([float.fromhex(as_text(v)) for v in as_list(form["values"])])
    method = Method(form["method"])
    proofs = tuple(_read_proof(network, layer.name, as_object(v)) for v in as_list(form["proofs"]))
    if len(values) != len(units) or len(proofs) != (len(units) if method is Method.CASES else 0):
        raise ValueError("units, values and proofs differ in number")
    return ProvedBounds(layer.name, _read_side(form["side"]), units, values, method, proofs)


def _read_proof(network: Network, layer: str, form: JsonObject) -> CaseProof:
    below = [v.name for v in network.relu_layers if v.name in network.cone(layer)]
    units: dict[str, Indices] = {}
    for word, indices in _pairs(form["frame"]):
        name = as_text(word)
        size = network.layer(name).size
        chosen = np.array([_index(u, size) for u in as_list(indices)], dtype=np.int64)
        if name not in below or (np.diff(chosen) <= 0).any():
            raise ValueError("a frame is out of order")
        units[name] = chosen
    if [v for v in below if v in units] != list(units):
        raise ValueError("a frame is out of order")
    frame = SlopeUnits(units)
    reads = set() if frame.first is None else set(network.layer(frame.first).weights)
    inputs = network.input_size if reads == {network.input_name} else None
    constraints = len(network.domain.constraints) if network.domain else 0
    return CaseProof(frame, _case_tree(frame, form["tree"], [], constraints, inputs))


def _case_tree(
    frame: SlopeUnits, form: Json, path: list[int], constraints: int, inputs: int | None
) -> Tree:
    """`inputs`: how many the first layer of the frame reads, if it reads nothing else."""
    if len(path) > MAX_TREE_DEPTH:
        raise ValueError("a tree is too deep")
    if isinstance(form, dict):
        alpha, beta = (
            {frame.place(_index(k, frame.size)): _multiplier(v) for k, v in _pairs(form[name])}
            for name in ("alpha", "beta")
        )
        return ExactLeaf(
            alpha, beta, {_index(k, constraints): _multiplier(v) for k, v in _pairs(form["gamma"])}
        )
    first, second, third, *rest = as_list(form)
    if isinstance(first, str):
        return _read_leaf(frame, as_list(form), len(path), inputs)
    if rest:
        raise ValueError("a node of a tree is malformed")
    number = _index(first, frame.size)
    if number in path:
        raise ValueError("a unit is split twice")
    deeper = [*path, number]
    active, inactive = (
        _case_tree(frame, case, deeper, constraints, inputs) for case in (second, third)
    )
    return Split(*frame.place(number), active, inactive)


def _read_leaf(frame: SlopeUnits, form: list[Json], depth: int, inputs: int | None) -> Leaf:
    slopes, *rest = form
    betas, gammas, hull = as_list(rest[0]), as_list(rest[1]), rest[2:]
    data = np.frombuffer(binascii.a2b_base64(as_text(slopes), strict_mode=True), dtype="<u2")
    if len(data) != frame.size or len(betas) not in (0, depth) or len(hull) > 1:
        raise ValueError("a leaf does not fit its tree")
    beta, gamma = (
        tuple(abs(float.fromhex(as_text(v))) for v in values) for values in (betas, gammas)
    )
    return Leaf(
        data.astype(np.float64) / SLOPE_UNITS,
        beta,
        gamma,
        _hull(frame, as_text(hull[0]), inputs) if hull else None,
    )


def _hull(frame: SlopeUnits, text: str, inputs: int | None) -> Hull:
    if inputs is None or frame.first is None:
        raise ValueError("a hull has no first layer")
    levels = (
        np.frombuffer(binascii.a2b_base64(text, strict_mode=True), dtype=np.int8).astype(np.float64)
        / HULL_UNITS
    )
    size = len(frame.units[frame.first])
    if len(levels) != size + 2 * inputs or (levels < -MOST_LEVEL / HULL_UNITS).any():
        raise ValueError("a hull does not fit its layer")
    return Hull(levels[:size], levels[size : size + inputs], levels[size + inputs :])


def _box_tree(form: list[Json], claims: int, network: Network, layer: str, depth: int) -> BoxTree:
    if depth > MAX_TREE_DEPTH or len(form) not in (1, 4, 5):
        raise ValueError("a tree of boxes is malformed")
    named = [v if isinstance(v, list) else [v] for v in as_list(form[0])]
    proved = tuple(_index(v[0], claims) for v in named)
    cases = {
        claim: _slopes_on_box(network, layer, v)
        for claim, v in zip(proved, named, strict=True)
        if len(v) > 1
    }
    if len(form) == 1:
        return BoxTree(proved, cases=cases)
    one, other = (_box_tree(as_list(part), claims, network, layer, depth + 1) for part in form[-2:])
    if len(form) == 5:
        at = float(parse_rational(as_text(form[2])))
        split = BoxSplit(_index(form[1], network.input_size), at, one, other)
        return BoxTree(proved, split, cases=cases)
    word, unit = as_list(form[1])
    name = as_text(word)
    if name not in network.cone(layer) or not network.layer(name).is_relu:
        raise ValueError(f"{name!r} is no relu layer below {layer}")
    own = UnitSplit(name, _index(unit, network.layer(name).size), one, other)
    return BoxTree(proved, own, cases=cases)


def _slopes_on_box(network: Network, layer: str, named: list[Json]) -> CaseProof:
    """The cases of [claim, frame, cases], of which there is one, with slopes alone."""
    _, frame, tree = named
    proof = _read_proof(network, layer, {"frame": frame, "tree": tree})
    leaf = proof.tree
    if not isinstance(leaf, Leaf) or leaf.gamma or leaf.hull is not None:
        raise ValueError("a box has slopes for its claims, and nothing else")
    return proof


def _pairs(form: Json) -> list[tuple[Json, Json]]:
    """A list of lists of two. Raises TypeError or ValueError if it is none."""
    pairs = []
    for pair in as_list(form):
        first, second = as_list(pair)
        pairs.append((first, second))
    return pairs


def _multiplier(text: Json) -> Fraction:
    value = parse_rational(str(text))
    if value < 0:
        raise ValueError("a multiplier is negative")
    return value


def _index(value: Json, size: int) -> int:
    if type(value) is not int or not 0 <= value < size:
        raise ValueError(f"{value!r} is no index below {size}")
    return value


def _read_side(value: Json) -> Side:
    for side in Side:
        if value == side.written:
            return side
    raise ValueError(f"{value!r} is no side")
