"""An exact form with few hidden layers, over the directions in which inputs are read.

    20 inputs that four units read      →      a form of four numbers, which reads rows · x

Four inputs or fewer are tried as they are, too, and the smaller form is taken. Sound because either
is an exact form of the network (`directions`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from rectifold.effort.geometry import SHALLOW_EFFORT
from rectifold.errors import InputError, Unfinished
from rectifold.exact.numerals import counted
from rectifold.ir.evaluate import evaluate_points
from rectifold.ir.network import Network
from rectifold.linear_regions.restriction import Restriction
from rectifold.linear_regions.summary import Regions
from rectifold.two_layers.directions import Directions, directions_of
from rectifold.two_layers.exact_search import (
    all_regions,
    exact_network,
    is_shallow,
    three_layer_network,
    too_many_for_vertices,
)
from rectifold.two_layers.hyper.watch import Watch
from rectifold.two_layers.maxima_sums.built import form_by_maxima


@dataclass(frozen=True, eq=False)
class ExactForm:
    """`network` has the source's function and few hidden layers.

    `pair`: the source and the form over the `directions` in which the source reads its inputs.
    `built` says how the form was made, and what was checked.
    """

    network: Network
    pair: tuple[Network, Network]
    directions: int
    built: str

    @property
    def statement(self) -> str:
        """What holds of the form."""
        return self.built if self.pair[0] is self.pair[1] else f"equal to the source: {self.built}"

    @property
    def units(self) -> int:
        """In its hidden layers."""
        return sum(self.network.hidden_sizes())


@dataclass(frozen=True, eq=False)
class ExactSearch:
    """Looks for a form of at most so many hidden layers (two or three), while there is time.

    `is_required`: that it is asked for, whatever it costs.
    """

    watch: Watch
    is_required: bool = True
    layers: int = 2

    def form_or_why(
        self, restriction: Restriction, regions: Regions
    ) -> tuple[ExactForm | None, str]:
        """The form, given all regions; or None, and why there is none.

        Where it is required, InputError or Unfinished says so.
        """
        try:
            return self.form(restriction, regions), ""
        except (InputError, Unfinished) as problem:
            if self.is_required:
                raise
            return None, str(problem)

    def form(self, restriction: Restriction, regions: Regions) -> ExactForm:
        """The form. Raises InputError where none is found, Unfinished when the time is up."""
        source = restriction.network.with_domain(restriction.domain)
        inputs = len(restriction.free)
        if self.layers == 3 and source.is_chain and len(source.relu_layers) <= self.layers:
            whole = "the source has at most three hidden layers"
            return ExactForm(source, (source, source), inputs, whole)
        reduced = directions_of(source)
        if reduced is None:
            return self._as_it_is(restriction, regions)
        found = self._in_directions(reduced)
        if inputs <= SHALLOW_EFFORT.inputs_tried_twice:
            return _smaller(found, self._as_it_is(restriction, regions))
        return found

    def _in_directions(self, reduced: Directions) -> ExactForm:
        """Of the directions that are read, put back over the inputs."""
        domain = reduced.network.domain
        assert domain is not None
        found = self._as_it_is(*all_regions(reduced.network, domain, self.watch))
        number = found.directions
        of = f"the {number} directions" if number > 1 else "the one direction"
        built = f"{found.built}, of {of} in which inputs are read"
        return replace(found, network=reduced.of_inputs(found.network), built=built)

    def _as_it_is(self, restriction: Restriction, regions: Regions) -> ExactForm:
        """Of all inputs that vary: the smaller one, where few are."""
        by_maxima, problem = self._by_maxima(restriction, regions)
        if len(restriction.free) <= SHALLOW_EFFORT.known_inputs:
            by_regions = self._by_regions(restriction, regions)
            return by_regions if by_maxima is None else _smaller(by_regions, by_maxima)
        if by_maxima is not None:
            return by_maxima
        if too_many := too_many_for_vertices(restriction, regions):
            raise InputError(f"{too_many}; as a sum of maxima, {problem}. {self._what_is_open}")
        try:
            return self._by_regions(restriction, regions)
        except InputError as other:
            raise type(other)(f"{other}; as a sum of maxima: {problem}") from None

    @property
    def _what_is_open(self) -> str:
        """What is known of many inputs, and what to do."""
        known = "three are for up to eleven"
        remedy = 'fix some inputs, or take a gated form, such as kind="centred"'
        if self.layers == 3:
            return f"Three hidden layers are known to be enough for up to eleven inputs: {remedy}"
        return (
            "Whether two hidden layers are enough for more than five inputs is an open question "
            f'({known}): take kind="three", {remedy}'
        )

    def _by_maxima(
        self, restriction: Restriction, regions: Regions
    ) -> tuple[ExactForm | None, str]:
        """The form by sums of maxima, compared inside every region; or None, and why not."""
        try:
            form = form_by_maxima(restriction, self.watch, self.layers, regions.found)
            network = form.network()
        except Unfinished:
            raise
        except InputError as problem:
            return None, str(problem)
        source = restriction.network.with_domain(restriction.domain)
        points = [restriction.whole_point(region.interior_point) for region in regions]
        for k, point in enumerate(points):
            self.watch.step("compared inside regions", k, len(points))
            if evaluate_points(source, [point]) != evaluate_points(network, [point]):
                raise AssertionError("the form differs from the network")
        built = (
            "by construction as a sum of maxima of affine forms, and at a point inside each of "
            f"{counted(len(regions), 'linear region')}"
        )
        return ExactForm(network, (source, network), len(restriction.free), built), ""

    def _by_regions(self, restriction: Restriction, regions: Regions) -> ExactForm:
        """The form by all regions. Of few inputs three layers are not asked for: two are known."""
        inputs = len(restriction.free)
        if self.layers == 3 and inputs > SHALLOW_EFFORT.known_inputs:
            network = three_layer_network(restriction, regions, self.watch)
        elif not self.is_required and inputs > 4 and is_shallow(restriction.network):
            raise InputError('the source is shallow itself; kind="exact" looks for another form')
        else:
            network = exact_network(restriction, regions, self.watch)
        source = restriction.network.with_domain(restriction.domain)
        count = len(regions)
        whole = f"all {count} linear regions" if count > 1 else "the one linear region"
        built = f"built from {whole} with every jump checked exactly"
        if inputs > SHALLOW_EFFORT.jump_inputs:
            built = f"by construction from {whole}, and at points of some of them"
        return ExactForm(network, (source, network), inputs, built)


def _smaller(one: ExactForm, other: ExactForm) -> ExactForm:
    """The form of fewer hidden units, the first of equal ones."""
    return other if other.units < one.units else one
