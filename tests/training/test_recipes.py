"""Every recipe is a configuration that can be trained, and keeps what is given."""

from __future__ import annotations

import pytest

from rectifold.errors import InputError
from rectifold.training.recipes import RECIPES, recipe


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_has_the_widths_and_the_seed_that_are_given(name: str) -> None:
    config = recipe(name, (30, 20), seed=7)
    assert config.architecture.widths == (30, 20)
    assert config.schedule.seed == 7
    assert config.sparsity == RECIPES[name].config.sparsity


def test_plain_makes_nothing_small_and_the_others_do() -> None:
    penalties = {
        name: any((*r.config.sparsity.l1, *r.config.sparsity.group, *r.config.stability.weight))
        for name, r in RECIPES.items()
    }
    assert penalties == {
        "plain": False,
        "compressible": True,
        "stable": True,
        "collapsing": True,
    }


def test_another_name_is_refused_with_the_names_there_are() -> None:
    message = "no recipe 'tiny'; one of plain, compressible, stable, collapsing is expected"
    with pytest.raises(InputError, match=message):
        recipe("tiny")


def test_collapsing_is_for_two_hidden_layers() -> None:
    with pytest.raises(InputError, match="the weight of stability: 2 numbers for 3 hidden layers"):
        recipe("collapsing", (5, 5, 5))
