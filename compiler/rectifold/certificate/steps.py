"""The steps of a certificate as values: one type per step of FORMAT.md, and how each is written.

    Alias(UnitRef(1, 2, 0), UnitRef(0, 2, 3), Fraction(1))    is    ["alias", [1,2,0], [0,2,3], "1"]

Nothing is claimed here. The checker reads what `json` writes and believes none of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from rectifold.facts.serialise import box_tree_lists, case_tree_lists
from rectifold.facts.side import Side
from rectifold.facts.trees import BoxProof, BoxTree, CaseProof
from rectifold.ir.network import Network
from rectifold.ir.unit_pairing import Pairing
from rectifold.runtime.json import Json

FactKind = Literal["h", "hz", "lo", "up", "top", "ch"]
Multiplier = Fraction | float  # a float is written in hexadecimal and read exactly


@dataclass(frozen=True)
class UnitRef:
    """A unit of network 0 (A), 1 (B) or 2 (the gap network); layers count from 1, units from 0."""

    net: int
    layer: int
    index: int

    def json(self) -> Json:
        return [self.net, self.layer, self.index]


class Numbering:
    """How a certificate names the layers and units of network number `net`."""

    def __init__(self, network: Network, net: int) -> None:
        self.net = net
        self.numbers = {layer.name: k for k, layer in enumerate(network.layers, start=1)}

    def layer(self, name: str) -> int:
        """A layer's number, from 1."""
        return self.numbers[name]

    def unit(self, name: str, index: int) -> UnitRef:
        """A unit of a layer, as certificates name it."""
        return UnitRef(self.net, self.numbers[name], index)


# ---- proofs by multipliers ----------------------------------------------------------------------


@dataclass(frozen=True)
class UnitFact:
    """A form that is nonnegative by what is known of a unit, times `multiplier` > 0."""

    kind: FactKind
    unit: UnitRef
    multiplier: Multiplier

    def json(self) -> Json:
        return [self.kind, self.unit.json(), _number(self.multiplier)]


@dataclass(frozen=True)
class DomainFact:
    """Linear constraint number `row` of the domain, times `multiplier` > 0."""

    row: int
    multiplier: Fraction

    def json(self) -> Json:
        return ["dom", self.row, _number(self.multiplier)]


Fact = UnitFact | DomainFact


@dataclass(frozen=True)
class LeafProof:
    """The target is nonnegative, less the sum of these facts."""

    facts: tuple[Fact, ...] = ()

    def json(self) -> Json:
        return {"l": [fact.json() for fact in self.facts]}


@dataclass(frozen=True)
class SplitProof:
    """One proof where z ≥ 0, one where z ≤ 0."""

    unit: UnitRef
    active: MultiplierProof
    inactive: MultiplierProof

    def json(self) -> Json:
        return {"s": self.unit.json(), "p": self.active.json(), "n": self.inactive.json()}


MultiplierProof = LeafProof | SplitProof


# ---- steps --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class BoundStep:
    """value ≤ z (side LOWER) or z ≤ value (UPPER), with multipliers."""

    unit: UnitRef
    side: Side
    value: Fraction
    proof: MultiplierProof = LeafProof()  # an immutable value

    def json(self) -> list[Json]:
        return ["bound", self.unit.json(), self.side.written, str(self.value), self.proof.json()]


@dataclass(frozen=True, eq=False)
class CasesStep:
    """The same by substitution in every leaf of a tree; without one, once, with the default slopes.

    `numbering` names the layers of the tree's frame.
    """

    unit: UnitRef
    side: Side
    value: Fraction
    proof: CaseProof | None = None
    numbering: Numbering | None = None

    def json(self) -> list[Json]:
        frame: list[Json] = []
        tree: list[Json] = ["", [], []]
        if self.proof is not None:
            assert self.numbering is not None
            frame = [
                [self.numbering.layer(name), units.tolist()]
                for name, units in self.proof.frame.units.items()
                if len(units)
            ]
            tree = case_tree_lists(self.proof, self.proof.tree)
        return ["cases", self.unit.json(), self.side.written, str(self.value), frame, tree]


@dataclass(frozen=True)
class TrustedStep:
    """A bound that rests on somebody's word, and is counted as such."""

    unit: UnitRef
    side: Side
    value: Fraction
    who: str

    def json(self) -> list[Json]:
        return ["trusted", self.unit.json(), self.side.written, str(self.value), self.who]


