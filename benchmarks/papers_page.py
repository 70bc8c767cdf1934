"""The page: the papers' figures beside ours, as Markdown, every number from a measurement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import mean
from textwrap import fill

from papers_bench import Bench, attempted, by_place, counts, number, table
from papers_measures import Compressed, Counted, Forms, forms, triangles
from papers_plan import LeoRow, Plan, Row

from rectifold.errors import InputError


@dataclass(frozen=True)
class Curve:
    """What the picture shows of one row: units that are stable, in percent, and regions."""

    label: str
    stable: float
    regions: float


@dataclass(frozen=True)
class Page:
    """The benches that a page is made from; `curves` are filled while it is written."""

    plan: Plan
    images: Bench
    small: Mapping[str, Bench | InputError]
    command: str
    picture: str
    curves: list[Curve]

    def lines(self) -> list[str]:
        sections = (_regions, _small, _forms, _leo, _scaling)
        return [*_head(self), *(line for make in sections for line in make(self))]


def _head(page: Page) -> list[str]:
    return [
        "# The papers' claims, measured",
        "",
        f"    {page.command}",
        "",
        *said(
            "That command trains the networks (a training that is in its folder is not repeated), "
            "measures them, and writes this page. Stable units are proved, on [0, 1]ⁿ; removals "
            "are exact rewrites; linear regions are all there are, counted in rational numbers. "
            "Accuracies are of the test samples. A figure of several seeds is their average, with "
            "the least and the largest in brackets."
        ),
        *said(
            "*Their recipe* is that of the public code of the third paper (its authors wrote the "
            "other two as well): 120 epochs of SGD, rate 0.01, a tenth of it from epochs 50 and "
            "100 on, and λ Σ|w| by its subgradient. *Our recipe* is `rectifold.training`: 20 "
            "epochs with proximal steps of an L1 and a group penalty, which leave exact zeros, "
            "and 4 with the zeros frozen."
        ),
    ]


def said(text: str) -> list[str]:
    """A paragraph in lines of at most 100 characters, and an empty line."""
    return [*fill(text, 98, break_long_words=False, break_on_hyphens=False).splitlines(), ""]


# ---- stable units and regions -------------------------------------------------------------------


def _regions(page: Page) -> list[str]:
    """Stable units and regions on triangles, of networks for images."""
    plan, bench = page.plan, page.images
    found: dict[str, tuple[list[Compressed], list[Counted]]] = {}

    def cells(row: Row) -> list[str]:
        units = bench.compressed(row)
        regions = bench.regions_on_triangles(row, plan.triangles)
        found[row.label] = units, regions
        page.curves.append(_curve(row.label, units, regions))
        return [*_units(units), counts(regions), number(one.stable for one in regions)]

    head = ["training", "accuracy", "stable", "active + inactive", "regions", "stable there"]
    rows = [attempted(row.label, len(head), partial(cells, row)) for row in plan.slices]
    first = plan.slices[0]
    sizes = "-".join(map(str, first.training.sizes))
    return [
        "## Stable units and linear regions of networks for images",
        "",
        *said(
            "Kumar, Serra, Ramalingam, *Equivalent and Approximate Transformations of Deep Neural "
            "Networks* (arXiv:1905.11428), say of MNIST: L1 regularization and adversarial "
            "training reduce the number of linear regions significantly, as the number of stable "
            "units grows with sparse weights. Of its figures none was at hand in text, so the "
            "claim stands here without one."
        ),
        *said(
            f"Networks {sizes}, {first.seeds} seed(s) each, their recipe in "
            f"{first.training.epochs} epochs (so that the rows are alike). A network "
            "is restricted, exactly, to triangles of three test images: the first ones of the "
            f"digits 0, 1, 2; then of 3, 4, 5; and so on, {plan.triangles} of them. *Attacked*: "
            "each batch is learned again, moved by 0.15 along the sign of its gradient. *Stable "
            "there*: units with one phase "
            "on the triangle."
        ),
        *table(head, rows),
        "",
        *said(_verdict(found)),
        f"![Stable units and regions by training]({page.picture})",
        "",
    ]


def _curve(label: str, units: Sequence[Compressed], regions: Sequence[Counted]) -> Curve:
    stable = mean(100 * one.stable / one.units for one in units)
    return Curve(label, stable, mean(one.regions for one in regions))


def _units(units: Sequence[Compressed]) -> list[str]:
    """Accuracy, stable units of all, and of which phase."""
    parts = f"{number(u.active for u in units)} + {number(u.inactive for u in units)}"
    stable = f"{number(u.stable for u in units)} of {units[0].units}"
    return [f"{number((u.accuracy for u in units), 2)} %", stable, parts]


def _verdict(found: Mapping[str, tuple[Sequence[Compressed], Sequence[Counted]]]) -> str:
    """What the table says about the claim: each training against the plain one."""
    labels = list(found)
    if not labels or not labels[0].endswith("λ = 0"):
        return "There is no plain training to compare with."
    plain = _curve("", *found[labels[0]])
    texts = []
    for label in labels[1:]:
        one = _curve("", *found[label])
        holds = one.regions < plain.regions and one.stable > plain.stable
        texts.append(
            f"{label}: {_change(plain.regions, one.regions)} regions, "
            f"{one.stable - plain.stable:+.1f} % of the units stable "
            f"({'as claimed' if holds else 'not as claimed'})"
        )
    return "Against the plain training — " + "; ".join(texts) + "."


def _change(before: float, after: float) -> str:
    return f"{100 * (after / before - 1):+.0f} %"


# ---- small tasks --------------------------------------------------------------------------------


def _small(page: Page) -> list[str]:
    lines = [
        "## All linear regions of small networks",
        "",
        *said(
            "The same on tasks with few inputs, where the regions of the whole domain are counted: "
            "two moons (two inputs), and scikit-learn's digits on their first three principal axes."
        ),
    ]
    head = ["task, training", "accuracy", "stable", "active + inactive", "regions"]
    rows: list[list[str]] = []
    for name, trainings in page.plan.small:
        for row in trainings:
            rows.append(
                attempted(
                    f"{name}, {row.label}",
                    len(head),
                    partial(_small_cells, page, name, row),
                )
            )
    seeds = max(row.seeds for _, trainings in page.plan.small for row in trainings)
    return [*lines, *table(head, rows), "", *said(f"{seeds} seed(s) each.")]


def _small_cells(page: Page, name: str, row: Row) -> list[str]:
    bench = _bench(page, name)
    return [*_units(bench.compressed(row)), counts(bench.regions(row))]


def _bench(page: Page, name: str) -> Bench:
    found = page.small[name]
    if isinstance(found, InputError):
        raise found
    return found


# ---- two hidden layers --------------------------------------------------------------------------


def _forms(page: Page) -> list[str]:
    """Sizes of networks with two hidden layers."""
    head = ["network", "units", "regions", "every pattern", "patterns of regions", "exact"]
    rows = [
        attempted(f"{name}, {row.label}", len(head), partial(_form, page, name, row))
        for name, trainings in page.plan.small
        for row in trainings
    ]
    rows += [
        attempted(f"images, {row.label}", len(head), partial(_triangle_form, page, row))
        for row in page.plan.slices
    ]
    return [
        "## Networks with two hidden layers",
        "",
        *said(
            "The paper's construction has a gate for every on-off pattern of all units; made only "
            "for the patterns that define regions it is, as the paper says, substantially smaller. "
            "Its gates are exact but near the walls of regions. Our exact form (`rectifold "
            "shallow`) needs no gates. Hidden units of both layers, on the whole domain of a small "
            "task, and on the first triangle for images; seed 0."
        ),
        *table(head, rows),
        "",
    ]


def _form(page: Page, name: str, row: Row) -> list[str]:
    bench = _bench(page, name)
    return _sizes(forms(bench.network(row.training), bench.data.domain))


def _triangle_form(page: Page, row: Row) -> list[str]:
    network = next(triangles(page.images.network(row.training), page.images.data, 1))
    assert network.domain is not None
    return _sizes(forms(network, network.domain))


def _sizes(found: Forms) -> list[str]:
    every = f"{found.patterns:,}" if found.patterns < 10**6 else f"{found.patterns:.1e}"
    numbers = (f"{v:,}" for v in (found.regions, found.exact))
    return [str(found.units), f"{found.count:,}", every, *numbers]


# ---- the tables of LEO and of its successor -----------------------------------------------------


def _leo(page: Page) -> list[str]:
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
            "the test samples of all of them have another class than before."
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
        f"{units} ({row.seeds} seed(s))",
        by_place([one.by for one in found]),
        f"{number(one.share for one in found)} %",
        f"{number((one.accuracy for one in found), 2)} %",
    ]


def _explained(page: Page) -> str:
    """What differs from the paper, in words that follow from the numbers."""
    bench, rows = page.images, page.plan.leo
    texts = [text for row in rows if (text := _difference(bench, row))]
    zeros = [_by_zeros(bench, [getattr(row, kind) for row in rows]) for kind in ("same", "ours")]
    return " ".join(
        [
            "What differs:",
            *texts,
            "The seeds and the order of samples are ours, and LEO's settings may differ from those "
            "of the later public code. Subgradient steps leave weights that jitter around zero, so "
            f"with their recipe zeros alone remove {zeros[0]} of the removed units, and the others "
            f"need a proof; with ours it is {zeros[1]}: a group penalty acts on whole units, and "
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


def _scaling(page: Page) -> list[str]:
    """Connections against the penalty, as the third paper asks."""
    head = ["λ", "accuracy", "stable", "active + inactive", "units removed", "connections removed"]

    def cells(row: Row) -> list[str]:
        found = page.images.compressed(row)
        removed = number(sum(one.removed) for one in found)
        return [*_units(found), removed, f"{number(one.share for one in found)} %"]

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
            "CIFAR-10 is not trained here. Of their public CIFAR-10 network of 400-400 units, "
            "which they compressed to 116-248, what they left is compressed further in "
            "[measured](measured.md#compiling): another 106 units go, as ten "
            "units carry the 116 active ones of its second layer."
        ),
    ]
