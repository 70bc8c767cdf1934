"""A domain as people say it, for a model with its own shape.

    "[0,1]"   Domain   (0, 1)   (lower, upper)   (x0, 1/8)   Ball(x0, radii)   →   Domain

Of a pair, two numbers or two arrays are the ends of a box, and an array with a number is a ball in
the maximum norm: |x − x0| ≤ radius, entry by entry. A number with an array is refused, since it
could be either, and so is a list of lists, which could be ends or one range per input. Sound
because every float is the number that its bits say: 0.1 is the float64 nearest to a tenth; text and
Fractions say the tenth itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from rectifold.errors import InputError
from rectifold.exact.numerals import counted, readable
from rectifold.formats.load import Loaded, read_domain
from rectifold.ir.domain import Domain
from rectifold.objects.column_names import require_columns
from rectifold.objects.numbers import array_of, fractions_of, numbers_of
from rectifold.prover.cascade import require_domain

_FORMS = (
    'text such as "[0,1]", a Domain, (lower, upper), (x0, radius) or Ball(x0, radius); '
    "Domain.of(X) is the box of a data set"
)


@dataclass(frozen=True, eq=False)
class Ball:
    """All x with |x − x0| ≤ radius, entry by entry: a number, or an array of x0's shape."""

    x0: object
    radius: object


def domain_of(given: object, loaded: Loaded) -> Domain:
    """The domain that `given` says of the model that was read; None is the network's own.

    Arrays have the shape of the model's input, with or without the batch of one, or are flat. An
    end may be infinite. Raises InputError.
    """
    if given is None:
        return require_domain(loaded.network, None)
    if isinstance(given, str):
        return read_domain(given, loaded.network)
    parts = (given.x0, given.radius) if isinstance(given, Ball) else given
    for part in parts if isinstance(parts, tuple) else ():
        require_columns(part, loaded.interface)
    if isinstance(given, Domain):
        return _fitting(given, loaded.network.input_size)
    if isinstance(given, Ball):
        return _ball(given, loaded)
    if isinstance(given, tuple) and len(given) == 2:
        return _pair(given[0], given[1], loaded)
    if isinstance(given, list):
        return _listed(given, loaded)
    raise InputError(f"{_named(given)} is no domain; give {_FORMS}")


def shape_of(given: object) -> tuple[int, ...] | None:
    """The shape of the arrays that a domain is said by; None where there are none.

    Raises InputError for arrays that are none.
    """
    if isinstance(given, Ball):
        given = (given.x0, 0)
    if not isinstance(given, tuple | list) or len(given) != 2:
        return None
    shapes = [array_of(part, name).shape for part, name in zip(given, _ENDS, strict=True)]
    return next((shape for shape in shapes if shape), None)


_ENDS = ("the first part of the domain", "the second part of the domain")


def _named(given: object) -> str:
    kind = type(given).__name__
    if isinstance(given, tuple | list):
        return f"a {kind} of {counted(len(given), 'entry', 'entries')}"
    return f"{'an' if kind[:1].lower() in 'aeiou' else 'a'} {kind}"


def _listed(given: Sequence[object], loaded: Loaded) -> Domain:
    """A list of two numbers. Raises InputError for any other: it could be ends or ranges."""
    if len(given) == 2 and not any(array_of(part, _ENDS[0]).ndim for part in given):
        return _pair(given[0], given[1], loaded)
    raise InputError(
        f"the domain is a list of {counted(len(given), 'entry', 'entries')}, which could be ends "
        'or ranges; give the tuple (lower, upper), or ranges as text, such as "[[0,1],[-1,1]]"'
    )


def _fitting(domain: Domain, size: int) -> Domain:
    if domain.size != size:
        raise InputError(
            f"the domain has {counted(domain.size, 'range')}, but the network has "
            f"{counted(size, 'input')}"
        )
    return domain


