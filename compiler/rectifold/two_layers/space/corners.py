"""Step 1 of three inputs: units that take the corner of every vertex, as few as are found.

Derivation: docs/mathematics.md#three-inputs.

    a vertex where u, w and z are 0: z + a relu(u) + b relu(w + c relu(u)), b ≠ 0
                                 →      one unit (c = 0), or two of a chain (chains.py)
    a vertex where more are 0        →      units that have the class there (knots.py)

Sheets of many hinges take many corners at once (merging.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction

from rectifold.effort.geometry import SHALLOW_EFFORT
from rectifold.linear_regions.polytope import Vertex
from rectifold.two_layers.form import Hinge, Unit, Weights, unit_of
from rectifold.two_layers.hyper.choices import Prices
from rectifold.two_layers.hyper.watch import NO_WATCH, Watch
from rectifold.two_layers.space.chains import Simplex, pairings, three_chain
from rectifold.two_layers.space.choices import Choice, choices_of, put, settle
from rectifold.two_layers.space.cones import Cone, seams_of
from rectifold.two_layers.space.faces import Faces
from rectifold.two_layers.space.geometry import where
from rectifold.two_layers.space.knots import knots
from rectifold.two_layers.space.merging import Ledger, merge_sheets
from rectifold.two_layers.space.sheets import NotGenericError, Seam, Sheet


class Corners:
    """The corners of all interior vertices: read first, then taken by units.

    `corners` have their units; `chains` their weights and maxima of four (chains.py); `cones` are
    units of more than two bends, all through one vertex; `choices` units of two in several forms.
    """

    def __init__(
        self, faces: Faces, seams: Sequence[tuple[Seam, Weights]], watch: Watch = NO_WATCH
    ) -> None:
        """`seams` are the function's own, on its lines."""
        self.faces = faces
        self.seams = seams
        self.watch = watch
        self.corners: list[tuple[Vertex, Unit]] = []
        self.chains: list[tuple[Vertex, Weights, list[list[Simplex]]]] = []
        self.cones: dict[Unit, Cone] = {}
        self.choices: list[Choice] = []
        many: list[Vertex] = []
        for done, vertex in enumerate(sorted(faces.vertices)):
            watch.step("vertices", done, len(faces.vertices))
            if faces.is_interior(vertex) and not self._read_vertex(vertex):
                many.append(vertex)
        for vertex, own, quads in knots(faces, many, seams, watch):
            for unit in own:
                if len(unit.bends) == 2:
                    self.corners.append((vertex, unit))
                else:
                    self.cones[unit] = Cone(unit, vertex)
            self.choices += choices_of(vertex, quads)

    def units(self, *, merge: bool) -> list[Unit]:
        """Units that take every corner."""
        corners = list(self.corners)
        hinges = Counter(hinge for _, unit in corners for hinge, _ in unit.bends)
        chains = [chain[1:] for chain in self.chains]
        for (vertex, *_), units in zip(self.chains, self._chain_units(chains, hinges), strict=True):
            corners += [(vertex, unit) for unit in units]
        ledger = Ledger(self.faces.extent, self.faces.is_interior)
        for seam, weights in self.seams:
            ledger.add_seam(seam, weights)
        alone = [unit for vertex, unit in corners if not _add_corner(ledger, vertex, unit)]
        alone += self.cones
        for unit in alone:
            for seam, weights in seams_of(unit, self.cones):
                ledger.add_seam(seam, tuple(-w for w in weights))
        self._choose(ledger, hinges)
        return alone + (merge_sheets(ledger, self._own_sheets()) if merge else ledger.left_over())

    def _choose(self, ledger: Ledger, hinges: Counter[Hinge]) -> None:
        """The forms of all choices, into the ledger."""
        prices = Prices(self.faces.planes)
        prices.used.update(hinges)
        prices.used.update(hinge for unit in self.cones for hinge, _ in unit.bends)
        for choice in self.choices:
            put(choice, ledger, prices, 1)
        settle(self.choices, ledger, prices, self.watch)

    def _read_vertex(self, vertex: Vertex) -> bool:
        """The corner of one vertex, or the chain of three units there, if it has one.

        False where more than three units meet.
        """
        found = self.faces.generic_zeros(vertex, 3)
        if found is None:
            return False
        phases, zero = found
        if len(zero) < 3:
            return True
        first, second, third = zero
        base = self.faces.near.forms(phases)
        b = self.faces.change(phases, base, second, third)
        weights = self.faces.weights(phases, base, third)
        if not b or not any(weights):
            return True
        u, w, z = (self.faces.form(base, named) for named in zero)
        c, a = (self.faces.change(phases, base, first, named) for named in (second, third))
        if c:
            self.chains.append((vertex, weights, three_chain(u, w, z, a, b, c)))
        elif a:
            self.corners.append((vertex, unit_of(weights, z, [(a, u), (b, w)])))
        return True

    def _own_sheets(self) -> Iterator[Sheet]:
        """The units of the network's second layer, where it reads inputs and first layer only."""
        layers = self.faces.near.layers
        if len(layers) < 2 or not (layers[0].is_relu and layers[1].is_relu):
            return
        weights = layers[1].weights.get(layers[0].name)
        if weights is None:
            return
        start = dict(self.faces.near.start)
        first, first_den = self.faces.near.restriction.layer_forms(start, layers[0])
        none = [[0] * 4 for _ in first]
        base, base_den = self.faces.near.restriction.layer_forms(
            start | {layers[0].name: (none, 1)}, layers[1]
        )
        inner = [tuple(Fraction(v, first_den) for v in form) for form in first]
        for form, row in zip(base, weights.fractions(), strict=True):
            always = sum(
                (
                    c * max(f[3], Fraction(0))
                    for c, f in zip(row, inner, strict=True)
                    if not any(f[:3])
                ),
                Fraction(0),
            )
            own = [Fraction(v, base_den) for v in form]
            own[3] += always
            bends = [(c, f) for c, f in zip(row, inner, strict=True) if c and any(f[:3])]
            unit = unit_of(self.faces.none, tuple(own), bends)
            if unit.bends:
                yield Sheet.of_unit(unit)[0]

    def _chain_units(
        self, chains: list[tuple[Weights, list[list[Simplex]]]], hinges: Counter[Hinge]
    ) -> list[list[Unit]]:
        """Every chain's cheapest triangulation and pairing, given the others' hinges."""
        chosen: list[list[Unit]] = [[] for _ in chains]
        for _ in range(SHALLOW_EFFORT.pairing_rounds):
            for k, (weights, triangulations) in enumerate(chains):
                hinges.subtract(hinge for unit in chosen[k] for hinge, _ in unit.bends)
                others = {hinge for hinge, count in hinges.items() if count > 0}
                chosen[k] = min(
                    (self._pair(weights, t, others) for t in triangulations),
                    key=lambda found: found[0],
                )[1]
                hinges.update(hinge for unit in chosen[k] for hinge, _ in unit.bends)
        return chosen

    def _pair(
        self, weights: Weights, simplices: list[Simplex], hinges: set[Hinge]
    ) -> tuple[int, list[Unit]]:
        """(cost in hinges, units) of one triangulation.

        Each maximum of four is paired with as few new hinges as possible.
        """
        own = set(hinges)
        chosen: list[Unit] = []
        for simplex in simplices:
            options = [unit_of(weights, form, bends) for form, bends in pairings(simplex)]
            unit = min(options, key=lambda unit: self._cost(unit, own))
            own |= {hinge for hinge, _ in unit.bends}
            chosen.append(unit)
        return sum(self._cost(unit, hinges) for unit in chosen), chosen

    def _cost(self, unit: Unit, hinges: set[Hinge]) -> int:
        """New hinges, where one on a plane on which the function bends anyway counts less."""
        new = [hinge for hinge, _ in unit.bends if hinge not in hinges]
        return sum(1 if hinge in self.faces.planes else 2 for hinge in new)


def _add_corner(ledger: Ledger, vertex: Vertex, unit: Unit) -> bool:
    """Puts the corner of a unit of two bends into the ledger. False for others: they stand alone.

    Raises NotGenericError, with the place.
    """
    if len(unit.bends) != 2:
        return False
    sheet, factor = Sheet.of_unit(unit)
    try:
        ledger.add_corner(vertex, sheet, tuple(w * factor for w in unit.weights))
    except NotGenericError as error:
        raise NotGenericError(f"the vertex at ({where(vertex)}) is not generic: {error}") from None
    return True
