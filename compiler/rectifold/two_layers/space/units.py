"""Three inputs: an exact network with two hidden layers for any depth (mathematics §3.4, n = 3).

At a generic interior vertex three units are 0, and the function there is an affine map plus

    g1 relu(u) + g2 relu(w + c relu(u)) + g3 relu(z + a relu(u) + b relu(w + c relu(u))).

1. Where b ≠ 0 the last term is a corner (c = 0), or becomes two corners (a 3-chain, chains.py). Sheets of many hinges take many corners at once
   (merging.py); a unit takes each that is left.
2. Along a line where planes meet, the odd class {plane → κ(one side) − κ(other side)} of what is left is then constant. That is
   checked exactly on every line. Each class is taken by units relu(A + c relu(P)), one per extra plane.
3. Now the jump across each plane changes across no line of it, so it is constant: one hinge per plane, read off at one point.
4. No jump is left, so the rest is one affine map.

A vertex or edge where other than generic things happen is refused by its coordinates; nothing is perturbed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from random import Random

from rectifold.exact.numerals import about
from rectifold.linear_regions.by_vertices import Enumeration, Region
from rectifold.linear_regions.near_point import Forms, Local, Named, homogeneous
from rectifold.linear_regions.polytope import Polytope, Vertex, scaled
from rectifold.two_layers.form import Affine, Hinge, TwoLayers, Unit, Weights, combined, hinge_of, span_inside
from rectifold.two_layers.space.chains import Simplex, pairings, three_chain
from rectifold.two_layers.space.merging import Ledger, merged
from rectifold.two_layers.space.sheets import (
    Class,
    Line,
    NotGenericError,
    Seam,
    Sheet,
    at_place,
    bend_class,
    cross,
    dot3,
    dot4,
    line_through,
    place,
    primitive_form,
)

Left = dict[Hinge, Weights]  # the class that is left along a line
_PAIRING_ROUNDS = 3


@dataclass(frozen=True)
class Bend:
    """weights · relu(±sheet) of one hinge next to an edge."""

    weights: Weights
    sheet: Sheet


def in_space(enumeration: Enumeration, regions: Sequence[Region], *, merge: bool = True) -> TwoLayers:
    """`regions` of three free inputs, all of them. Without `merge`, every corner gets its own unit. Raises NotGenericError."""
    work = _Space(enumeration, regions)
    units = work.vertex_units(merge=merge)
    units += work.line_units(units)
    hinges = work.hinges(units)
    free = tuple(enumeration.free)
    return TwoLayers(
        enumeration.network, enumeration.domain, free, work.affine_rest(units, hinges), hinges, tuple(units)
    )


class _Space:
    def __init__(self, enumeration: Enumeration, regions: Sequence[Region]) -> None:
        self.local = Local(enumeration)
        self.regions = regions
        self.box = enumeration.start()
        self.sides = _sides(self.box)
        self.none: Weights = (Fraction(0),) * enumeration.network.output_size
        self.random = Random(0)
        self.vertices, self.edges, self.planes = _faces(regions)
        self.own_bends: dict[Line, list[Bend]] = defaultdict(list)
        self.seams: list[tuple[Seam, Weights]] = []

    # ---- what happens at a place ----------------------------------------------------------------

    def _is_interior(self, point: Sequence[int]) -> bool:
        return all(sum(a * x for a, x in zip(side, point, strict=True)) > 0 for side in self.sides)

    def _zeros(self, point: Vertex, most: int, what: str) -> tuple[dict[str, bytes], list[Named]]:
        """Phases, and the units that are 0 at the point without being 0 all around it."""
        phases, zero = self.local.zeros(point)
        base = self.local.forms(phases)
        units = [named for named in zero if self.local.layers[named[0]].is_relu and any(base[named[0]][0][named[1]])]
        if len(units) > most or (len(units) < len(zero) and self._moved(phases, zero, base)):
            where = _where(point)
            problem = (
                f"{len(units)} units meet in {what} at ({where}), and the exact construction for three inputs handles {most}"
                if len(units) > most
                else f"a unit is 0 all around {what} at ({where}) in one phase of another and not in the other phase, which the exact "
                "construction for three inputs does not handle"
            )
            raise NotGenericError(f"{problem}; use two free inputs, or an approximate form")
        return phases, sorted(units)

    def _moved(self, phases: dict[str, bytes], zero: list[Named], base: Forms) -> bool:
        """Is a unit that is 0 with all phases off something else in another phase?"""
        flat = [n for n in zero if self.local.layers[n[0]].is_relu and not any(base[n[0]][0][n[1]])]
        for other in zero:
            forms = self.local.forms(phases, {other})
            if any(any(forms[layer][0][unit]) for layer, unit in flat):
                return True
        return False

    def _form(self, forms: Forms, named: Named) -> Affine:
        table, den = forms[named[0]]
        return tuple(Fraction(v, den) for v in table[named[1]])

    def _change(self, phases: dict[str, bytes], base: Forms, on: Named, of: Named) -> Fraction:
        """By which multiple of its own form the unit `on` changes the unit `of` when it turns active."""
        after = self.local.forms(phases, {on})
        difference = combined((1, self._form(after, of)), (-1, self._form(base, of)))
        return _ratio(difference, self._form(base, on))

    def _weights(self, phases: dict[str, bytes], base: Forms, on: Named) -> Weights:
        after = self.local.forms(phases, {on})
        output = self.local.output
        form = self._form(base, on)
        return tuple(
            _ratio(combined((1, self._form(after, (output, o))), (-1, self._form(base, (output, o)))), form)
            for o in range(len(self.none))
        )

    # ---- 1: vertices ----------------------------------------------------------------------------

    def vertex_units(self, *, merge: bool) -> list[Unit]:
        """Units that take the corner of every vertex, as few as are found."""
        corners: list[tuple[Vertex, Unit]] = []
        chains: list[tuple[Vertex, Weights, list[list[Simplex]]]] = []
        for vertex in sorted(self.vertices):
            if self._is_interior(vertex):
                self._read_vertex(vertex, corners, chains)
        self.seams = list(self._edge_seams())
        hinges = Counter(hinge for _, unit in corners for hinge, _ in unit.bends)
        for (vertex, *_), units in zip(chains, self._chain_units([chain[1:] for chain in chains], hinges), strict=True):
            corners += [(vertex, unit) for unit in units]
        ledger = Ledger(self._extent, self._is_interior)
        for seam, weights in self.seams:
            ledger.add_seam(seam, weights)
        alone: list[Unit] = []
        for vertex, unit in corners:
            if len(unit.bends) == 2:
                sheet, factor = Sheet.of_unit(unit)
                try:
                    ledger.add_corner(vertex, sheet, tuple(w * factor for w in unit.weights))
                except NotGenericError as error:
                    raise NotGenericError(f"the vertex at ({_where(vertex)}) is not generic: {error}") from None
            else:
                alone.append(unit)
        return alone + (merged(ledger, self._own_sheets()) if merge else ledger.left_over())

    def _own_sheets(self) -> Iterator[Sheet]:
        """The units of the network's second layer, where they read the inputs and the first layer only."""
        layers = self.local.layers
        if len(layers) < 2 or not (layers[0].is_relu and layers[1].is_relu):
            return
        weights = layers[1].weights.get(layers[0].name)
        if weights is None:
            return
        start = dict(self.local.start)
        first, first_den = self.local.enumeration.layer_forms(start, layers[0])
        none = [[0] * 4 for _ in first]
        base, base_den = self.local.enumeration.layer_forms(start | {layers[0].name: (none, 1)}, layers[1])
        inner = [tuple(Fraction(v, first_den) for v in form) for form in first]
        for form, row in zip(base, weights.fractions(), strict=True):
            always = sum(
                (c * max(f[3], Fraction(0)) for c, f in zip(row, inner, strict=True) if not any(f[:3])), Fraction(0)
            )
            own = [Fraction(v, base_den) for v in form]
            own[3] += always
            bends = [(c, f) for c, f in zip(row, inner, strict=True) if c and any(f[:3])]
            unit = _unit(self.none, tuple(own), bends)
            if unit.bends:
                yield Sheet.of_unit(unit)[0]

    def _chain_units(
        self, chains: list[tuple[Weights, list[list[Simplex]]]], hinges: Counter[Hinge]
    ) -> list[list[Unit]]:
        """Every chain's cheapest triangulation and pairing given the others' hinges, a few times over."""
        chosen: list[list[Unit]] = [[] for _ in chains]
        for _ in range(_PAIRING_ROUNDS):
            for k, (weights, triangulations) in enumerate(chains):
                hinges.subtract(hinge for unit in chosen[k] for hinge, _ in unit.bends)
                others = {hinge for hinge, count in hinges.items() if count > 0}
                chosen[k] = min((self._paired(weights, t, others) for t in triangulations), key=lambda found: found[0])[
                    1
                ]
                hinges.update(hinge for unit in chosen[k] for hinge, _ in unit.bends)
        return chosen

    def _paired(self, weights: Weights, simplices: list[Simplex], hinges: set[Hinge]) -> tuple[int, list[Unit]]:
        """(cost in hinges, units) of one triangulation, each maximum of four paired with as few new hinges as possible."""
        own = set(hinges)
        chosen: list[Unit] = []
        for simplex in simplices:
            options = [_unit(weights, form, bends) for form, bends in pairings(simplex)]
            unit = min(options, key=lambda unit: self._cost(unit, own))
            own |= {hinge for hinge, _ in unit.bends}
            chosen.append(unit)
        return sum(self._cost(unit, hinges) for unit in chosen), chosen

    def _cost(self, unit: Unit, hinges: set[Hinge]) -> int:
        """New hinges, where one on a plane on which the function bends anyway counts less."""
        new = [hinge for hinge, _ in unit.bends if hinge not in hinges]
        return sum(1 if hinge in self.planes else 2 for hinge in new)

    def _read_vertex(
        self,
        vertex: Vertex,
        corners: list[tuple[Vertex, Unit]],
        chains: list[tuple[Vertex, Weights, list[list[Simplex]]]],
    ) -> None:
        phases, zero = self._zeros(vertex, 3, "a vertex")
        if len(zero) < 3:
            return
        first, second, third = zero
        base = self.local.forms(phases)
        b = self._change(phases, base, second, third)
        weights = self._weights(phases, base, third)
        if not b or not any(weights):
            return
        u, w, z = (self._form(base, named) for named in zero)
        c, a = (self._change(phases, base, first, named) for named in (second, third))
        if c:
            chains.append((vertex, weights, three_chain(u, w, z, a, b, c)))
        elif a:
            corners.append((vertex, _unit(weights, z, [(a, u), (b, w)])))

    # ---- 2: lines -------------------------------------------------------------------------------

    def line_units(self, units: Sequence[Unit]) -> list[Unit]:
        """Units that take the class left along every line. Raises NotGenericError if one is not constant."""
        spans: dict[Line, list[tuple[Seam, Weights]]] = defaultdict(list)
        for seam, weights in self.seams:
            spans[seam.line].append((seam, weights))
        for unit in units:
            sheet, factor = Sheet.of_unit(unit)
            for seam in sheet.seams:
                spans[seam.line].append((seam, tuple(-factor * w for w in unit.weights)))
        pivots = {hinge for unit in units for hinge, _ in unit.bends}
        found: list[Unit] = []
        classes = {line: self._constant_class(line, spans[line]) for line in sorted(spans)}
        often = Counter(plane for left in classes.values() for plane in left)
        for line, left in sorted(classes.items(), key=lambda item: item[0] not in self.own_bends):
            found += _class_units(line, left, self.own_bends.get(line, []), pivots, often)
        return found

    def _edge_seams(self) -> Iterator[tuple[Seam, Weights]]:
        """The function's own seams, on the parts of each line between its vertices."""
        by_line: dict[Line, set[tuple[Fraction, Fraction]]] = defaultdict(set)
        for a, b in self.edges:
            line = line_through(a, b)
            s, t = place(line, a), place(line, b)
            by_line[line].add((min(s, t), max(s, t)))
        for line, parts in by_line.items():
            ends = sorted({t for part in parts for t in part})
            for s, t in pairwise(ends):
                if any(a <= s and t <= b for a, b in parts):
                    middle = at_place(line, (s + t) / 2)
                    if self._is_interior(middle) and (bend := self._bend_at(middle)) is not None:
                        self.own_bends[line].append(bend)
                        yield Seam(line, s, t, _kind(line, bend.sheet)), bend.weights

    def _bend_at(self, middle: Vertex) -> Bend | None:
        phases, zero = self._zeros(middle, 2, "an edge")
        if len(zero) < 2:
            return None
        first, second = zero
        base = self.local.forms(phases)
        c, weights = self._change(phases, base, first, second), self._weights(phases, base, second)
        if not c or not any(weights):
            return None
        sheet, factor = Sheet.of_unit(_unit(self.none, self._form(base, second), [(c, self._form(base, first))]))
        return Bend(tuple(w * factor for w in weights), sheet)

    def _constant_class(self, line: Line, spans: list[tuple[Seam, Weights]]) -> Left:
        extent = self._extent(line)
        if extent is None:
            return {}
        low, high = extent
        changes: dict[Fraction, dict[Hinge, list[Fraction]]] = defaultdict(dict)
        for seam, weights in spans:
            s = low if seam.start is None else max(seam.start, low)
            e = high if seam.end is None else min(seam.end, high)
            if s < e:
                for t, sign in ((s, 1), (e, -1)):
                    for plane, value in seam.kind.items():
                        total = changes[t].setdefault(plane, [Fraction(0)] * len(weights))
                        for o, w in enumerate(weights):
                            total[o] += sign * value * w
        first = changes.pop(low, {})
        changes.pop(high, None)
        if any(any(total) for change in changes.values() for total in change.values()):
            raise NotGenericError(
                f"what is left is not constant along the line through ({_where(at_place(line, low))}): the construction for three "
                "inputs does not cover this network"
            )
        return {plane: tuple(total) for plane, total in first.items() if any(total)}

    def _extent(self, line: Line) -> tuple[Fraction, Fraction] | None:
        """The range of places of a line inside the domain; None if the line misses the interior."""
        direction = line[0]
        origin, square = at_place(line, Fraction(0)), dot3(direction, direction)
        return span_inside(
            (Fraction(dot4(side, origin), origin[3]), Fraction(dot3(side, direction), square)) for side in self.sides
        )

    # ---- 3: planes ------------------------------------------------------------------------------

    def hinges(self, units: Sequence[Unit]) -> dict[Hinge, Weights]:
        """The jump across every plane that is left after the units."""
        by_plane: dict[Hinge, list[Unit]] = defaultdict(list)
        for unit in units:
            for plane in Sheet.of_unit(unit)[0].planes:
                by_plane[plane].append(unit)
        hinges: dict[Hinge, Weights] = {}
        for plane in sorted({*self.planes, *by_plane}):
            point = self._point_of_plane(plane)
            if point is not None and any(left := self._jump(plane, point, by_plane.get(plane, []))):
                hinges[plane] = left
        return hinges

    def _point_of_plane(self, plane: Hinge) -> Vertex | None:
        """A point of the plane inside the domain that lies on no other plane but by bad luck, which the jump would show."""
        form = list(plane)
        signs = self.box.signs([form], scaled([form]))[0].tolist()
        if max(signs) <= 0 or min(signs) >= 0:
            return None
        corners = self.box.split(form, signs)[0].vertices
        on = [_point(v) for v in corners if sum(a * x for a, x in zip(plane, v, strict=True)) == 0]
        shares = [self.random.randint(1, 10**6) for _ in on]
        total = sum(shares)
        return homogeneous(
            [sum((s * p[i] for s, p in zip(shares, on, strict=True)), Fraction(0)) / total for i in range(3)]
        )

    def _jump(self, plane: Hinge, point: Vertex, units: Sequence[Unit]) -> Weights:
        normal = plane[:-1]
        above, below = (self.local.piece(point, [s * v for v in normal]) for s in (1, -1))
        jumps = [_ratio(combined((1, a), (-1, b)), plane) for a, b in zip(above, below, strict=True)]
        for unit in units:
            forms = [_piece_of(unit, point, [s * v for v in normal]) for s in (1, -1)]
            own = _ratio(combined((1, forms[0]), (-1, forms[1])), plane)
            jumps = [j - w * own for j, w in zip(jumps, unit.weights, strict=True)]
        return tuple(jumps)

    # ---- 4: the rest ----------------------------------------------------------------------------

    def affine_rest(self, units: Sequence[Unit], hinges: dict[Hinge, Weights]) -> tuple[Affine, ...]:
        """f minus units and hinges, found next to one point of the domain."""
        corners = self.regions[0].vertices
        shares = [self.random.randint(1, 10**6) for _ in corners]
        point = homogeneous(
            [sum((s * p[i] for s, p in zip(shares, corners, strict=True)), Fraction(0)) / sum(shares) for i in range(3)]
        )
        way = (1, 0, 0)
        parts: list[list[tuple[Fraction | int, Affine]]] = [[(1, form)] for form in self.local.piece(point, way)]
        for unit in units:
            form = _piece_of(unit, point, way)
            for o, w in enumerate(unit.weights):
                parts[o].append((-w, form))
        for hinge, weights in hinges.items():
            value = sum(a * x for a, x in zip(hinge, point, strict=True)) or hinge[0]
            if value > 0:
                for o, w in enumerate(weights):
                    parts[o].append((-w, tuple(Fraction(v) for v in hinge)))
        return tuple(combined(*terms) for terms in parts)


