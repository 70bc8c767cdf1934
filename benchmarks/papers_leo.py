"""The tables of LEO and of its successor: units and connections removed, beside ours."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from statistics import mean

from papers_bench import Bench, attempted, by_place, number, table
from papers_plan import LeoRow, Row
from papers_sections import Page, said, units_cells

from rectifold.errors import InputError
from rectifold.exact.numerals import counted


def leo_section(page: Page) -> list[str]:
    head = [
        "width",
        "training",
        "units removed",
        "by zeros, proofs, carriers",
        "connections",
        "accuracy",
    ]
    rows: list[list[str]] = []
    for row in page.plan.leo:
        rows.append([str(row.width), f"paper, λ = {row.l1:g}", *_of_paper(row)])
        for one in (row.same, row.ours):
            cells = attempted(one.label, len(head) - 1, partial(_removed, page.images, one))
            rows.append(["", *cells])
    known = page.images.known()
    changed = sum(one.changed for one in known)
    return [
        "## LEO's table",
        "",
        *said(
            "Serra, Kumar, Ramalingam, *Lossless Compression of Deep Neural Networks* "
            "(arXiv:2001.00218): MNIST, two hidden layers of one width, the units removed from the "
            "first and from the second. *By zeros*: units that zeros of the trained file remove; "
            "by proofs: never active, linear or multiples of others on [0, 1]ⁿ; by carriers: "
            "active ones that fewer stand for. *Connections*: the part of the dense weights that "
            "is removed (with those of inputs that nobody reads)."
        ),
        *table(head, rows),
        "",
        *said(_explained(page)),
        *said(
            f"{len(known)} networks for images were compressed; the checker confirms "
            f"{sum(one.verdict == 'holds' for one in known)} of the results. After it {changed} of "
            "the test samples of all of them have another class than before, and "
            f"{sum(one.open for one in known)} of their units were left undecided."
        ),
    ]


def _of_paper(row: LeoRow) -> list[str]:
    if row.paper is None:
        return ["(not in the table)", "", "", ""]
    first, second, accuracy = row.paper
    return [f"{first} + {second}", "", "", f"{accuracy:.2f} %"]


def _removed(bench: Bench, row: Row) -> list[str]:
    found = bench.compressed(row)
    units = by_place([one.removed for one in found])
    return [
        f"{units} ({counted(row.seeds, 'seed')})",
        by_place([one.by for one in found]),
        f"{number(one.share for one in found)} %",
        f"{number((one.accuracy for one in found), 2)} %",
    ]


def _explained(page: Page) -> str:
    """What differs from the paper, in words that follow from the numbers."""
    bench, rows = page.images, page.plan.leo
    texts = [text for row in rows if (text := _difference(bench, row))]
    theirs = _by_zeros(bench, [row.same for row in rows])
    ours = _by_zeros(bench, [row.ours for row in rows])
    return " ".join(
        [
            "What differs:",
            *texts,
            "LEO merges active units whose incoming weights are dependent; carriers also count who "
            "reads them, here ten outputs, so active units of the second layer go in greater "
            "number.",
            "The seeds and the order of samples are ours, and LEO's settings may differ from those "
            "of the later public code. Subgradient steps leave weights that jitter around zero, so "
            f"with their recipe zeros alone remove {theirs} of the removed units, and the others "
            f"need a proof; with ours it is {ours}: a group penalty acts on whole units, and "
            "proximal steps leave exact zeros.",
        ]
    )


def _by_zeros(bench: Bench, rows: Sequence[Row]) -> str:
    """The part of the removed units that zeros alone remove."""
    try:
        found = [one for row in rows for one in bench.compressed(row)]
    except InputError:
        return "(not measured)"
    removed = sum(sum(one.removed) for one in found)
    return f"{100 * sum(one.by[0] for one in found) / max(removed, 1):.0f} %"


def _difference(bench: Bench, row: LeoRow) -> str:
    """How far both recipes are from the paper's row; nothing where one is not measured."""
    if row.paper is None:
        return ""
    try:
        same, ours = bench.compressed(row.same), bench.compressed(row.ours)
    except InputError:
        return ""
    first, second, accuracy = row.paper
    units = [mean(sum(one.removed) for one in found) - first - second for found in (same, ours)]
    points = [mean(one.accuracy for one in found) - accuracy for found in (same, ours)]
    return (
        f"Width {row.width}, λ = {row.l1:g}: {units[0]:+.1f} units and {points[0]:+.2f} points of "
        f"accuracy with their recipe, {units[1]:+.1f} and {points[1]:+.2f} with ours."
    )


def scaling_section(page: Page) -> list[str]:
    """Connections against the penalty, as the third paper asks."""
    head = ["λ", "accuracy", "stable", "active + inactive", "units removed", "connections removed"]

    def cells(row: Row) -> list[str]:
        found = page.images.compressed(row)
        removed = number(sum(one.removed) for one in found)
        return [*units_cells(found), removed, f"{number(one.share for one in found)} %"]

    rows = [
        attempted(f"{r.label[4:]} ({r.seeds})", len(head), partial(cells, r))
        for r in page.plan.scaling
    ]
    return [
        "## Connections against the penalty",
        "",
        *said(
            "Serra, Yu, Kumar, Ramalingam, *Scaling Up Exact Neural Network Compression by ReLU "
            "Stability* (arXiv:2102.07804), train five seeds for each λ, from those with which the "
            "accuracy still grows to those with which it falls, and remove up to 56 % of the "
            "connections of CIFAR-10 classifiers at no loss of accuracy. Their public results name "
            "one MNIST network: 200-200 without a penalty has 98.07 % and no stable unit. Its "
            "tables were not at hand in text. Ours, 100-100 with their recipe (seeds in brackets):"
        ),
        *table(head, rows),
        "",
        *said(
            "CIFAR-10 is not trained here. Of one network for it, 400-400 with λ = 0.000175, their "
            "public results say 50.75 %, 85 active and 284 inactive units in the first layer, 137 "
            "and 131 in the second, found in 115 s; compressed it is 116-248. What they left is "
            "compressed further in [measured](measured.md#compiling): another 106 units go, as ten "
            "carry the 116 active ones of its second layer."
        ),
    ]
