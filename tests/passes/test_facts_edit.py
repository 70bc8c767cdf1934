"""Facts beside a draft: units that stay keep theirs, a layer that is gone has none."""

from __future__ import annotations

from rectifold.facts.facts import Facts
from rectifold.passes.facts_edit import FactsEdit
from rectifold.prover.cascade import prove
from support import net

TEXT = """
network three
input x[1] in [-1, 1]
h = relu([[1], [1], [1]] @ x + [0, 2, -2])
output [1, 1, 1] @ h
"""


def facts_of(text: str) -> Facts:
    return prove(net(text))


def test_a_kept_unit_keeps_its_facts_and_the_order_is_the_one_asked_for() -> None:
    facts = facts_of(TEXT)
    edit = FactsEdit(facts)
    edit.keep("h", [2, 0])
    after, before = edit.freeze().layers["h"], facts.layers["h"]
    assert [after.phase(k) for k in range(2)] == [before.phase(2), before.phase(0)]
    assert after.origin.tolist() == [2, 0]


def test_a_dropped_layer_has_no_facts_and_the_source_keeps_its_own() -> None:
    facts = facts_of(TEXT)
    edit = FactsEdit(facts)
    edit.drop("h")
    assert "h" not in edit.freeze().layers
    assert "h" in facts.layers


def test_a_layer_without_facts_stays_without() -> None:
    edit = FactsEdit(facts_of(TEXT))
    edit.keep("y", [0])
    edit.drop("y")
    assert set(edit.freeze().layers) == {"h"}