# ---- units ------------------------------------------------------------------------------------------


def _unit(weights: Weights, form: Affine, bends: Sequence[tuple[Fraction, Affine]]) -> Unit:
    """relu(form + Σ c relu(inner)) over hinges: relu(λ L) is λ relu(L), or |λ| (relu(L) − L) for λ < 0."""
    total: dict[Hinge, Fraction] = {}
    base = form
    for c, inner in bends:
        if c and any(inner):
            hinge, scale = hinge_of(inner)
            total[hinge] = total.get(hinge, Fraction(0)) + c * abs(scale)
            if scale < 0:
                base = combined((1, base), (-c * abs(scale), hinge))
    return Unit(weights, base, tuple((hinge, c) for hinge, c in total.items() if c))


def _piece_of(unit: Unit, point: Vertex, direction: Sequence[int]) -> Affine:
    """The unit's affine form (without its weights) on the side of a point to which `direction` leads."""

    def positive(form: Sequence[Fraction | int]) -> bool:
        value = sum(a * x for a, x in zip(form, point, strict=True))
        return (value or sum(a * d for a, d in zip(form, direction, strict=False))) > 0

    form = combined((1, unit.base), *((c, hinge) for hinge, c in unit.bends if positive(hinge)))
    return form if positive(form) else (Fraction(0),) * len(form)


