"""Measure what the three papers claim, and write docs/papers.md with its picture:

    python benchmarks/papers.py --data MNIST [--work DIR]      about 40 minutes the first time
    python benchmarks/papers.py --quick --output page.md       scikit-learn's digits, seconds

The papers: Kumar, Serra, Ramalingam 2019; Serra, Kumar, Ramalingam 2020 (LEO); Serra, Yu, Kumar,
Ramalingam 2021. Trained networks stay in DIR: a second run measures again and trains nothing.
PyTorch trains, scikit-learn has the digits; what cannot be measured is said in the page.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import click
from papers_bench import Bench
from papers_page import lines_of
from papers_picture import Bars, picture
from papers_plan import full, quick
from papers_sections import Page
from papers_tasks import moons, projected_digits
from papers_training import Data, Say

from rectifold.data.read import read_samples
from rectifold.errors import InputError
from rectifold.runtime.files import write_files

ROOT = Path(__file__).resolve().parents[1]
TASKS: Mapping[str, Callable[[], Data]] = {"moons": moons, "projected digits": projected_digits}


def small_bench(name: str, folder: Path, say: Say) -> Bench | InputError:
    """The bench of a small task, or why there is none."""
    try:
        return Bench(TASKS[name](), folder / name.replace(" ", "_"), say)
    except InputError as error:
        return error


def made(data: str, folder: Path, output: Path, is_quick: bool, say: Say) -> dict[Path, bytes]:
    """The page and its picture."""
    plan = quick() if is_quick else full()
    images = Data(read_samples(data, "train"), read_samples(data, "test"))
    drawing = output.with_suffix(".svg")
    page = Page(
        plan,
        Bench(images, folder / "images", say),
        {name: small_bench(name, folder, say) for name, _ in plan.small},
        f"python benchmarks/papers.py {'--quick' if is_quick else '--data MNIST'}",
        drawing.name,
        [],
    )
    lines = lines_of(page)
    charts = [
        Bars("stable units", [one.stable for one in page.curves], "#4477aa", " %"),
        Bars("linear regions on a triangle", [one.regions for one in page.curves], "#ee8866"),
    ]
    labels = [one.label for one in page.curves]
    text = "\n".join(lines).rstrip() + "\n"
    return {output: text.encode(), drawing: picture(labels, charts).encode()}


@click.command()
@click.option("--data", help="a folder of MNIST's idx files, or another data set")
@click.option("--work", type=click.Path(path_type=Path), help="keeps what was trained")
@click.option("--quick", "is_quick", is_flag=True, help="the digits, one seed, seconds")
@click.option("--output", type=click.Path(path_type=Path), default=ROOT / "docs" / "papers.md")
def main(data: str | None, work: Path | None, is_quick: bool, output: Path) -> None:
    started = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - started:6.0f} s  {text}", file=sys.stderr, flush=True)

    if data is None and not is_quick:
        raise click.UsageError("name a folder of MNIST's files with --data, or ask for --quick")
    folder = work or output.parent / "papers-networks"
    try:
        files = made(data or "digits", folder, output, is_quick, say)
        write_files(files)
    except InputError as error:
        raise click.ClickException(str(error)) from None
    say(f"wrote {', '.join(path.name for path in files)}")


if __name__ == "__main__":
    main()
