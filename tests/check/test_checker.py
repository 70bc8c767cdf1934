"""The checker: tables of accepted and refused certificates for each rule, and mutated certificates of real compiles."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest

from certificate_lines import FINAL, LEAF, sha, verdict
from rectifold.certificate.compiled import certify
from rectifold.ir.canonical import canonical_text, domain_text
from rectifold.operations.compiling import compile_network
from rectifold_check import Replay, check
from rectifold_check.json import Refusal
from rectifold_check.networks import read_domain, read_network
from support import BOX, canonical_chain, net, random_network

# A: relu(x0 + 2) + relu(x1 - 3): active, inactive.  B: x0 + 2
STABLE_A = canonical_chain(("R", "0:2 1:-3", ["0:1", "1:1"]), ("L", "", ["0:1 1:1"]))
STABLE_B = canonical_chain(("L", "0:2", ["0:1"]))
UP = ["bound", [0, 1, 1], "up", "0", LEAF]
LO = ["bound", [0, 1, 0], "lo", "0", LEAF]
# A: relu(2 x0) + relu(-x0).  B: 3 relu(x0) - x0 as relu(x0), linear over skip
MIRROR_A = canonical_chain(("R", "", ["0:2", "0:-1"]), ("L", "", ["0:1 1:1"]))
MIRROR_B = json.dumps(
    {
        "format": "rectifold-network/1",
        "inputs": 2,
        "layers": [
            {"activation": "R", "bias": "", "units": 1, "weights": [[0, ["0:1"]]]},
            {"activation": "L", "bias": "", "units": 1, "weights": [[0, ["0:-1"]], [1, ["0:3"]]]},
        ],
        "output": 2,
    },
    sort_keys=True,
    separators=(",", ":"),
)
TIES = [
    ["mirror", [0, 1, 1], [0, 1, 0], "1/2"],
    ["alias", [1, 1, 0], [0, 1, 0], "1/2"],
]
# A: relu(relu(x0) - relu(x0) / 2 - 1): inactive by the chord or by h - z.  B: 0
CHORD_A = canonical_chain(("R", "", ["0:1"]), ("R", "0:-1/2", ["0:1/2"]), ("L", "", ["0:1"]))
ZERO_B = canonical_chain(("L", "", [""]))
# A: relu(relu(x0 - 1/2) - relu(x0)): needs a split.  B: 0
SPLIT_A = canonical_chain(
    ("R", "0:-1/2", ["0:1", "0:1"]), ("R", "", ["0:1 1:-1"]), ("L", "", ["0:1"])
)
SPLIT = [
    "bound",
    [0, 2, 0],
    "up",
    "0",
    {"s": [0, 1, 0], "p": {"l": [["hz", [0, 1, 1], "1"]]}, "n": LEAF},
]
ENDS = [
    ["bound", [0, 1, k], side, value, LEAF]
    for k, (low, high) in enumerate((("-3/2", "1/2"), ("-1", "1")))
    for side, value in (("lo", low), ("up", high))
]

ACCEPTED = {
    "identical networks need no step": verdict(STABLE_B, STABLE_B, FINAL),
    "bounds make units stable": verdict(STABLE_A, STABLE_B, LO, UP, FINAL),
    "a bound tighter than the sign": verdict(STABLE_A, STABLE_B, ["bound", [0, 1, 1], "up", "-2", LEAF], LO, FINAL),
    "alias and mirror": verdict(MIRROR_A, MIRROR_B, *TIES, FINAL),
    "chord": verdict(
        CHORD_A, ZERO_B, ["bound", [0, 1, 0], "lo", "-1", LEAF], ["bound", [0, 1, 0], "up", "1", LEAF],
        ["bound", [0, 2, 0], "up", "0", {"l": [["ch", [0, 1, 0], "1/4"]]}], FINAL,
    ),
    "split": verdict(SPLIT_A, ZERO_B, *ENDS, SPLIT, FINAL),
    "trusted claims are counted": verdict(STABLE_A, STABLE_B, LO, ["trusted", [0, 1, 1], "up", "0", "z3"], FINAL),
    "final proofs within eps": verdict(
        canonical_chain(("L", "0:1/10", ["0:1"])), canonical_chain(("L", "", ["0:1"])), ["final", {"0": {"ge": LEAF, "le": LEAF}}], eps=("1/10",),
    ),
    "a multiplier as a hexadecimal float": verdict(
        CHORD_A, ZERO_B, ["bound", [0, 1, 0], "lo", "-1", LEAF], ["bound", [0, 1, 0], "up", "1", LEAF],
        ["bound", [0, 2, 0], "up", "0", {"l": [["ch", [0, 1, 0], "0x1.0p-2"]]}], FINAL,
    ),
    "a fixed input is its value": verdict(
        canonical_chain(("L", "", ["0:1 1:3"])), canonical_chain(("L", "0:1", ["0:1"])), FINAL,
        domain='{"format":"rectifold-domain/1","lower":["-1","1/3"],"upper":["1","1/3"],"constraints":[]}',
    ),
    "a constraint of the domain as a fact": verdict(
        canonical_chain(("R", "0:-1", ["0:1 1:1"]), ("L", "", ["0:1"])), ZERO_B,
        ["bound", [0, 1, 0], "up", "0", {"l": [["dom", 0, "1"]]}], FINAL,
        domain='{"format":"rectifold-domain/1","lower":["-1","-1"],"upper":["1","1"],"constraints":[["0:1 1:1","1"]]}',
    ),
}  # fmt: skip


@pytest.mark.parametrize("title", ACCEPTED)
def test_accepted(title: str) -> None:
    expected = "holds given trusted claims" if "trusted" in title else "holds"
    assert ACCEPTED[title] == expected


def refused(*arguments: Any, **changes: Any) -> str:
    return verdict(*arguments, **changes)


REFUSED = {
    "no bound": (refused(STABLE_A, STABLE_B, FINAL), "no proof is given"),
    "a bound that is false": (refused(STABLE_A, STABLE_B, LO, ["bound", [0, 1, 1], "up", "-21/10", LEAF], FINAL), "does not hold"),
    "a bound on the wrong side": (refused(STABLE_A, STABLE_B, LO, ["bound", [0, 1, 1], "lo", "0", LEAF], FINAL), "does not hold"),
    "a positive unit called inactive": (refused(STABLE_A, STABLE_B, ["bound", [0, 1, 0], "up", "0", LEAF], FINAL), "does not hold"),
    "another weight in B": (refused(STABLE_A, canonical_chain(("L", "0:2", ["0:1 1:1/1000000"])), LO, UP, FINAL), "no proof is given"),
    "tie to a later unit": (refused(MIRROR_A, MIRROR_B, ["mirror", [0, 1, 0], [0, 1, 1], "2"], TIES[1], FINAL), "earlier"),
    "tie with the wrong factor": (refused(MIRROR_A, MIRROR_B, ["mirror", [0, 1, 1], [0, 1, 0], "1/3"], TIES[1], FINAL), "not multiples"),
    "tie with the wrong sign": (refused(MIRROR_A, MIRROR_B, ["alias", [0, 1, 1], [0, 1, 0], "1/2"], TIES[1], FINAL), "not multiples"),
    "tie with a negative factor": (refused(MIRROR_A, MIRROR_B, ["alias", [0, 1, 1], [0, 1, 0], "-1/2"], FINAL), "not positive"),
    "tie of a linear unit": (refused(MIRROR_A, MIRROR_B, ["alias", [1, 2, 0], [0, 1, 0], "1"], FINAL), "only a relu unit may be tied"),
    "tie of a unit to itself": (refused(MIRROR_A, MIRROR_B, TIES[0], ["alias", [0, 1, 1], [0, 1, 1], "1"], FINAL), "earlier"),
    "chord without ends": (refused(CHORD_A, ZERO_B, ["bound", [0, 2, 0], "up", "0", {"l": [["ch", [0, 1, 0], "1/4"]]}], FINAL), "its ends are not proved"),
    "a missing upper end": (refused(CHORD_A, ZERO_B, ["bound", [0, 2, 0], "up", "0", LEAF], FINAL), "no proven upper end"),
    "a negative multiplier": (refused(CHORD_A, ZERO_B, ["bound", [0, 2, 0], "up", "0", {"l": [["h", [0, 1, 0], "-1"]]}], FINAL), "multiplier is negative"),
    "a negative float multiplier": (refused(CHORD_A, ZERO_B, ["bound", [0, 2, 0], "up", "0", {"l": [["h", [0, 1, 0], "-0x1.0p+0"]]}], FINAL), "multiplier is negative"),
    "a multiplier beyond the floats": (
        refused(
            CHORD_A, ZERO_B, ["bound", [0, 2, 0], "up", "0", {"l": [["h", [0, 1, 0], "0x1.0p+9999"]]}], FINAL
        ), "beyond the range",
    ),
    "a multiplier that is no number": (refused(CHORD_A, ZERO_B, ["bound", [0, 2, 0], "up", "0", {"l": [["h", [0, 1, 0], "nan"]]}], FINAL), "is not a number"),
    "a split with a case missing": (refused(SPLIT_A, ZERO_B, *ENDS, ["bound", [0, 2, 0], "up", "0", {"s": [0, 1, 0], "p": LEAF}], FINAL), "unknown kind of proof"),
    "a split that proves one case only": (
        refused(SPLIT_A, ZERO_B, *ENDS, ["bound", [0, 2, 0], "up", "0", {"s": [0, 1, 0], "p": LEAF, "n": LEAF}], FINAL), "does not hold",
    ),
    "what a case learnt does not leave it": (
        refused(SPLIT_A, ZERO_B, *ENDS, SPLIT, ["bound", [0, 1, 0], "lo", "0", LEAF], FINAL), "does not hold",
    ),
    "an empty case that is not empty": (refused(STABLE_A, STABLE_B, LO, ["bound", [0, 1, 1], "up", "0", {"f": []}], FINAL), "does not hold"),
    "eps too small": (
        refused(canonical_chain(("L", "0:1/10", ["0:1"])), canonical_chain(("L", "", ["0:1"])), ["final", {"0": {"ge": LEAF, "le": LEAF}}], eps=("1/11",)), "does not hold",
    ),
    "a negative eps": (refused(STABLE_B, STABLE_B, FINAL, eps=("-1",)), "an eps is negative"),
    "too many eps": (refused(STABLE_B, STABLE_B, FINAL, eps=("0", "0")), "eps needs 1 entries"),
    "no final comparison": (refused(STABLE_A, STABLE_B, LO, UP), "without a final comparison"),
    "steps after the end": (refused(STABLE_A, STABLE_B, LO, UP, FINAL, LO), "steps follow"),
    "an unknown step": (refused(STABLE_A, STABLE_B, ["believe", [0, 1, 0]], FINAL), "unknown step"),
    "a step that is no list": (refused(STABLE_A, STABLE_B, {"bound": 1}, FINAL), "a step is a list"),
    "an unknown fact": (refused(CHORD_A, ZERO_B, ["bound", [0, 2, 0], "up", "0", {"l": [["magic", [0, 1, 0], "1"]]}], FINAL), "is unknown"),
    "a unit that does not exist": (refused(STABLE_A, STABLE_B, ["bound", [0, 1, 2], "up", "0", LEAF], FINAL), "is no unit"),
    "a negative index": (refused(STABLE_A, STABLE_B, ["bound", [0, 1, -1], "up", "0", LEAF], FINAL), "is no unit"),
    "a boolean as an index": (refused(STABLE_A, STABLE_B, ["bound", [0, 1, True], "up", "0", LEAF], FINAL), "is no unit"),
    "a number as a float": (refused(STABLE_A, STABLE_B, ["bound", [0, 1, 1], "up", 0.5, LEAF], FINAL), "float"),
    "a fact about a linear unit": (refused(STABLE_B, STABLE_A, ["bound", [0, 1, 0], "up", "9", {"l": [["h", [0, 1, 0], "1"]]}], FINAL), "facts are about relu units"),
    "no such constraint": (refused(STABLE_A, STABLE_B, ["bound", [0, 1, 1], "up", "0", {"l": [["dom", 0, "1"]]}], FINAL), "no such constraint"),
    "another digest of A": (refused(STABLE_A, STABLE_B, LO, UP, FINAL, a="0" * 64), "another network A"),
    "another digest of B": (refused(STABLE_A, STABLE_B, LO, UP, FINAL, b="0" * 64), "another network B"),
    "another format": (refused(STABLE_A, STABLE_B, LO, UP, FINAL, format="rectifold-certificate/9"), "another format"),
    "no network B": (refused(STABLE_A, STABLE_B, LO, UP, FINAL, result=None), "carries no network B"),
    "another number of inputs": (refused(STABLE_A, canonical_chain(("L", "", ["0:1"]), inputs=3), FINAL), "differ in their inputs"),
    "another number of outputs": (refused(STABLE_A, canonical_chain(("L", "", ["0:1", "0:1"])), FINAL), "differ in their outputs"),
    "an endless input": (
        refused(STABLE_A, STABLE_B, LO, UP, FINAL, domain='{"format":"rectifold-domain/1","lower":[null,"-1"],"upper":["1","1"],"constraints":[]}'),
        "input 0 has no lower end",
    ),
    "a larger domain": (
        refused(STABLE_A, STABLE_B, LO, UP, FINAL, domain='{"format":"rectifold-domain/1","lower":["-3","-1"],"upper":["1","1"],"constraints":[]}'), "does not hold",
    ),
    "an empty domain": (
        refused(STABLE_A, STABLE_B, LO, UP, FINAL, domain='{"format":"rectifold-domain/1","lower":["2","-1"],"upper":["1","1"],"constraints":[]}'), "an empty range",
    ),
}  # fmt: skip


@pytest.mark.parametrize("title", REFUSED)
def test_refused(title: str) -> None:
    got, reason = REFUSED[title]
    assert got.startswith("refused: ")
    assert reason in got


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        ("nothing", "not well-formed"),
        ("{}", "exactly the keys"),
        (STABLE_A.replace('"R"', '"S"'), "activation 'S'"),
        (STABLE_A.replace("0:2 1:-3", "0:2 0:-3"), "out of order"),
        (STABLE_A.replace("0:2 1:-3", "0:2 7:-3"), "out of range"),
        (STABLE_A.replace("0:2", "0:2.5"), "is not a number p or p/q"),
        (STABLE_A.replace("0:2", "0:1e9"), "is not a number p or p/q"),
        (STABLE_A.replace("0:2", "0:4/0"), "is not a number p or p/q"),
        (STABLE_A.replace("0:2", "0:" + "1" * 5000), "digits"),
        (STABLE_A.replace('"units":2', '"units":3'), "2 rows for 3 units"),
        (STABLE_A.replace('"units":2', '"units":1e3'), "float"),
        (STABLE_A.replace('"weights":[[0,', '"weights":[[1,', 1), "no whole number from 0 to 0"),
        (STABLE_A.replace('"output":2', '"output":3'), "no whole number from 1 to 2"),
        (STABLE_A.replace('"inputs":2', '"inputs":2,"inputs":2'), "a key occurs twice"),
        (STABLE_A.replace("network/1", "network/2"), "has format"),
        ('{"format":"rectifold-network/1","inputs":1,"layers":[],"output":1}', "has no layers"),
    ],
)
def test_networks_that_are_refused(network: str, reason: str) -> None:
    with pytest.raises(Refusal, match=reason):
        read_network(network, "A")


def test_domains_that_are_refused() -> None:
    for bad, reason in [
        (BOX.replace('"-1","-1"', '"-1"'), "differ in length"),
        (BOX.replace("domain/1", "domain/2"), "another format"),
        (BOX.replace('"constraints":[]', '"constraints":[["0:1"]]'), "coefficients, bound"),
        (BOX.replace('["-1","-1"]', '"-1"'), "no list"),
    ]:
        with pytest.raises(Refusal, match=reason):
            read_domain(bad)


def compiled_case(seed: int) -> tuple[str, str, list[str]]:
    compiled = compile_network(random_network(seed), prover="bounds")
    return (
        canonical_text(compiled.source),
        domain_text(compiled.facts.domain),
        list(certify(compiled).lines),
    )


@pytest.mark.parametrize("seed", range(60))
def test_mutated_certificates_never_prove_a_wrong_network(seed: int) -> None:
    """Mutations may leave a certificate valid (a looser bound); what must never be accepted is a wrong B."""
    a, domain, lines = compiled_case(seed)
    assert check(a, domain, lines).holds
    random = Random(seed)
    wrong = _wrong_result(lines[0], random)
    for _ in range(10):
        mutated = [wrong, *lines[1:]]
        for _ in range(random.randint(0, 3)):
            _mutate(mutated, random)
        assert not check(a, domain, mutated).holds


def _wrong_result(first: str, random: Random) -> str:
    """The header with B's output moved by a constant, and the right digest for that."""
    head = json.loads(first)
    form = json.loads(head["result"])
    output = form["layers"][form["output"] - 1]
    entries = dict(e.split(":") for e in output["bias"].split())
    k = str(random.randrange(output["units"]))
    entries[k] = str(10**6 + 1)
    output["bias"] = " ".join(
        f"{i}:{v}" for i, v in sorted(entries.items(), key=lambda e: int(e[0]))
    )
    output["activation"] = "L"
    result = json.dumps(form, sort_keys=True, separators=(",", ":"))
    return json.dumps(head | {"result": result, "b": sha(result)})


