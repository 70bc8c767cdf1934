"""The proof log: what was proved is appended to a file, and a later run proves it again instead of
searching.

A line is {"key": digest of network and domain, "entry": …} (facts/serialise). Several networks and
several machines may share a file. Lines of other networks are passed over, and so are lines that
are cut off or make no sense; an entry that is read is bounded again with the slopes, multipliers
and boxes it names, on the ends known by then, so that a log cannot make anything true.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rectifold.bounds.exactly import ExactCase, exact_backward
from rectifold.bounds.phases import cases_of
from rectifold.bounds.state import Bounds
from rectifold.bounds.substitution import backward
from rectifold.errors import InputError
from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.exact.numerals import round_up
from rectifold.facts.entries import BoxTreeSigns, Entry, ProvedBounds
from rectifold.facts.methods import Method
from rectifold.facts.serialise import entry_json, read_entry
from rectifold.facts.side import Side
from rectifold.facts.trees import BoxProof, CaseProof, Leaf, leaves_of
from rectifold.ir.canonical import digest, domain_text
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.runtime.files import append_line
from rectifold.runtime.json import JsonObject, as_list, as_object, as_text
from rectifold.runtime.targets import refuse_existing, require_beginning
from rectifold.search.boxes.again import prove_again

BEGINNING = b'{"key":'  # of every line of a log


class ProofLog:
    """The lines of a file that are about one network on one domain."""

    def __init__(self, path: Path, network: Network, domain: Domain) -> None:
        self.path = path
        self.network = network.with_domain(domain)
        self.key = hashlib.sha256(
            f"{digest(network)} {domain_text(domain)}".encode("ascii")
        ).hexdigest()
        _require_log(path)

    def entries(self) -> list[Entry]:
        """In the order of the file. What is no entry of ours is passed over."""
        return list(self._parsed())

    def points(self) -> Floats:
        """Points at which signs were seen, k×n: hints, to be evaluated again."""
        found = [np.zeros((0, self.network.input_size))]
        for form in self._lines():
            try:
                rows = [
                    [float.fromhex(as_text(v)) for v in as_list(row)]
                    for row in as_list(form["points"])
                ]
                found.append(
                    np.array(rows, dtype=np.float64).reshape(len(rows), self.network.input_size)
                )
            except (ValueError, TypeError, KeyError):
                continue
        points = np.vstack(found)
        return points[np.isfinite(points).all(axis=1)]

    def _parsed(self) -> Iterator[Entry]:
        for form in self._lines():
            try:
                yield read_entry(self.network, as_object(form["entry"]))
            except (ValueError, TypeError, KeyError, IndexError, RecursionError, InputError):
                continue  # not ours, or not whole

    def _lines(self) -> Iterator[JsonObject]:
        if not self.path.exists():
            return
        try:
            text = self.path.read_text(encoding="ascii", errors="replace")
        except OSError as error:
            raise InputError(f"cannot read the log {self.path}: {error.strerror}") from None
        for line in text.splitlines():
            if self.key not in line:
                continue
            try:
                form = json.loads(line)
            except (ValueError, RecursionError):
                continue  # cut off by an interrupt
            if isinstance(form, dict) and form.get("key") == self.key:
                yield form

    def append(self, entry: Entry) -> None:
        """One line, written at once: an interrupted run keeps what it had."""
        self._write({"entry": entry_json(entry)})

    def append_points(self, points: Floats) -> None:
        """Points at which a search saw signs."""
        self._write({"points": [[float(v).hex() for v in row] for row in points]})

    def _write(self, form: JsonObject) -> None:
        append_line(
            self.path, json.dumps({"key": self.key} | form, separators=(",", ":")).encode("ascii")
        )


def _require_log(path: Path) -> None:
    """Raises InputError unless the file is a log, or none is there and one can be: nothing else is
    appended to.
    """
    try:
        refuse_existing(path, force=True)
    except InputError as error:
        raise InputError(f"the log cannot be written: {error}") from None
    require_beginning(path, BEGINNING, "--log")


@dataclass(frozen=True, eq=False)
class BoundClaim:
    """sign·z ≤ bounds for units of a layer, proved again; `signs` is the tree of boxes behind it,
    if that is the proof.
    """

    sign: int
    units: Indices
    bounds: Floats
    method: Method
    proofs: Sequence[CaseProof] = ()
    signs: BoxTreeSigns | None = None


def repeated(bounds: Bounds, entry: ProvedBounds | BoxTreeSigns) -> Iterator[BoundClaim]:
    """What the entry proves on the ends known now."""
    if isinstance(entry, BoxTreeSigns):
        yield from _boxes_again(bounds, entry)
        return
    sign = entry.side.sign
    if entry.method is Method.LINEAR:
        yield BoundClaim(
            sign,
            entry.units,
            backward(bounds, entry.layer, entry.units, float(sign)).upper,
            entry.method,
        )
    elif entry.method is Method.EXACT_LINEAR:
        exact = [
            round_up(exact_backward(bounds, entry.layer, k, sign)) for k in entry.units.tolist()
        ]
        yield BoundClaim(sign, entry.units, np.array(exact), entry.method)
    elif entry.method is Method.CASES:
        found = [
            bound_of_cases(bounds, entry.layer, unit, sign, proof)
            for unit, proof in zip(entry.units.tolist(), entry.proofs, strict=True)
        ]
        yield BoundClaim(sign, entry.units, np.array(found), entry.method, entry.proofs)


def bound_of_cases(bounds: Bounds, layer: str, unit: int, sign: int, proof: CaseProof) -> float:
    """An upper bound of sign·z: the worst leaf of a tree, each bounded rigorously (or exactly)."""
    straddling = {v: np.nonzero(bounds.of(v).straddles)[0] for v in proof.frame.units}
    if any(not np.isin(units, straddling[v]).all() for v, units in proof.frame.units.items()):
        return np.inf  # ends are tighter by now, and the tree speaks of units that are stable
    leaves = list(leaves_of(proof.tree))
    rounded = [(path, leaf) for path, leaf in leaves if isinstance(leaf, Leaf)]
    worst = -np.inf
    if rounded:
        rows = np.full(len(rounded), unit, dtype=np.int64)
        cases = cases_of(proof.frame, rounded)
        worst = float(backward(bounds, layer, rows, float(sign), cases=cases).upper.max())
    for path, leaf in leaves:
        if not isinstance(leaf, Leaf):
            case = ExactCase(
                {(name, k): phase for name, k, phase in path}, leaf.alpha, leaf.beta, leaf.gamma
            )
            worst = max(worst, round_up(exact_backward(bounds, layer, unit, sign, case=case)))
    return worst


def _boxes_again(bounds: Bounds, entry: BoxTreeSigns) -> Iterator[BoundClaim]:
    holds = prove_again(bounds, entry.layer, entry.proof)
    claims = tuple(claim for claim, kept in zip(entry.proof.claims, holds, strict=True) if kept)
    if not claims or len(claims) < len(entry.proof.claims):
        return  # a tree that lost a claim is found again by the search
    signs: BoxTreeSigns | None = BoxTreeSigns(entry.layer, BoxProof(claims, entry.proof.tree))
    for side in Side:
        units = np.array([unit for unit, s in claims if s is side], dtype=np.int64)
        if len(units):
            yield BoundClaim(side.sign, units, np.zeros(len(units)), Method.BOXES, (), signs)
            signs = None
