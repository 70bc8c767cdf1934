"""The log of a count: how many regions parts of the domain have, for a later run to go on from.

    {"key": digest of network and domain, "part": digest of its cells, "regions": 1234}

A part is known by what its cells are, exactly; parts that this version cuts otherwise are counted
anew. The numbers are taken at their word: only a count could check them.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from rectifold.errors import InputError
from rectifold.ir.canonical import digest, domain_text
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.runtime.logs import LogFile


class CountLog:
    """The lines of a file that are about the regions of one network on one domain."""

    def __init__(self, path: Path, network: Network, domain: Domain) -> None:
        """Raises InputError unless the file is a log, and it is new or has such lines."""
        self.file = LogFile(path, f"regions {digest(network)} {domain_text(domain)}")
        if self.file.is_of_others():
            raise InputError(
                f"the log {path} is about other networks, domains or questions: none of its lines "
                "counts regions of this network on this domain; give --log another name, or the "
                "network and the domain of the run that wrote it"
            )

    def counts(self) -> dict[str, int]:
        """Regions per part. What is no number of regions is passed over."""
        found = {}
        for form in self.file.lines():
            part, regions = form.get("part"), form.get("regions")
            if isinstance(part, str) and isinstance(regions, int) and regions > 0:
                found[part] = regions
        return found

    def append(self, part: str, regions: int) -> None:
        """A part has so many regions, all of them."""
        self.file.append({"part": part, "regions": regions})


def part_name(texts: Sequence[str]) -> str:
    """A digest of a part's cells, which its texts say exactly."""
    return sha256("\n".join(sorted(texts)).encode("ascii")).hexdigest()
