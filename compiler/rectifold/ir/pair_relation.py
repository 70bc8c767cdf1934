"""How the second point of a pair follows from the first, as a property says it.

    2 ≤ x' ≤ 3,  x' = 2 x + 1      P = 2, p = 1, and the step s = x' − P x − p is 0
    x' ≥ x                         P = 1, p = 0, and s ≥ 0
    x of 2 inputs, x' of 3         P = 0, p = 0 where no equation says more

Any choice is sound, for s is what is left of x'; a good one makes s constant.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from rectifold.ir.domain import Domain
from rectifold.ir.property import Property, Related, Terms

_Form = tuple[Terms, Fraction]  # Σ c x + constant


def relation_of(asked: Property, inputs: int) -> Related | None:
    """What every part says of x' = (the inputs from number `inputs` on); None for x' = x + s."""
    others = asked.parts[0].domain.size - inputs
    found = [_Equations(part.domain, inputs) for part in asked.parts]
    forms = [_form(found, k, is_square=inputs == others) for k in range(others)]
    related = Related(tuple(row for row, _ in forms), tuple(offset for _, offset in forms))
    return None if related == Related.same(inputs) else related


def _form(parts: list[_Equations], k: int, *, is_square: bool) -> _Form:
    """What x'_k is near: the same input of x, if nothing else is said."""
    same = _same_input(k)
    common = [form for form in parts[0].of(k) if all(form in own.of(k) for own in parts[1:])]
    if is_square and (same in common or not common):
        return same
    return common[0] if common else ((), Fraction(0))


def _same_input(k: int) -> _Form:
    """x_k."""
    return ((k, Fraction(1)),), Fraction(0)


class _Equations:
    """The equations of one domain that say what one input of x' is."""

    def __init__(self, domain: Domain, inputs: int) -> None:
        self.domain, self.inputs = domain, inputs
        self.found: dict[int, list[_Form]] = {}
        sides: dict[tuple[int, _Form], int] = {}
        for k, form, side in self._bounds():
            sides[k, form] = sides.get((k, form), 0) | side
        for (k, form), side in sides.items():
            if side == 3:
                self.found.setdefault(k, []).append(form)

    def of(self, k: int) -> list[_Form]:
        """The forms that x'_k is equal to; a number last, or x_k where that is the same number."""
        value, forms = self.domain.fixed.get(self.inputs + k), self.found.get(k, [])
        if value is None:
            return forms
        if k < self.inputs and self.domain.fixed.get(k) == value:
            return [*forms, _same_input(k)]
        return [*forms, ((), value)]

    def _bounds(self) -> Iterator[tuple[int, _Form, int]]:
        """(k, form, 1) for x'_k ≤ form and (k, form, 2) for x'_k ≥ form."""
        for row in self.domain.constraints:
            terms = [(k, c) for k, c in enumerate(row.coefficients) if c]
            second = [(k, c) for k, c in terms if k >= self.inputs]
            if len(second) == 1:
                ((k, c),) = second
                first = tuple((j, -d / c) for j, d in terms if j < self.inputs)
                yield k - self.inputs, (first, row.bound / c), 1 if c > 0 else 2
