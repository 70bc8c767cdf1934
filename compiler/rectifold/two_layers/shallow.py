"""Shallow networks: the same function, or nearly, with at most two hidden layers.

    all linear regions → an exact form (inputs read in up to five directions, or sums of maxima),
    gated forms (any number), and the hidden units of each side by side

Sound because the exact forms check every jump of the function exactly, and gated forms say where
they may be wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypedDict, Unpack, assert_never

from rectifold.effort.geometry import REGION_EFFORT
from rectifold.errors import InputError
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.linear_regions.compare import compare_by_regions
from rectifold.runtime.run import Limits, Progress, Run
from rectifold.runtime.shown import Plotted
from rectifold.two_layers.exact_form import ExactForm, ExactSearch
from rectifold.two_layers.exact_search import all_regions, is_shallow
from rectifold.two_layers.gates import GATE_KINDS, Gates
from rectifold.two_layers.hyper.watch import Watch

Kind = Literal["exact", "three", "source", "classic", "core", "centred"]
KINDS: tuple[Kind, ...] = ("exact", "three", "source", *GATE_KINDS)
EXACT_KINDS: tuple[Kind, ...] = ("exact", "three", "source")  # the same function as the source


@dataclass(frozen=True, eq=False)
class Shallow(Plotted):
    """A network with at most two hidden layers (of kind "three" three). `exact`: the same function
    as the source.

    `alternatives` maps each kind to its hidden units per layer. `statement` says what holds and how
    it was shown; `regions` is the number of the source's linear regions.
    """

    source: Network
    network: Network
    kind: Kind
    exact: bool
    statement: str
    alternatives: dict[str, list[int]]
    regions: int
    seconds: float

    @property
    def hidden(self) -> list[int]:
        return self.network.hidden_sizes()

    def __repr__(self) -> str:
        sizes = "-".join(map(str, self.hidden)) or "none"
        return f"<Shallow {self.kind}: hidden units {sizes}; {self.statement}>"


class FormChoices(TypedDict, total=False):
    """The fields of a `WantedForm` that a caller may name one by one, as keywords."""

    kind: Kind | None
    accuracy: Fraction
    gain: Fraction | None


@dataclass(frozen=True)
class WantedForm:
    """Which form is wanted. Raises InputError for a number that is not positive.

    `kind` None: the smaller of "source" (a network that is shallow already) and "exact" where there
    is one, "centred" otherwise. Gates are exact but for at most the share `accuracy` of
    the volume of the domain's box, or have the M that `gain` gives.
    """

    kind: Kind | None = None
    accuracy: Fraction = Fraction(1, 100)
    gain: Fraction | None = None

    def __post_init__(self) -> None:
        if self.accuracy <= 0:
            raise InputError(
                f"the accuracy {self.accuracy} is not positive: gated networks leak on a set of "
                "positive volume"
            )
        if self.gain is not None and self.gain <= 0:
            raise InputError(f"the gain {self.gain} is not positive")


def shallow_network(
    network: Network,
    domain: Domain,
    *,
    seconds: float | None = None,
    progress: Progress | None = None,
    **choices: Unpack[FormChoices],
) -> Shallow:
    """A network with at most two hidden layers for `network` on `domain`.

    `choices`: the fields of `WantedForm`. Raises Unfinished when `seconds` end the search for
    regions, and InputError as `shallow_form` does.
    """
    run = Run(Limits(seconds), progress=progress)
    return shallow_form(network, domain, WantedForm(**choices), run)


def shallow_form(
    network: Network,
    domain: Domain,
    wanted: WantedForm = WantedForm(),
    run: Run = Run(),
    certified_regions: int = 0,
) -> Shallow:
    """The wanted form of `network` on `domain`; the run is told what is being done.

    A network of up to `certified_regions` is not compared with its form region by region: the
    caller lets a certificate do it. An exact form that is not asked for has a part of the time.

    Raises Unfinished when the run's seconds end the search for regions, InputError when there is no
    such form: an unbounded or flat domain, more than five free inputs without HiGHS, a place that
    the construction does not cover, or a deep network asked to return itself.
    """
    started = run.clock()
    seconds = run.limits.seconds
    whole = Watch(run, None if seconds is None else started + seconds)
    restriction, regions = all_regions(network, domain, whole)
    exact, why_not = None, ""
    if wanted.kind not in GATE_KINDS:
        is_required = wanted.kind in ("exact", "three")
        layers = 3 if wanted.kind == "three" else 2
        search = ExactSearch(_exact_watch(whole, is_required), is_required, layers)
        exact, why_not = search.form_or_why(restriction, regions)
    run.tell("the forms of all linear regions", 0, 0)
    source = network.with_domain(domain)
    exact_kind: Kind = "three" if wanted.kind == "three" else "exact"
    is_compared = len(regions) > certified_regions
    forms = _Forms(source, exact, exact_kind, Gates(regions), why_not, is_compared)
    alternatives = forms.sizes()
    kind = wanted.kind or _smallest(alternatives)
    result, statement = forms.form(kind, wanted, whole)
    is_exact = kind in EXACT_KINDS
    seconds = run.clock() - started
    return Shallow(source, result, kind, is_exact, statement, alternatives, len(regions), seconds)


def _exact_watch(whole: Watch, is_required: bool) -> Watch:
    """From now on: a form that is not asked for leaves half of the time to gated ones."""
    left, effort = whole.seconds_left, whole.run.effort.shallow
    if left is None:
        left = effort.required_seconds if is_required else effort.exact_seconds
    elif not is_required:
        left *= effort.exact_part
    return Watch(whole.run, whole.run.clock() + left)


@dataclass(frozen=True, eq=False)
class _Forms:
    """What there is to choose from: the source itself, an exact form or why none, and gates."""

    source: Network
    exact: ExactForm | None
    exact_kind: Kind
    gates: Gates
    why_not: str
    is_compared: bool

    @property
    def is_shallow(self) -> bool:
        """Is the source a form itself?"""
        return is_shallow(self.source)

    def sizes(self) -> dict[str, list[int]]:
        """Hidden units per layer, by kind."""
        sizes: dict[str, list[int]] = {}
        if self.is_shallow:
            sizes["source"] = self.source.hidden_sizes()
        if self.exact is not None:
            sizes[self.exact_kind] = self.exact.network.hidden_sizes()
        return sizes | self.gates.sizes()

    def form(self, kind: Kind, wanted: WantedForm, watch: Watch) -> tuple[Network, str]:
        """The form of this kind, and what holds of it. Raises InputError if it is not there."""
        match kind:
            case "source":
                if not self.is_shallow:
                    raise InputError(
                        f"{self.source.name} has more than two hidden layers, "
                        "so it is no shallow network itself"
                    )
                return self.source, "the source has at most two hidden layers"
            case "exact" | "three":
                assert self.exact is not None
                if not self.is_compared:
                    return self.exact.network, self.exact.statement
                return self.exact.network, _proof(self.exact, watch)
            case "classic" | "core" | "centred":
                gates, gain = self.gates, wanted.gain
                gated = (
                    gates.build(kind, wanted.accuracy)
                    if gain is None
                    else gates.with_gain(kind, gain)
                )
                none = f"; no exact form: {self.why_not}" if self.why_not else ""
                return gated.network, gated.statement + none
            case _:
                assert_never(kind)


def _smallest(sizes: dict[str, list[int]]) -> Kind:
    """The smaller of "source" and "exact", where they are there; else "centred"."""
    if "source" not in sizes:
        return "exact" if "exact" in sizes else "centred"
    if "exact" in sizes and sum(sizes["exact"]) < sum(sizes["source"]):
        return "exact"
    return "source"


def _proof(exact: ExactForm, watch: Watch) -> str:
    """What shows that the result is exact, by a comparison in the time that is left.

    Raises AssertionError if it is not, which would be a bug.
    """
    source, form = exact.pair
    if form is source or exact.directions > REGION_EFFORT.vertex_inputs:
        return exact.statement
    domain, seconds = source.domain, watch.seconds_left
    assert domain is not None
    limits = Limits(watch.run.effort.shallow.proof_seconds if seconds is None else seconds)
    outcome = compare_by_regions(source, form, domain, run=Run(limits))
    if outcome.point is not None:
        raise AssertionError("the shallow network differs from its source")
    if outcome.complete:
        return f"{exact.statement}, and equal on each of {outcome.regions} common regions"
    some = f" (and on the first {outcome.regions} common regions)" if outcome.regions else ""
    return f"{exact.statement}{some}"
