"""The log of a list of regions: what parts of the domain have, for a later run to go on from.

    {"key": digest of network and domain, "part": digest of its cells, "sum": digest of the rest,
     "columns": integer columns that regions share, "regions": what each has, by their numbers}

A part is known by what its cells are, exactly; parts that this version cuts otherwise are listed
anew, and so is a part whose line is not as it was written. What a line says is taken at its word.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path

from rectifold.errors import InputError
from rectifold.ir.canonical import digest, domain_text
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.linear_regions.polytope import Polytope, column_text
from rectifold.linear_regions.region import AnyRegion, PointRegion, Region
from rectifold.runtime.json import Json, JsonObject, as_list, as_object, as_text
from rectifold.runtime.logs import LogFile

Column = tuple[int, ...]
Columns = dict[Column, int]  # a column of integers → its number in a line


class ListLog:
    """The lines of a file that list regions of one network on one domain."""

    def __init__(self, path: Path, network: Network, domain: Domain) -> None:
        """Raises InputError unless the file is a log, and it is new or has such lines."""
        self.file = LogFile(path, f"list of regions {digest(network)} {domain_text(domain)}")
        self.layers = [(layer.name, layer.size) for layer in network.relu_layers]
        if self.file.is_of_others():
            raise InputError(
                f"the log {path} is about other networks, domains or questions: none of its lines "
                "lists regions of this network on this domain (a count has lines of its own); "
                "give --log another name, or the network and the domain of the run that wrote it"
            )

    def parts(self) -> dict[str, list[AnyRegion]]:
        """The regions of each part. A line that is not as it was written is passed over."""
        found = {}
        for line in self.file.lines():
            part, body = line.get("part"), line.get("listed")
            if isinstance(part, str) and isinstance(body, dict) and line.get("sum") == _sum(body):
                try:
                    found[part] = self._read(body)
                except (TypeError, ValueError, LookupError):
                    continue  # another version's, or made by hand
        return found

    def append(self, part: str, regions: Sequence[AnyRegion]) -> None:
        """A part has these regions, all of them."""
        columns: Columns = {}
        written = [self._written(region, columns) for region in regions]
        body: JsonObject = {
            "columns": [column_text(column) for column in columns],
            "regions": written,
        }
        self.file.append({"part": part, "sum": _sum(body), "listed": body})

    def _written(self, region: AnyRegion, columns: Columns) -> JsonObject:
        """A region; its columns of integers go into `columns`, once each."""
        common: JsonObject = {
            "phases": "".join("".join(map(str, region.phases[name])) for name, _ in self.layers),
            "forms": _numbers([tuple(form) for form in region.forms], columns),
            "den": f"{region.den:x}",
        }
        if isinstance(region, PointRegion):
            (inside,) = _numbers([region.inside], columns)
            return common | {"inside": inside, "rows": _numbers(region.rows, columns)}
        corners = region.polytope
        return common | {
            "corners": _numbers(corners.vertices, columns),
            "tight": [f"{mask:x}" for mask in corners.masks],
            "constraints": corners.constraints,
        }

    def _read(self, body: JsonObject) -> list[AnyRegion]:
        """The regions of a line, as they were written."""
        columns = [_column(as_text(text)) for text in as_list(body["columns"])]
        return [self._region(as_object(form), columns) for form in as_list(body["regions"])]

    def _region(self, form: JsonObject, columns: Sequence[Column]) -> AnyRegion:
        phases, start = {}, 0
        raw = bytes(map(int, as_text(form["phases"])))
        for name, size in self.layers:
            phases[name] = raw[start : start + size]
            start += size
        forms = [list(column) for column in _columns(form["forms"], columns)]
        den = int(as_text(form["den"]), 16)
        if "inside" in form:
            (inside,) = _columns([form["inside"]], columns)
            return PointRegion(phases, forms, den, inside, tuple(_columns(form["rows"], columns)))
        corners = _columns(form["corners"], columns)
        tight = [int(as_text(mask), 16) for mask in as_list(form["tight"])]
        (constraints,) = _whole([form["constraints"]])
        return Region(phases, forms, den, Polytope.of(corners, tight, constraints))


# ---- inside --------------------------------------------------------------------------------------


def _sum(body: JsonObject) -> str:
    """A digest that tells a line that was changed."""
    return sha256(json.dumps(body, sort_keys=True).encode("ascii")).hexdigest()


def _numbers(wanted: Iterable[Column], columns: Columns) -> list[int]:
    """Their numbers in a line; a new one comes last."""
    return [columns.setdefault(column, len(columns)) for column in wanted]


def _columns(numbers: Json, columns: Sequence[Column]) -> list[Column]:
    return [columns[number] for number in _whole(numbers)]


def _whole(numbers: Json) -> list[int]:
    """A list of integers; else TypeError."""
    found = [number for number in as_list(numbers) if isinstance(number, int)]
    if len(found) != len(as_list(numbers)):
        raise TypeError("integers are expected")
    return found


def _column(text: str) -> Column:
    """What `column_text` has written."""
    return tuple(int(v, 16) for v in text.split())
