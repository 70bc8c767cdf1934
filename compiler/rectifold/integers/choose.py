"""The integers of a network, with what is certified about them: the smallest words that suffice.

    words 16/16, 16/32, 32/32   →   scales, one proof that nothing overflows, two bounds

One scale per unit or one per layer, and bits that inputs and values leave free for the weights:
what gives the smallest bound is taken, measured by that bound itself.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import inf

import numpy as np

from rectifold.bounds.interval import Interval
from rectifold.bounds.substitution import bounded
from rectifold.bounds.threads import on_few_threads
from rectifold.effort.integers import IntegerEffort
from rectifold.errors import InputError, asked
from rectifold.exact.numerals import about, at_most, counted
from rectifold.integers.bound import Joined
from rectifold.integers.network import IntegerNetwork
from rectifold.integers.scales import Choice, integer_network
from rectifold.integers.sums import overflowing
from rectifold.integers.words import Words
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network


@dataclass(frozen=True)
class Tried:
    """Words that were not taken: the bound that was found with them, inf where numbers do not fit.

    `given_up`: the domain might have been split further, in the time that was left.
    """

    words: Words
    bound: float
    given_up: bool

    @property
    def fits(self) -> bool:
        """Do the numbers fit, so that there is a bound?"""
        return self.bound < inf

    def told(self) -> dict[str, str | float | bool]:
        """With stable keys. Precondition: the numbers fit."""
        return {"words": str(self.words), "error_bound": self.bound, "given_up": self.given_up}

    def __str__(self) -> str:
        if not self.fits:
            return f"{self.words}: numbers do not fit"
        early = ", given up early" if self.given_up else ""
        return f"{self.words}: at most {at_most(self.bound, 3)}{early}"


@dataclass(frozen=True, eq=False)
class Certified:
    """A network in integers, and per output two certified bounds of |code - network|.

    `at_grid`: at every accepted grid point. `rounded`: at every real point of the domain, the code
    at the grid point nearest to it. `tried`: smaller words that did not meet what was asked for.
    """

    code: IntegerNetwork
    at_grid: tuple[float, ...]
    rounded: tuple[float, ...]
    tried: tuple[Tried, ...] = ()

    @property
    def per_output(self) -> tuple[float, ...]:
        """Per output the larger bound."""
        return tuple(map(max, self.at_grid, self.rounded))

    @property
    def worst(self) -> float:
        """The larger of all."""
        return max(self.per_output, default=0.0)


@on_few_threads
def certified_integers(
    network: Network,
    domain: Domain | None,
    words: Sequence[Words],
    max_error: Fraction | None = None,
    seconds: float = IntegerEffort.split_seconds,
) -> Certified:
    """The network in the first of these words with which every output is off by at most
    `max_error`; without one, in the first of them.

    `seconds`: how long the domain is split for each of them; for all but the last less, where that
    will not do by what is seen of it. Raises InputError without a bounded
    domain, where values do not fit their words, and where no words suffice.
    """
    box = _require_bounded(network, domain)
    _require_size(network)
    values = _values(network, box)
    tried: list[Tried] = []
    for chosen in words:
        found, given_up = _best(network, box, values, chosen), False
        if found is not None and max_error is not None and found.worst > max_error:
            until = (max_error, time.monotonic() + seconds)
            found, given_up = _split(network, box, found, until, gives_up=chosen is not words[-1])
        if found is not None and (max_error is None or found.worst <= max_error):
            return replace(found, tried=tuple(tried))
        tried.append(Tried(chosen, inf if found is None else found.worst, given_up))
    raise InputError(_refusal(tried, max_error))


def _require_bounded(network: Network, domain: Domain | None) -> Domain:
    if domain is not None and domain.is_bounded:
        return domain
    found = "states no domain" if domain is None else "has a domain without ends"
    raise InputError(
        f"{network.name} {found}, and integers need the range of every value; give a bounded one, "
        f"for example {asked('domain', '[0,1]')}"
    )


def _require_size(network: Network) -> None:
    """Raises InputError where the bound would need more memory than is reasonable."""
    values = sum(layer.size for layer in network.layers)
    entries = values * (2 * network.input_size + values)
    if entries > IntegerEffort.noise_entries:
        raise InputError(
            f"{network.name} has {counted(values, 'unit')} and "
            f"{counted(network.input_size, 'input')}, which is too many to bound what each "
            "rounding does to the outputs; compile it to a smaller one first, or write floats "
            f"({asked('to', 'c')})"
        )


def _refusal(tried: Sequence[Tried], max_error: Fraction | None) -> str:
    best, largest = min(tried, key=lambda one: one.bound), tried[-1].words
    if not best.bound < inf:
        return (
            f"no scales were found with which every value fits ({largest}): the range of some "
            "value on the domain is too large, or no bound of it is known; give a smaller domain"
        )
    assert max_error is not None
    others = [str(one) for one in tried if one is not best]
    also = f" (tried too: {'; '.join(others)})" if others else ""
    wider = "" if largest.weight == 32 else ", or c-int32"
    return (
        f"an error of at most {about(max_error)} is certified with no words of up to "
        f"{largest.value} bits: {at_most(best.bound, 3)} is ({best.words}); allow that "
        f"much, or give a smaller domain{wider}{also}"
    )


def _values(network: Network, domain: Domain) -> dict[str, Interval]:
    """Bounds of what each layer passes on, on the box."""
    bounds = bounded(network, Domain(domain.lower, domain.upper), {})
    return {layer.name: bounds.passed_on(layer.name) for layer in network.layers}


def _best(
    network: Network, domain: Domain, values: dict[str, Interval], words: Words
) -> Certified | None:
    """The choice of scales with the smallest bound; None where nothing fits."""

    def tried(choice: Choice) -> Certified | None:
        return _certified(network, domain, values, choice)

    found = [(tried(c), c) for c in (Choice(words), Choice(words, per_unit=False))]
    fitting = [(one, c) for one, c in found if one is not None]
    if not fitting:
        return None
    best, choice = min(fitting, key=lambda pair: pair[0].worst)
    for name in (network.input_name, *(v.name for v in network.layers[:-1])):
        for bits in range(1, IntegerEffort.spare_bits + 1):
            other = replace(choice, spare={**choice.spare, name: bits})
            one = tried(other)
            if one is None or not one.worst < best.worst:
                break
            best, choice = one, other
    return best


def _certified(
    network: Network, domain: Domain, values: dict[str, Interval], choice: Choice
) -> Certified | None:
    for room in IntegerEffort.headrooms:
        code = integer_network(network, domain, values, replace(choice, headroom=room))
        joined = Joined.of(network, code, domain, rounds_inputs=False)
        at_grid = joined.at_once()
        if overflowing(code, joined) is None:
            rounded = Joined.of(network, code, domain, rounds_inputs=True).at_once()
            return Certified(code, _tuple(at_grid), _tuple(rounded))
    return None


def _split(
    network: Network,
    domain: Domain,
    found: Certified,
    until: tuple[Fraction, float],
    *,
    gives_up: bool,
) -> tuple[Certified, bool]:
    """The same code with better bounds, by splitting the domain; whether that was given up.

    `until`: the error that is wanted, and a deadline of time.monotonic.
    """
    wanted, deadline = until
    target = float(np.nextafter(float(wanted), -np.inf))

    def split(known: Certified, *, rounds_inputs: bool) -> tuple[tuple[float, ...], bool]:
        ends = known.rounded if rounds_inputs else known.at_grid
        if max(ends, default=0.0) <= target:
            return ends, False
        joined = Joined.of(network, known.code, domain, rounds_inputs=rounds_inputs)
        better, given_up = joined.by_splitting(target, deadline, gives_up=gives_up)
        return tuple(np.minimum(ends, better).tolist()), given_up

    rounded, given_up = split(found, rounds_inputs=True)
    found = replace(found, rounded=rounded)
    if max(rounded, default=0.0) > wanted:
        return found, given_up
    at_grid, given_up = split(found, rounds_inputs=False)
    return replace(found, at_grid=at_grid), given_up


def _tuple(values: np.ndarray) -> tuple[float, ...]:
    return tuple(values.tolist())
