"""What is looked for, and what is said where no exact form is found."""

from __future__ import annotations

import pytest

from rectifold.errors import InputError
from rectifold.linear_regions.restriction import Restriction
from rectifold.linear_regions.summary import Regions
from rectifold.reports.tables import shallow_table
from rectifold.two_layers.exact_form import ExactSearch
from rectifold.two_layers.hyper.watch import NO_WATCH
from rectifold.two_layers.shallow import shallow_network
from support import maximum_chain


@pytest.mark.parametrize(
    ("inputs", "layers", "said"),
    [
        (9, 2, r"at most 8 and .* maximum of 10 affine forms.* open question.*take kind=\"three\""),
        (
            12,
            3,
            r"maximum of 13 affine forms.*Three hidden layers are known to be enough for up to",
        ),
    ],
)
def test_what_was_tried_and_what_is_open_is_said(inputs: int, layers: int, said: str) -> None:
    network = maximum_chain(inputs)
    assert network.domain is not None
    restriction = Restriction(network, network.domain)
    search = ExactSearch(NO_WATCH, layers=layers)
    with pytest.raises(InputError, match=rf"^{inputs} inputs are free here.*{said}"):
        search.form(restriction, Regions.none_of(restriction))
    asked = ExactSearch(NO_WATCH, is_required=False, layers=layers)
    form, why = asked.form_or_why(restriction, Regions.none_of(restriction))
    assert form is None
    assert "gated form" in why


def test_the_table_names_the_layers_of_the_kind() -> None:
    network = maximum_chain(3)
    assert network.domain is not None
    two = shallow_table(shallow_network(network, network.domain, kind="exact"))
    three = shallow_table(shallow_network(network, network.domain, kind="three"))
    assert "at most two hidden layers" in str(two.title)
    assert "at most three hidden layers" in str(three.title)