def _mutate(lines: list[str], random: Random) -> None:
    k = random.randrange(1, len(lines))
    kind = random.randrange(4)
    if kind == 0 and len(lines) > 2 and k < len(lines) - 1:
        del lines[k]
    elif kind == 1:
        lines[k] = (
            lines[k].replace('"up"', '"lo"')
            if random.random() < 0.5
            else lines[k].replace('"alias"', '"mirror"')
        )
    elif kind == 2:
        digits = [i for i, c in enumerate(lines[k]) if c.isdigit()]
        if digits:
            i = random.choice(digits)
            lines[k] = lines[k][:i] + str(random.randrange(10)) + lines[k][i + 1 :]
    else:
        lines.insert(k, random.choice(lines[1:]))


def test_false_bounds_are_never_accepted() -> None:
    """Every bound that a certificate states is moved just past what its own proof gives for a random small network."""
    for seed in range(40):
        a, domain, lines = compiled_case(seed)
        for k, line in enumerate(lines[1:], start=1):
            step = json.loads(line)
            if step[0] == "bound" and step[4] == LEAF and step[1][1] == 1:
                value = "-1000000" if step[2] == "up" else "1000000"
                changed = [*lines[:k], json.dumps([*step[:3], value, step[4]]), *lines[k + 1 :]]
                assert not check(a, domain, changed).holds


