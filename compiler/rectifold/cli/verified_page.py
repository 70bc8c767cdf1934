"""The page of `verify`: the answer with its point, its certificate or its bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rectifold.cli.pages import command_line, point_sections, recheck_command, state_of
from rectifold.equivalence.answers import Closest, Comparison, Different, Equal
from rectifold.ir.domain import Domain
from rectifold.reports.pages.about import answer_page, certificate_section
from rectifold.reports.pages.model import Page, Section


@dataclass(frozen=True)
class Compared:
    """The files of two networks, the domain as it was given, and where the certificate is kept."""

    a: str
    b: str
    domain_spec: str | None
    certificate: str | None

    @property
    def title(self) -> str:
        return f"{Path(self.a).name} and {Path(self.b).name}"

    def certified(self, status: str) -> Section:
        """How the certificate stands, and how it is replayed."""
        recheck = recheck_command(self.a, self.certificate, self.domain_spec)
        return certificate_section(status, recheck)


def verified_page(
    files: Compared, domain: Domain, lines: Sequence[str], result: Comparison, status: int
) -> Page:
    """The answer with its point or its certificate."""
    sections: list[Section] = []
    if isinstance(result, Different):
        sections += point_sections(result.point)
    if isinstance(result, Equal) and result.certificate is not None:
        sections.append(files.certified(result.replayed or "not replayed"))
    where = domain.describe()
    return answer_page(files.title, where, lines, state_of(status), sections, command_line())


def closest_page(files: Compared, domain: Domain, lines: Sequence[str], found: Closest) -> Page:
    """The bounds of the largest difference, and their certificate."""
    sections = [files.certified(found.replayed or "not replayed")]
    return answer_page(files.title, domain.describe(), lines, "holds", sections, command_line())
