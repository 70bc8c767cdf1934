"""A smaller network and the property file for it, for other verifiers.

    f, property   →   g = f on the property's domain, no number of g rounded   the same verdict
                  →   |f − g| ≤ ε there, the conditions moved by ε             "holds" carries over

Tried in this order, with the floats of the source first, then float64: every rewrite; only rewrites
that need no other numbers. What is rounded at last is the network after those; or after every
rewrite, where that is asked for, which leaves fewer units.

Sound because the checker accepts a certificate about the network in the file itself, whose weights
are floats, and about a domain that contains all parts of the property.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from rectifold.certificate.accepted import require_accepted
from rectifold.certificate.chain import Link, certify_chain
from rectifold.certificate.file import Certificate
from rectifold.certificate.leaving_out import CertifiedCompile, certify_what_holds
from rectifold.equivalence.certified import certify_tolerance
from rectifold.equivalence.question import Question
from rectifold.equivalence.quick import quick_bound
from rectifold.errors import InputError
from rectifold.exact.matrix import Matrix
from rectifold.ir.leaky import leaky_form
from rectifold.ir.network import Layer, Network
from rectifold.ir.property import Property
from rectifold.ir.property_edits import moved_outward, region_of
from rectifold.ir.stored_floats import is_in_range, not_stored, numbers_beyond, rounded_matrix
from rectifold.operations.compiling import Compiled, proved, rewrite
from rectifold.passes.accuracy import Precision
from rectifold.passes.result import Options
from rectifold.prover.state import Settings
from rectifold.runtime.deadline import Deadline
from rectifold.runtime.run import Run


@dataclass(frozen=True)
class Way:
    """One way to rewrite: the floats, and whether rewrites that need other numbers are left out."""

    kind: Precision
    without_rounding: bool

    @property
    def options(self) -> Options:
        """For the rewriting."""
        stored = self.kind if self.without_rounding else None
        return Options(leaky=self.kind == "float32", precision=self.kind, stored=stored)


@dataclass(frozen=True)
class Smaller:
    """What every rewrite would leave: so many units, and whether numbers would be rounded."""

    units: int
    is_rounded: bool


@dataclass(frozen=True, eq=False)
class Reduced:
    """`network` is what the file holds, in floats of `way.kind`; `stated` is the property for it.

    `compiled`: the rewriting that led to it. `moved`: by how much each output may differ from the
    source's; () where none does. `trusted`: claims of the certificate that rest on a solver's word.
    `smaller`: what every rewrite would leave in float64, where that is fewer units.
    """

    network: Network
    way: Way
    stated: Property
    compiled: Compiled
    moved: tuple[Fraction, ...]
    certificate: Certificate
    trusted: int
    smaller: Smaller | None = None


@dataclass(frozen=True)
class Wanted:
    """Float types of the file, the one that is wanted first; `every`: every rewrite, even where it
    needs numbers that have to be rounded.
    """

    kinds: Sequence[Precision]
    every: bool = False

    @property
    def ways(self) -> list[Way]:
        """In the order in which they are tried."""
        left_out = (False,) if self.every else (False, True)
        return [Way(kind, left) for kind in self.kinds for left in left_out]


def reduced(
    network: Network,
    stated: Property,
    wanted: Wanted,
    settings: Settings,
    deadline: Deadline = Deadline(),
    checked: Deadline = Deadline(),
) -> Reduced:
    """The first that is found for which the property is as good as for `network`.

    `stated`: what the property file of the result says, if nothing is moved. `deadline`: of proofs
    and rewriting; `checked`: when a certificate must be checked.

    Raises InputError where nothing can be shown (numbers have to be rounded, and the domain has no
    ends), TimeUp at the deadline of the check, ClaimRefused for a fault of ours.
    """
    source, run = network.with_domain(region_of(stated)), settings.run
    facts = proved(
        source, prover=settings.prover, deadline=deadline, limits=run.limits,
        seed=run.seed, progress=run.progress,
    )  # fmt: skip
    for way in wanted.ways:
        compiled = rewrite(source, facts, way.options, deadline=deadline)
        if is_stored(compiled.network, way.kind):
            known = certify_what_holds(compiled, way.options, checked)
            if is_stored(known.compiled.network, way.kind):
                smaller = _smaller(known.compiled, way, deadline)
                return replace(_same(known, way, stated), smaller=smaller)
    return _moved(compiled, way, stated, run, checked)


def _smaller(compiled: Compiled, way: Way, deadline: Deadline) -> Smaller | None:
    """What every rewrite leaves in float64, if that is fewer units than this result has."""
    if not way.without_rounding:
        return None
    options = Way("float64", False).options
    made = rewrite(compiled.source, compiled.facts, options, deadline=deadline).network
    if made.sizes.units >= compiled.network.sizes.units:
        return None
    return Smaller(made.sizes.units, not is_stored(made, "float64"))


def is_stored(network: Network, kind: Precision) -> bool:
    """Is no number rounded where the network is written in floats of this type?

    In float32 a pair of mirrored units is written as one with a slope, which is a number too.
    """
    if kind == "float64":
        return not not_stored(network, kind)
    form = leaky_form(network)
    slopes = [Matrix.column(values) for values in form.slopes.values()]
    return not not_stored(form.network, kind) and not any(numbers_beyond(m, kind) for m in slopes)


def _same(known: CertifiedCompile, way: Way, stated: Property) -> Reduced:
    compiled, verdict = known.compiled, known.verdict
    return Reduced(compiled.network, way, stated, compiled, (), known.certificate, verdict.trusted)


def _moved(compiled: Compiled, way: Way, stated: Property, run: Run, checked: Deadline) -> Reduced:
    """The result rounded, and the property moved by how far that may be from the source: a chain of
    the exact result and of what rounding does to it.

    Raises InputError without ends of the domain, and ClaimRefused.
    """
    domain = compiled.facts.domain
    if not domain.is_bounded:
        raise InputError(
            f"numbers of {compiled.source.name} have to be rounded to {way.kind}, and "
            f"{stated.name} does not bound every input, so there is no bound on what that does; "
            "give each X_k a lower and an upper end"
        )
    known = certify_what_holds(compiled, way.options, checked)
    exact = known.compiled.network
    _require_range(exact, way.kind)
    network = _rounded(exact, way.kind)
    question = Question.of(exact, network, domain)
    effort = run.effort.properties
    few = question.varying_inputs <= run.effort.equivalence.few_inputs
    found = quick_bound(question, run, effort.boxes_of_few_inputs if few else effort.boxes)
    moved, rounding, _ = certify_tolerance(question, _raised(found.upper, run), found, run)
    nothing = (Fraction(0),) * network.output_size
    certificate = certify_chain(
        [
            Link(compiled.source, exact, nothing, known.certificate),
            Link(exact, network, moved, rounding),
        ]
    )
    verdict = require_accepted(compiled.source, network, domain, certificate, checked)
    stated = moved_outward(stated, moved)
    return Reduced(network, way, stated, known.compiled, moved, certificate, verdict.trusted)


def _raised(upper: tuple[Fraction, ...], run: Run) -> Iterator[tuple[Fraction, ...]]:
    """The bound, and it raised by what the checker's rounding may ask."""
    yield upper
    for bits in run.effort.equivalence.room_bits:
        yield tuple(v + Fraction(1, 2**bits) for v in upper)


def _require_range(network: Network, kind: Precision) -> None:
    """Raises InputError for numbers that no float comes near."""
    for layer in network.layers:
        if not all(is_in_range(m, kind) for m in (layer.bias, *layer.weights.values())):
            raise InputError(
                f"layer {layer.name} has a weight beyond the range of {kind}, so no ONNX file can "
                "hold it; scale the network"
            )


def _rounded(network: Network, kind: Precision) -> Network:
    """Every weight and bias as the nearest float."""
    layers = [
        Layer(
            layer.name,
            layer.activation,
            rounded_matrix(layer.bias, kind),
            {source: rounded_matrix(weight, kind) for source, weight in layer.weights.items()},
        )
        for layer in network.layers
    ]
    return Network(
        network.input_name, network.input_size, layers, network.output, network.domain, network.name
    )
