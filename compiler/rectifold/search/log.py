"""The proof log: what was proved is appended to a file, for a later run to prove again.

    {"key": digest of network and domain, "entry": …}        what was proved (facts/serialise)
    {"key": …, "points": [["0x1.8p-1", …], …]}               where signs were seen

Several networks and several machines may share a file (`runtime/logs`). Nothing here is believed:
an entry is bounded again (`replay`), and signs at a point are looked at again.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from rectifold.errors import InputError
from rectifold.exact.conversion import Floats
from rectifold.facts.entries import Entry
from rectifold.facts.serialise import entry_json, read_entry
from rectifold.ir.canonical import digest, domain_text
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.runtime.json import JsonObject, as_list, as_object, as_text
from rectifold.runtime.logs import LogFile


class ProofLog:
    """The lines of a file that are about one network on one domain."""

    def __init__(self, path: Path, network: Network, domain: Domain) -> None:
        """Raises InputError unless the file is a log, or none is there and one can be."""
        self.network = network.with_domain(domain)
        self.file = LogFile(path, f"{digest(network)} {domain_text(domain)}")

    def entries(self) -> list[Entry]:
        """In the order of the file. What is no entry of ours is passed over."""
        return list(self._parse())

    def points(self) -> Floats:
        """Points at which signs were seen, k×n: hints, to be evaluated again."""
        found = [np.zeros((0, self.network.input_size))]
        for form in self.file.lines():
            try:
                found.append(self._read_points(form))
            except (ValueError, TypeError, KeyError):
                continue
        points = np.vstack(found)
        return points[np.isfinite(points).all(axis=1)]

    def append(self, entry: Entry) -> None:
        """One line, written at once: an interrupted run keeps what it had."""
        self.file.append({"entry": entry_json(entry)})

    def append_points(self, points: Floats) -> None:
        """Points at which a search saw signs."""
        self.file.append({"points": [[float(v).hex() for v in row] for row in points]})

    def _parse(self) -> Iterator[Entry]:
        for form in self.file.lines():
            try:
                yield read_entry(self.network, as_object(form["entry"]))
            except (ValueError, TypeError, KeyError, IndexError, RecursionError, InputError):
                continue  # not ours, or not whole

    def _read_points(self, form: JsonObject) -> Floats:
        listed = [as_list(row) for row in as_list(form["points"])]
        rows = [[float.fromhex(as_text(v)) for v in row] for row in listed]
        return np.array(rows, dtype=np.float64).reshape(len(rows), self.network.input_size)