def _kind(line: Line, sheet: Sheet) -> Class:
    """The odd class of a sheet of one hinge."""
    ((hinge, c),) = sheet.bends
    return bend_class(line, sheet.base, hinge, c)


def _class_units(
    line: Line, left: Left, own: Sequence[Bend], pivots: set[Hinge], often: Mapping[Hinge, int]
) -> Iterator[Unit]:
    """Units along a whole line that take a balanced class, one per plane beyond two.

    A bend that the function itself has along the line comes first: its sheet then lies where the function bends, and fewer
    hinges are left for the planes.
    """
    left = dict(left)
    for bend in sorted(own, key=lambda bend: bend.sheet.bends[0][0] not in pivots):
        kind = _kind(line, bend.sheet)
        if len(kind) == 3 and kind.keys() <= left.keys():
            yield _taken(left, kind, bend.sheet, primitive_form(bend.sheet.base))
            pivots.add(bend.sheet.bends[0][0])
    while left:
        planes = sorted(left, key=lambda plane: (plane not in pivots, -often[plane], plane))
        if len(planes) < 3:
            raise NotGenericError(
                f"the jumps around the line through ({_where(at_place(line, Fraction(0)))}) do not balance: the construction for three "
                "inputs does not cover this network"
            )
        pivot, other, gone = planes[:3]
        pivots.add(pivot)
        share, _ = _in_pencil(gone, pivot, other)
        sheet, _ = Sheet.of(gone, [(pivot, -share)])
        yield _taken(left, _kind(line, sheet), sheet, gone)