def test_a_refused_step_leaves_no_trace_in_a_replay() -> None:
    replay = Replay(SPLIT_A, ZERO_B, BOX)
    assert all(replay.accepts(step) for step in ENDS)
    wrong = ["bound", [0, 2, 0], "up", "0", {"s": [0, 1, 0], "p": LEAF, "n": LEAF}]
    before = dict(replay.state.lower), dict(replay.state.forms.solved)
    assert not replay.accepts(wrong)
    assert (replay.state.lower, replay.state.forms.solved) == before
    assert not replay.is_equal()
    assert replay.accepts(SPLIT)
    assert replay.is_equal()


def test_depth_is_capped() -> None:
    proof: Any = LEAF
    for _ in range(300):
        proof = {"s": [0, 1, 0], "p": proof, "n": LEAF}
    got = verdict(STABLE_A, STABLE_B, ["bound", [0, 1, 1], "up", "0", proof], FINAL)
    assert "too deep" in got


def test_the_command_runs_alone(tmp_path: Path) -> None:
    compiled = compile_network(
        net("input x[1] in [0, 1]\nh = relu([[1], [-1]] @ x)\ny = [[1, 1]] @ h\noutput y")
    )
    files = {
        "a.json": canonical_text(compiled.source),
        "d.json": domain_text(compiled.facts.domain),
        "c.jsonl": certify(compiled).text,
        "b.json": canonical_text(compiled.network),
    }
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    command = [sys.executable, "-I", "-m", "rectifold_check"]
    paths = [str(tmp_path / name) for name in files]
    good = subprocess.run([*command, *paths], capture_output=True, text=True, check=False)
    assert good.returncode == 0, good.stderr
    assert good.stdout.startswith(
        "holds: A and B are equal on the whole domain\n  A: 1 input, 1 output, 2 layers, 2 relu units, "
    )
    bad = subprocess.run(
        [*command, *paths[:3], paths[0]], capture_output=True, text=True, check=False
    )
    assert bad.returncode == 1
    assert "another network B" in bad.stdout
    assert subprocess.run(command, capture_output=True, check=False).returncode == 2
    assert (
        subprocess.run(
            [*command, "no", "such", "file"], capture_output=True, check=False
        ).returncode
        == 2
    )


def test_the_checker_imports_the_standard_library_only() -> None:
    code = "import sys, rectifold_check.__main__; print([m for m in sys.modules if m.split('.')[0] in ('numpy','rectifold','flint','networkx')])"
    result = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
