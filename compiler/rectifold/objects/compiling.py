"""A model compiled in the form that takes the fewest bytes where it came from, and certified.

    loaded, domain, what is wanted   →   facts   →   the smallest form   →   its certificate

Sound because each form is a rewriting of the source, certified as any (objects/gain.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from rectifold.approximate.approximating import Wish, approximate_network
from rectifold.approximate.budget import parse_margin, parse_within
from rectifold.approximate.goal import Goal
from rectifold.approximate.largest_output import keep_argmax
from rectifold.certificate.leaving_out import CertifiedCompile
from rectifold.emitters.precision import usual_precision
from rectifold.emitters.table import drop_in_format
from rectifold.errors import InputError
from rectifold.formats.load import Loaded
from rectifold.ir.domain import Domain
from rectifold.objects.choices import Allowed, CompileChoices
from rectifold.objects.gain import Form, Writing, certified_form, smallest_form
from rectifold.operations.compiling import compile_network, proved
from rectifold.passes.result import Options
from rectifold.prover.state import Prover
from rectifold.runtime.deadline import Deadline
from rectifold.runtime.run import Limits, Progress, Run


@dataclass(frozen=True)
class Wanted:
    """What `compile` may be told besides the model and the domain; functions.py says each."""

    certify: bool = True
    larger: bool = False
    options: Options = Options()
    check: bool = False
    deadline: Deadline = Deadline()
    prover: Prover = "auto"
    limits: Limits = Limits()
    seed: int = 0
    progress: Progress | None = None
    within: Allowed = None
    max_units: int | None = None
    max_weights: int | None = None
    keep_argmax: bool = False
    margin: str | float | Fraction = 0

    @property
    def is_approximate(self) -> bool:
        """May it be another function? Raises InputError for goals that do not go together."""
        if self.keep_argmax and (self.check or self.goal is not None):
            raise InputError(
                "keep_argmax=True does not go with check=, within=, max_units= or max_weights=: "
                "choose one of them"
            )
        if self.margin != 0 and not self.keep_argmax:
            raise InputError("margin= goes with keep_argmax=True")
        return self.keep_argmax or self.goal is not None

    @property
    def goal(self) -> Goal | None:
        """What an approximation is to reach; None: the same function is wanted.

        Raises InputError for what is no tolerance or no size, and beside `check`.
        """
        if self.within is None and self.max_units is None and self.max_weights is None:
            return None
        if self.check:
            raise InputError(
                "check=True compares values that stay the same; it does not go with within=, "
                "max_units= or max_weights=: leave it out"
            )
        within = None if self.within is None else parse_within(self.within)
        return Goal(within, self.max_units, self.max_weights)


def wanted_from(loaded: Loaded, choices: CompileChoices) -> Wanted:
    """What is wanted of a model, with the options for it where none are given.

    An approximation is to have few weights: it is sparse.
    """
    wanted = Wanted(**choices)
    if "options" in choices:
        return wanted
    options = options_for(loaded)
    if wanted.is_approximate:
        options = replace(options, objective="weights")
    return replace(wanted, options=options)


def compiled_form(
    loaded: Loaded, domain: Domain, wanted: Wanted
) -> tuple[Form, CertifiedCompile | None]:
    """The form of the result, and what certifies it; None where that was not wanted, or where the
    deadline passes before.
    """
    if wanted.is_approximate:
        return _approximated(loaded, domain, wanted)
    writing = None if wanted.larger or wanted.check else _writing(loaded)
    form = (
        _whole(loaded, domain, wanted)
        if writing is None
        else _smallest(loaded, domain, wanted, writing)
    )
    if not wanted.certify:
        return form, None
    if wanted.progress is not None:
        wanted.progress("making and checking the certificate", 0, 0)
    return certified_form(form, writing, wanted.options, wanted.deadline)


def _approximated(
    loaded: Loaded, domain: Domain, wanted: Wanted
) -> tuple[Form, CertifiedCompile | None]:
    """Another function, all of it rewritten."""
    run = Run(wanted.limits, wanted.seed, wanted.progress)
    wish = Wish(
        wanted.options, wanted.prover, wanted.certify, wanted.deadline, wanted.deadline, run
    )
    if (goal := wanted.goal) is not None:
        found = approximate_network(loaded.network, domain, goal, wish)
    else:
        found = keep_argmax(loaded.network, domain, parse_margin(wanted.margin), wish)
    return Form(found.shown, approximation=found), found.certified_compile


def options_for(loaded: Loaded) -> Options:
    """A model that computes in floats becomes one again; a network of exact numbers stays one."""
    if loaded.interface is None:
        return Options()
    from rectifold.formats.onnx_drop_in import arithmetic_of  # onnx takes 0.3 s to import

    is_double = arithmetic_of(loaded.interface) == "float64"
    return Options(leaky=not is_double, precision="float64" if is_double else "float32")


def _writing(loaded: Loaded) -> Writing | None:
    """How the result is written as ONNX; None where it does not take the place of a model."""
    if loaded.interface is None:
        return None
    chosen, interface, _ = drop_in_format("onnx", loaded.interface)
    if interface is None:
        return None
    precision = usual_precision(chosen) or "float64"
    return Writing(loaded.network.name, interface, chosen, precision)


def _whole(loaded: Loaded, domain: Domain, wanted: Wanted) -> Form:
    return Form(
        compile_network(
            loaded.network,
            domain,
            prover=wanted.prover,
            options=wanted.options,
            check=wanted.check,
            deadline=wanted.deadline,
            limits=wanted.limits,
            seed=wanted.seed,
            progress=wanted.progress,
        )
    )


def _smallest(loaded: Loaded, domain: Domain, wanted: Wanted, writing: Writing) -> Form:
    source = loaded.network.with_domain(domain)
    facts = proved(
        source,
        prover=wanted.prover,
        deadline=wanted.deadline,
        limits=wanted.limits,
        seed=wanted.seed,
        progress=wanted.progress,
    )
    return smallest_form(source, facts, writing, wanted.options, wanted.deadline)
