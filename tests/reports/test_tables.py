"""Titles of tables stand as they are, whatever signs they hold."""

from __future__ import annotations

import io
from fractions import Fraction

from rich.console import Console
from rich.table import Table

from rectifold.ir.domain import Domain
from rectifold.operations.compiling import compile_network
from rectifold.prover.cascade import prove
from rectifold.reports.tables import compile_table, stability_table
from support import net


def shown(table: Table) -> str:
    out = Console(file=io.StringIO(), width=400)
    out.print(table)
    assert isinstance(out.file, io.StringIO)
    return " ".join(out.file.getvalue().split())


def test_ends_with_many_digits_are_no_markup() -> None:
    third = Fraction(10**40 + 1, 3 * 10**40)
    network = net("input x[2]\nh = relu(x)\noutput h").with_domain(
        Domain((-third, third), (third, Fraction(1)))
    )
    domain = network.domain
    assert domain is not None
    assert "[about -0.3" in domain.describe()  # which rich would take for an instruction
    facts = prove(network, domain, prover="bounds")
    assert domain.describe() in shown(stability_table(network, facts))
    assert domain.describe() in shown(compile_table(compile_network(network, domain)))
