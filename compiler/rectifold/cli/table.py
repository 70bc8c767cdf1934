"""All commands in the order of use: where each lies, its line in `--help`, and two examples.

Nothing is imported here: `rectifold --help` reads this table alone.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Listed:
    """A command: `module`.`attribute` is loaded when it is called.

    `line` fits a terminal of 80 columns; `examples` run in a folder that holds the project's
    `examples/`; `ends`: its exit statuses but 2 (wrong use or bad input), which all have.
    """

    module: str
    line: str
    examples: tuple[str, str]
    ends: tuple[tuple[int, str], ...] = ((0, "done"),)

    @property
    def attribute(self) -> str:
        return f"{self.module}_command"


_PUSH = "examples/cartpole.onnx examples/strong_push.vnnlib"
_BOX = '--domain "[-1/10,1/10]"'

COMMANDS = {
    "compile": Listed(
        "compile",
        "make a network smaller: the same function, with a certificate",
        (
            f"rectifold compile examples/cartpole.onnx small.onnx {_BOX}",
            "rectifold compile examples/thermostat.relu thermostat.c --certificate proof.jsonl",
        ),
        (
            (0, "the search came to its end"),
            (3, "the time limit or Ctrl-C ended it early; the result is written, and as valid"),
            (4, "the certificate holds but for claims that rest on a solver's word"),
        ),
    ),
    "verify": Listed(
        "verify",
        "decide whether two networks are the same function",
        (
            "rectifold verify examples/tiny.relu examples/tiny.relu",
            "rectifold verify examples/tiny.relu examples/tiny.relu --within 1e-6",
        ),
        (
            (0, "proved"),
            (1, "refuted by an exact point"),
            (3, "undecided"),
            (4, "proved but for claims that rest on a solver's word"),
        ),
    ),
    "prove": Listed(
        "prove",
        "decide whether a property (VNN-LIB, or `ensure`) holds",
        (
            f"rectifold prove {_PUSH}",
            'rectifold prove examples/thermostat.relu --lipschitz 50 --domain "[0,1]"',
        ),
        (
            (0, "it holds (unsat)"),
            (1, "it is refuted by an exact point (sat)"),
            (3, "undecided"),
            (4, "it holds but for claims that rest on a solver's word"),
        ),
    ),
    "check": Listed(
        "check",
        "replay a certificate with the independent checker",
        (
            "rectifold check examples/thermostat.relu proof.jsonl",
            "python -m rectifold_check --help",
        ),
        (
            (0, "it holds"),
            (1, "it is refused"),
            (3, "the time limit ended it, and nothing is said about the certificate"),
            (4, "it holds but for claims that were taken without proof"),
        ),
    ),
    "stability": Listed(
        "stability",
        "which units are active, inactive or unstable, and proved ranges",
        (
            f"rectifold stability examples/cartpole.onnx {_BOX}",
            f"rectifold stability examples/cartpole.onnx {_BOX} --bounds bounds.json",
        ),
        (
            (0, "done; what is undecided is counted as open"),
            (3, "the time limit or Ctrl-C ended it early; what is said is proved"),
        ),
    ),
    "emit": Listed(
        "emit",
        "write code for a network as it is, and say what it costs",
        (
            "rectifold emit examples/tiny.relu tiny.c",
            "rectifold emit examples/tiny.relu tiny.onnx --to onnx64",
        ),
    ),
    "regions": Listed(
        "regions",
        "count, list or draw the linear regions, exactly",
        (
            "rectifold regions examples/tiny.relu",
            f"rectifold regions examples/cartpole.onnx {_BOX} --slice 0,1",
        ),
        (
            (0, "done"),
            (
                3,
                "ended early by the time limit or Ctrl-C, or not all decided: a part is said",
            ),
        ),
    ),
    "shallow": Listed(
        "shallow",
        "rewrite a network with at most two hidden layers",
        (
            "rectifold shallow examples/tiny.relu",
            "rectifold shallow examples/tiny.relu two_layers.py --certificate shallow.jsonl",
        ),
        (
            (0, "done"),
            (
                3,
                "the time limit ended the search (nothing is written) or the check of the "
                "certificate (the form is written unchecked)",
            ),
        ),
    ),
    "local": Listed(
        "local",
        "what a network is around each sample of a data set",
        (
            "rectifold local examples/cartpole.onnx --data states.npy --radius 0.01",
            "rectifold local examples/cartpole.onnx --data states.npy --radius 0.01 --json -",
        ),
        (
            (0, "done"),
            (3, "the time limit or Ctrl-C ended it early; what is said is proved"),
        ),
    ),
    "reduce": Listed(
        "reduce",
        "a smaller network and property file, for any other verifier",
        (
            f"rectifold reduce {_PUSH} push.onnx",
            f"rectifold reduce {_PUSH} s.onnx --certificate c.jsonl",
        ),
        (
            (0, "done"),
            (
                3,
                "the time limit or Ctrl-C ended the search early; what is written is as valid, "
                "or nothing is",
            ),
            (4, "the certificate holds but for claims that rest on a solver's word"),
        ),
    ),
    "train": Listed(
        "train",
        "train a network that compiles to a small one (PyTorch)",
        (
            "rectifold train digits.onnx --epochs 5",
            "rectifold train digits.onnx --data digits.npz --watch --force",
        ),
        (
            (0, "trained to the end"),
            (3, "the time limit or Ctrl-C ended it early; the network is written"),
        ),
    ),
    "show": Listed(
        "show",
        "look at a network: layers, sizes, digest, formulas",
        (
            "rectifold show examples/cartpole.onnx",
            "rectifold show examples/tiny.relu --text",
        ),
    ),
    "run": Listed(
        "run",
        "evaluate a network at a point, in floats or exactly",
        (
            'rectifold run examples/tiny.relu "1/2, 0, 2" --exact',
            "rectifold run examples/cartpole.onnx 0,0,0.1,0",
        ),
    ),
}