def _pair(first: object, second: object, loaded: Loaded) -> Domain:
    """Two numbers or two arrays: a box; an array and a number: a ball."""
    one, two = array_of(first, _ENDS[0]), array_of(second, _ENDS[1])
    if one.ndim and not two.ndim:
        return _ball(Ball(first, second), loaded)
    if two.ndim and not one.ndim:
        raise InputError(
            "the domain is a number and an array; give (lower, upper) as two numbers or two "
            "arrays, or (x0, radius) with the array first"
        )
    lower = _entries(one, loaded, "lower")
    upper = _entries(two, loaded, "upper")
    return Domain(
        tuple(_end(v, k, "lower", -math.inf) for k, v in enumerate(lower)),
        tuple(_end(v, k, "upper", math.inf) for k, v in enumerate(upper)),
    )


def _end(value: Fraction | float, k: int, name: str, open_end: float) -> Fraction | None:
    """An end of a range; None where it is the infinity of its own side."""
    if isinstance(value, Fraction):
        return value
    if value == open_end:
        return None
    raise InputError(f"entry {k} of {name} is {value}; a number or {open_end} is expected")


def _ball(ball: Ball, loaded: Loaded) -> Domain:
    centre = array_of(ball.x0, "x0")
    if not centre.ndim and loaded.network.input_size != 1:
        raise InputError(
            f"x0 is one number, but the network has {counted(loaded.network.input_size, 'input')}; "
            "give the point as an array"
        )
    shaped(centre, loaded, "x0")
    points = fractions_of(centre, "x0")
    radius = array_of(ball.radius, "the radius")
    if radius.ndim and radius.shape != centre.shape:
        raise InputError(
            f"the radius has the shape {radius.shape}, and x0 has {centre.shape}; give a number, "
            "or an array of x0's shape"
        )
    radii = fractions_of(np.broadcast_to(radius, centre.shape), "the radius")
    for k, r in enumerate(radii):
        if r < 0:
            raise InputError(
                f"entry {k} of the radius is {readable(r)}; it is how far x may be from x0, at "
                "least 0 (a box is two arrays, or two numbers)"
            )
    return Domain(
        tuple(p - r for p, r in zip(points, radii, strict=True)),
        tuple(p + r for p, r in zip(points, radii, strict=True)),
    )


def _entries(array: np.ndarray, loaded: Loaded, what: str) -> list[Fraction | float]:
    """One number per input; a single number stands for every input."""
    if not array.ndim:
        return numbers_of(array) * loaded.network.input_size
    return numbers_of(shaped(array, loaded, what))


def shaped(array: np.ndarray, loaded: Loaded, what: str) -> np.ndarray:
    """`array`, if it has the shape of one input of the model, with or without its batch of one, or
    is flat. Raises InputError that names `what` and the shapes.
    """
    size = loaded.network.input_size
    shapes = [*input_shapes(loaded), (size,)]
    if array.ndim and array.shape not in shapes:
        texts = " or ".join(str(shape) for shape in dict.fromkeys(shapes))
        raise InputError(f"{what} has the shape {array.shape}; the model's input has {texts}")
    return array


def require_shape(loaded: Loaded, said: int | Sequence[int] | None) -> None:
    """Raises InputError where `said` is not the shape of the model's input, with its batch or
    without, nor its size; None says nothing.
    """
    if said is None:
        return
    sizes = (
        (int(said),) if isinstance(said, int | np.integer) else tuple(int(size) for size in said)
    )
    shapes = [*input_shapes(loaded), (loaded.network.input_size,)]
    if sizes not in shapes:
        texts = " or ".join(str(shape) for shape in dict.fromkeys(shapes))
        raise InputError(
            f"input_shape= is {sizes}, but the model's input has the shape {texts}; leave it out, "
            "it is for models that do not say their shape"
        )


def input_shapes(loaded: Loaded) -> Sequence[tuple[int, ...]]:
    """The shapes that one input of the model may have: with its batch of one, and without it.

    None where it has several inputs: their values, one after the other, are one flat array.
    """
    size = loaded.network.input_size
    if loaded.interface is None:
        return [(1, size), (size,)]
    if len(loaded.interface.inputs) != 1:
        return []
    ((first, *rest),) = (port.shape or (1,) for port in loaded.interface.inputs)
    whole = tuple(d for d in rest if isinstance(d, int))  # the reader refuses any other
    batch = first if isinstance(first, int) else 1
    return [(batch, *whole), whole] if batch == 1 else [(batch, *whole)]