def _taken(left: Left, kind: Class, sheet: Sheet, gone: Hinge) -> Unit:
    """The unit on a sheet that leaves nothing of one plane; `left` without it."""
    weights = tuple(d / kind[gone] for d in left[gone])
    for plane, value in kind.items():
        before = left.get(plane, (Fraction(0),) * len(weights))
        rest = tuple(a - w * value for a, w in zip(before, weights, strict=True))
        if any(rest):
            left[plane] = rest
        else:
            left.pop(plane, None)
    return sheet.unit(weights)


def _in_pencil(form: Hinge, pivot: Hinge, other: Hinge) -> tuple[Fraction, Fraction]:
    """(p, q) with form = p · pivot + q · other, all through one line."""
    for i in range(4):
        for j in range(i):
            det = pivot[i] * other[j] - pivot[j] * other[i]
            if det:
                return (
                    Fraction(form[i] * other[j] - form[j] * other[i], det),
                    Fraction(pivot[i] * form[j] - pivot[j] * form[i], det),
                )
    raise AssertionError("two planes of a class are one plane")


# ---- geometry ---------------------------------------------------------------------------------------


def _faces(regions: Sequence[Region]) -> tuple[set[Vertex], set[tuple[Vertex, Vertex]], set[Hinge]]:
    """All vertices, edges (pairs of vertices) and facet planes of the regions."""
    vertices: set[Vertex] = set()
    edges: set[tuple[Vertex, Vertex]] = set()
    planes: set[Hinge] = set()
    for region in regions:
        own, masks = region.polytope.vertices, region.polytope.masks
        vertices.update(own)
        for i, a in enumerate(own):
            for j in range(i):
                common = masks[i] & masks[j]
                if common.bit_count() >= 2 and not any(
                    k not in (i, j) and m & common == common for k, m in enumerate(masks)
                ):
                    edges.add((min(a, own[j]), max(a, own[j])))
        for bit in range(region.polytope.constraints):
            on = [v for v, m in zip(own, masks, strict=True) if m >> bit & 1]
            if len(on) >= 3 and (plane := _plane_through(on)) is not None:
                planes.add(plane)
    return vertices, edges, planes


