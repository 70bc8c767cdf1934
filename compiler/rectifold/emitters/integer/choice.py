"""The integers in which a format writes a network, with what is certified of them.

    c-int16, c-int32                    all words of the format
    with max_error=E                    the smallest words, up to those, that meet E

None for a format of floats, which cannot be asked for an error.
"""

from __future__ import annotations

from fractions import Fraction

from rectifold.emitters.table import FORMATS
from rectifold.errors import InputError, asked
from rectifold.formats.float_range import require_integers
from rectifold.integers.choose import Certified, certified_integers
from rectifold.integers.words import words_of
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network


def require_max_error(chosen: str, max_error: Fraction | None) -> None:
    """Raises InputError where the format cannot be asked for an error, and for one below 0."""
    if max_error is None:
        return
    if not FORMATS[chosen].words:
        able = "|".join(one.name for one in FORMATS.values() if one.words)
        raise InputError(
            f"no error can be asked of the format {chosen}, which chooses no words; leave out "
            f"max_error=, or write {asked('to', able)}"
        )
    if max_error < 0:
        raise InputError(f"the error that is asked for, {max_error}, is negative")


def integers_of(
    network: Network,
    domain: Domain | None,
    chosen: str,
    max_error: Fraction | None,
    seconds: float | None = None,
) -> Certified | None:
    """What the format writes; None for a format of floats.

    `seconds`: how long to split the domain for an error that is asked for; None: as usual. Raises
    InputError as `certified_integers` does.
    """
    words = FORMATS[chosen].words
    if not words:
        return None
    require_integers(network)
    able = words_of(words, smaller=max_error is not None)
    if seconds is None:
        return certified_integers(network, domain, able, max_error)
    return certified_integers(network, domain, able, max_error, seconds)
