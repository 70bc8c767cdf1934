"""A certificate as a file: a header that binds both networks, the steps, and the final comparison.

    {"format":…,"a":…,"b":…,"eps":…,"result":…}
    ["alias",[1,1,0],[0,1,2],"1"]                 one step a line
    ["final",{}]

rectifold_check/FORMAT.md defines what each line means.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from rectifold.bounds.agreed import BITS, MOST_BITS
from rectifold.certificate.steps import CertificateStep, FinalStep, PrecisionStep
from rectifold.exact.numerals import counted
from rectifold.ir.canonical import digest, digested_text
from rectifold.ir.network import Network
from rectifold.runtime.files import write_files
from rectifold.runtime.json import JsonObject
from rectifold_check.limits import WORDS_PER_SECOND
from rectifold_check.work import Work

FORMAT = "rectifold-certificate/1"
CHAIN_FORMAT = "rectifold-chain/1"
GAP = 2  # what certificates call the network [A − B − eps; B − A − eps]


@dataclass(frozen=True, eq=False)
class Certificate:
    """The lines of a certificate file."""

    lines: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<Certificate of {len(self.lines)} lines>"

    @property
    def text(self) -> str:
        """What the file holds."""
        return "\n".join(self.lines) + "\n"

    @property
    def work(self) -> int:
        """Words of work that must be permitted for its check, where it says that it needs more than
        its length allows.

        0 where it does not say so. Of a chain: of all its links; those before the last that says so
        may have used all that their length allows.
        """
        said = [k for k, line in enumerate(self.lines) if line.startswith('["work",')]
        words = sum(int(json.loads(self.lines[k])[1]) for k in said)
        before = sum(map(len, self.lines[: said[-1]])) if said and said[-1] > 1 else 0
        return words + int(Work(before).allowed) if before else words

    @property
    def work_text(self) -> str:
        """How somebody else checks it, where more must be permitted for that; else empty."""
        if not self.work:
            return ""
        minutes = max(1, round(self.work / WORDS_PER_SECOND / 60))
        return (
            f"to check it takes {counted(minutes, 'minute')} or so, which must be permitted: "
            f"rectifold check NET CERTIFICATE --work {self.work}"
        )

    def save(self, path: str | Path, *, force: bool = False) -> Path:
        """Writes the file, which `rectifold check NET FILE` replays; where it is.

        Raises InputError if there is one already, unless `force`.
        """
        target = Path(path)
        write_files({target: self.text.encode()}, force=force)
        return target

    def with_more_bits(self, more: int) -> Certificate:
        """The same steps, the checker rounding to `more` fractional bits beyond those they name.

        At most MOST_BITS; of a chain, in every link.
        """
        lines: list[str] = []
        is_first_step = False
        for line in self.lines:
            lines += _more_precise(line, more) if is_first_step else [line]
            is_first_step = line.startswith("{") and "links" not in json.loads(line)
        return Certificate(tuple(lines))


def _more_precise(first: str, more: int) -> list[str]:
    """The first step of a certificate, after or instead of one that says the bits."""
    bits, others = BITS, [first]
    match json.loads(first):
        case ["precision", int() as known]:
            bits, others = known, []
    wanted = min(MOST_BITS, bits + more)
    return [written_step(PrecisionStep(wanted)), *others] if wanted > BITS else others


def certificate_of(
    a: Network,
    b: Network,
    steps: Iterable[CertificateStep],
    tolerance: Sequence[Fraction] | None = None,
) -> Certificate:
    """The certificate with these steps. `tolerance`: per output, without it they are equal."""
    lines = (written_step(step) for step in (*steps, FinalStep()))
    return Certificate((header(a, b, tolerance), *lines))


def header(a: Network, b: Network, tolerance: Sequence[Fraction] | None = None) -> str:
    """The first line: B itself, the digests of both, and the tolerance per output."""
    eps = [str(eps) for eps in tolerance or [Fraction(0)] * a.output_size]
    return _header({"format": FORMAT}, a, b, {"eps": eps})


def margin_header(a: Network, b: Network, margin: Fraction) -> str:
    """The same for a certificate about the largest output."""
    return _header({"format": FORMAT}, a, b, {"margin": str(margin)})


def chain_header(a: Network, b: Network, goal: Sequence[Fraction] | Fraction, links: int) -> str:
    """The first line of a chain of so many certificates. `goal`: per output, or a margin."""
    form: JsonObject = {"format": CHAIN_FORMAT, "links": links}
    if isinstance(goal, Fraction):
        return _header(form, a, b, {"margin": str(goal)})
    return _header(form, a, b, {"eps": [str(eps) for eps in goal]})


def _header(form: JsonObject, a: Network, b: Network, goal: JsonObject) -> str:
    """With the digests, the goal, and B itself."""
    text, digest_b = digested_text(b)
    about = {"a": digest(a), "b": digest_b} | goal | {"result": text}
    return json.dumps(form | about, separators=(",", ":"))


def written_step(step: CertificateStep) -> str:
    """One line of a certificate."""
    return json.dumps(step.json(), separators=(",", ":"))