def _plane_through(vertices: Sequence[Vertex]) -> Hinge | None:
    first = vertices[0]
    rays = [[y * first[3] - x * v[3] for x, y in zip(first[:3], v[:3], strict=True)] for v in vertices[1:]]
    for ray in rays[1:]:
        normal = cross(rays[0], ray)
        if any(normal):
            return primitive_form([*(v * first[3] for v in normal), -dot3(normal, first)])
    return None


def _sides(box: Polytope) -> list[Hinge]:
    """Forms that are positive inside a polytope."""
    sides = []
    for bit in range(box.constraints):
        on = [v for v, m in zip(box.vertices, box.masks, strict=True) if m >> bit & 1]
        plane = _plane_through(on) if len(on) >= 3 else None
        if plane is not None:
            inner = next(s for v in box.vertices if (s := sum(a * x for a, x in zip(plane, v, strict=True))))
            sides.append(plane if inner > 0 else tuple(-v for v in plane))
    return sides


def _where(point: Vertex) -> str:
    return ", ".join(about(Fraction(v, point[-1])) for v in point[:-1])


def _point(vertex: Vertex) -> tuple[Fraction, ...]:
    return tuple(Fraction(x, vertex[-1]) for x in vertex[:-1])


def _ratio(form: Sequence[Fraction], of: Sequence[Fraction | int]) -> Fraction:
    """κ with form = κ · of. Raises NotGenericError if there is none: more happens at this place than one unit's bend."""
    k = next(i for i, v in enumerate(of) if v)
    factor = Fraction(form[k]) / of[k]
    if any(v != factor * w for v, w in zip(form, of, strict=True)):
        raise NotGenericError(
            "a jump is no multiple of its plane: the construction for three inputs does not cover this network"
        )
    return factor
