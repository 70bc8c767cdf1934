"""Help pages: options under headings, then two examples and the exit statuses.

    Usage, what it does  →  Input · Output · Search · Report  →  Examples  →  Exit status

What no heading claims is the command's own and comes first, under "Options".
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import click

from rectifold.cli.table import COMMANDS, Listed
from rectifold.runtime.status import Status

HEADINGS = {
    "Input": ("domain_spec", "outputs", "until", "crosscheck"),
    "Output": (
        "output", "wanted", "precision", "max_error", "single_file", "plain_onnx", "force",
        "certificate_file", "counterexample_file", "property_out", "bounds_file", "npz_file",
        "plot_file", "strips_file", "errors_file", "picture", "folder",
    ),
    "Search": ("prover", "time_limit", "seed", "jobs", "scheduler", "log_file", "memory_limit"),
    "Report": ("json_target", "page_file", "quiet", "verbose"),
}  # fmt: skip
_FILES = (
    "NET", "NET2", "A", "B", "[OUT]", "OUT", "SMALL.onnx", "CERTIFICATE", "PROPERTY", "[PROPERTY]",
    "FILE", "FILE|-", "SPEC", "DATA", "FOLDER", "INPUT", "POINT",
)  # fmt: skip
_OF_ALL = ((int(Status.BAD_INPUT), "wrong use, or an input that cannot be read"),)


def statuses(listed: Listed) -> list[tuple[int, str]]:
    """The exit statuses of a command with what they say, in order."""
    return sorted((*listed.ends, *_OF_ALL))


class Documented(click.Command):
    """A command whose help has headings; its examples and statuses stand in the table.

    Where its help speaks of a file, shells complete names of files.
    """

    def __init__(self, name: str | None, params: list[click.Parameter], **other: Any) -> None:
        super().__init__(name, params=params, **other)
        for parameter in params:
            if parameter.type is click.STRING and parameter.metavar in _FILES:
                parameter.type = click.Path()

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Every option once: the command's own, then what lies under each heading."""
        claimed = {name for names in HEADINGS.values() for name in names}
        self._write_section("Options", ctx, formatter, lambda name: name not in claimed)
        for heading, names in HEADINGS.items():
            self._write_section(heading, ctx, formatter, names.__contains__)

    def _write_section(
        self,
        heading: str,
        ctx: click.Context,
        formatter: click.HelpFormatter,
        belongs: Callable[[str], bool],
    ) -> None:
        options = (p for p in self.get_params(ctx) if isinstance(p, click.Option))
        own = (p for p in options if belongs(p.name or ""))
        rows = [record for p in own if (record := p.get_help_record(ctx)) is not None]
        if rows:
            with formatter.section(heading):
                formatter.write_dl(rows)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The two examples, each on a line that can be copied, and the exit statuses."""
        listed = COMMANDS[self.name or ""]
        with formatter.section("Examples"):
            for example in listed.examples:
                formatter.write(f"{'':>{formatter.current_indent}}{example}\n")
        with formatter.section("Exit status"):
            formatter.write_dl([(str(status), text) for status, text in statuses(listed)])


command = partial(click.command, cls=Documented)
