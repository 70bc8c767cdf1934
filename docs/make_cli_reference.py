"""Writes docs/reference/cli.md from the commands themselves: python docs/make_cli_reference.py"""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import click

from rectifold.cli.documented import statuses
from rectifold.cli.main import main
from rectifold.cli.table import COMMANDS
from rectifold.emitters.table import FORMATS

TARGET = Path(__file__).resolve().parent / "reference" / "cli.md"
ARGUMENTS = {  # click has no help for arguments; a command with another one fails here
    "NET": "a network: .onnx, .relu, .npz, .nnet, or .json with layers",
    "A": "the network that is compared with, as NET elsewhere",
    "B": "the network that is compared",
    "CERTIFICATE": "the file that `--certificate` wrote",
    "[OUT]": "the file to write, here or as `-o OUT`",
    "[SMALL.onnx]": "the smaller network, here or as `-o SMALL.onnx`",
    "[PROPERTY]": "a VNN-LIB file: what it asserts must not happen; left out: what NET ensures",
    "PROPERTY": "a VNN-LIB file: what it asserts must not happen",
    "INPUT": "a point: numbers with commas, a .npy file, or - for standard input",
}


def reference() -> str:
    """The page: every command with its arguments, options and help, in the order of `--help`."""
    context = click.Context(main, info_name="rectifold", **main.context_settings)
    parts = ["# Commands and options\n\nMade by `python docs/make_cli_reference.py`.\n"]
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        assert command is not None
        inner = click.Context(command, parent=context, info_name=name)
        usage = " ".join(command.collect_usage_pieces(inner))
        parts.append(f"## {name}\n\n    rectifold {name} {usage}\n")
        parts.append(_paragraphs(command.help or ""))
        rows = [record for p in command.get_params(inner) if (record := p.get_help_record(inner))]
        lines = [f"| `{_cell(name)}` | {_cell(text or ARGUMENTS[name])} |" for name, text in rows]
        parts.append("\n".join(["| argument or option | meaning |", "|---|---|", *lines]) + "\n")
        listed = COMMANDS[name]
        parts.append("".join(f"    {example}\n" for example in listed.examples))
        ends = (f"{status} {text}" for status, text in statuses(listed))
        parts.append(textwrap.fill(f"Exit status: {'; '.join(ends)}.", 100) + "\n")
    return "\n".join(parts)


def _paragraphs(text: str) -> str:
    parts = (textwrap.fill(" ".join(part.split()), 100) for part in text.split("\n\n"))
    return "\n\n".join(parts) + "\n"


def _cell(text: str) -> str:
    """One line. Formats are named by `--help` alone: a new one changes no document."""
    known = text.replace(", ".join(FORMATS), "a format that `rectifold emit --help` lists")
    return " ".join(known.split()).replace("|", "\\|")


if __name__ == "__main__":
    TARGET.write_text(reference(), encoding="utf-8")
    sys.stdout.write(f"wrote {TARGET}\n")