@dataclass(frozen=True)
class IntervalsStep:
    """The bounds of a whole layer, from those of what it reads."""

    net: int
    layer: int

    def json(self) -> list[Json]:
        return ["intervals", self.net, self.layer]


@dataclass(frozen=True, eq=False)
class BoxesStep:
    """Signs of units of one layer, each proved on some box of every path of a tree."""

    numbering: Numbering
    layer: int
    proof: BoxProof

    def json(self) -> list[Json]:
        claims: list[Json] = [[unit, side.written, "0"] for unit, side in self.proof.claims]
        tree = box_tree_lists(self.proof.tree, self.numbering.numbers)
        return ["boxes", self.numbering.net, self.layer, claims, tree]


@dataclass(frozen=True)
class AliasStep:
    """z of `unit` is `ratio` > 0 times z of `earlier`."""

    unit: UnitRef
    earlier: UnitRef
    ratio: Fraction

    def json(self) -> list[Json]:
        return ["alias", self.unit.json(), self.earlier.json(), str(self.ratio)]


@dataclass(frozen=True)
class MirrorStep:
    """z of `unit` is −`ratio` < 0 times z of `earlier`."""

    unit: UnitRef
    earlier: UnitRef
    ratio: Fraction

    def json(self) -> list[Json]:
        return ["mirror", self.unit.json(), self.earlier.json(), str(self.ratio)]


@dataclass(frozen=True)
class PairsStep:
    """Layers of A and B whose units are close, one by one."""

    pairing: Pairing

    def json(self) -> list[Json]:
        pairs: list[Json] = []
        for pair in self.pairing:
            layers: list[Json] = [pair.first + 1, pair.second + 1]
            if pair.of_first:
                layers += [list(pair.of_first), list(pair.of_second)]
            pairs.append(layers)
        return ["pairs", pairs]


@dataclass(frozen=True)
class WorkStep:
    """The checker needs no more than so many words of work from here on."""

    words: int

    def json(self) -> list[Json]:
        return ["work", self.words]


@dataclass(frozen=True)
class CellsStep:
    """The gap network is nonpositive at the vertices of this many cells, each unit affine."""

    count: int

    def json(self) -> list[Json]:
        return ["cells", self.count]


@dataclass(frozen=True)
class BendsStep:
    """The same, and only the outputs are affine on each of the cells."""

    count: int

    def json(self) -> list[Json]:
        return ["bends", self.count]


@dataclass(frozen=True, eq=False)
class SlopesStep:
    """Conditions on a step, (case, condition), that are never met, by a tree of boxes."""

    claims: tuple[tuple[int, int], ...]
    tree: BoxTree

    def json(self) -> list[Json]:
        claims: list[Json] = [list(claim) for claim in self.claims]
        return ["slopes", claims, box_tree_lists(self.tree)]


@dataclass(frozen=True)
class PrecisionStep:
    """Fractional bits of the rules that round, from here on."""

    bits: int

    def json(self) -> list[Json]:
        return ["precision", self.bits]


@dataclass(frozen=True)
class FinalStep:
    """The comparison of the outputs, which ends a certificate; per output number two proofs."""

    # proofs that the difference is at least -eps, and that it is at most eps
    proofs: Mapping[int, tuple[MultiplierProof, MultiplierProof]] = field(default_factory=dict)

    def json(self) -> list[Json]:
        outputs: dict[str, Json] = {
            str(j): {"ge": above.json(), "le": below.json()}
            for j, (above, below) in self.proofs.items()
        }
        return ["final", outputs]


CertificateStep = (
    BoundStep
    | CasesStep
    | TrustedStep
    | IntervalsStep
    | BoxesStep
    | AliasStep
    | MirrorStep
    | PairsStep
    | WorkStep
    | CellsStep
    | BendsStep
    | SlopesStep
    | PrecisionStep
    | FinalStep
)


def tie_of(unit: UnitRef, earlier: UnitRef, ratio: Fraction) -> AliasStep | MirrorStep:
    """z of `unit` is `ratio` ≠ 0 times z of `earlier`: an alias, or a mirror image."""
    kind = AliasStep if ratio > 0 else MirrorStep
    return kind(unit, earlier, abs(ratio))


def _number(value: Multiplier) -> str:
    return value.hex() if isinstance(value, float) else str(value)
