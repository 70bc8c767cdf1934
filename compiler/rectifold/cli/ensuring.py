"""`compile --ensure`: what a text ensures is proved before its network is compiled.

    ensure … in NET.relu   →   proved: go on, and say so      refuted, undecided: nothing is written

Sound for the result as for the source: they are the same function on the domain.
"""

from __future__ import annotations

from typing import assert_never

import click

from rectifold.cli.asked import ensured_of
from rectifold.cli.options import Proof, Report
from rectifold.cli.progress import progress_line
from rectifold.cli.proved import prove_json, prove_text
from rectifold.formats.load import Loaded
from rectifold.properties.answers import Holds, Refuted, Undecided
from rectifold.properties.decide import decide_property
from rectifold.runtime.json import JsonObject
from rectifold.runtime.run import Run
from rectifold.runtime.status import Status


def prove_ensured(
    loaded: Loaded, proof: Proof, report: Report, *, is_wanted: bool
) -> tuple[JsonObject, int | None]:
    """On the network's domain: (what the JSON result has of it, None); nothing if it is not wanted.

    Or, where it does not hold, the status with which the command ends: then the answer is told
    here, as `prove` tells it, for nothing is compiled. Raises InputError where nothing is ensured.
    """
    if not is_wanted:
        return {}, None
    question = ensured_of(loaded, loaded.network.domain)
    with progress_line(quiet=report.quiet) as progress:
        run = Run(proof.limits(proof.seconds), proof.seed, progress)
        answer = decide_property(question.loaded.network, question.asked, run)
    told = prove_json(answer, question)
    match answer:
        case Holds():
            status = None
        case Refuted():
            status = Status.REFUTED
        case Undecided():
            status = Status.UNDECIDED
        case _:
            assert_never(answer)
    if report.is_on_screen:
        click.echo(prove_text(answer, question))
        if status is not None:
            click.echo("nothing is written: --ensure asks for what NET ensures")
    if status is not None:
        report.write(told)
    return {"ensured": told["statement"]}, status
