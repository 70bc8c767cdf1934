"""How long is waited for others, and how a time limit is divided."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RunningEffort:
    """Processes and timers."""

    grace_seconds: float = 0.5
    """Seconds that loops have to end by themselves before they are interrupted."""
    scheduler_seconds: float = 20.0
    """Seconds until a scheduler must have answered."""
    z3_grace_seconds: float = 2.0
    """Seconds that the process of Z3 gets beyond its own time limit before it is killed."""


@dataclass(frozen=True)
class CompileEffort:
    """Proofs and rewriting."""

    share_of_proofs: float = 2 / 3
    """Part of the time until the deadline that proofs may take."""
    most_steps: int = 10_000
    """Rewrites after which something is wrong: each removes a unit, an edge or a layer."""
    checked_points: int = 6
    """Points at which every rewrite is evaluated exactly, in check mode."""
    accuracy_points: int = 8
    """Points at which the rounding error of a rewritten network is estimated."""
    most_error_growth: float = 4.0
    """Times the source's rounding error (estimated) up to which a carrier is taken."""
    shift_bits: int = 12
    """Significant bits that the shift of a carrier is rounded up to: any larger one is as good, and
    a short one prints well."""
    most_factor_bits: int = 2**28
    """Bits of the weights (estimated) above which a matrix is not taken apart into its fewest
    rows: megabytes of digits that no format of floats holds."""
    most_orientation_work: int = 30_000_000
    """Successors times predecessors times units above which no units of a layer are turned."""
    most_doubtful_units: int = 8
    """Units in doubt up to which all sets of them are tried, for a bound of a layer's width."""


@dataclass(frozen=True)
class CommandEffort:
    """The time limit of a whole command."""

    reserve_seconds: float = 2.0
    """Seconds beyond the time limit for what a result still needs."""
    reserve_part: float = 0.1
    """The same as a part of the limit, where that is more."""
    writing_part: float = 0.2
    """Part of the time between the work and the end that is left for writing what was checked."""
    result_part: float = 0.75
    """Part of the limit for proofs and rewriting, where a certificate follows."""
    certified_regions: int = 500
    """Regions up to which an exact two-layer form is certified without being asked."""


@dataclass(frozen=True)
class ToolEffort:
    """Compilers and emulators of the user's machine."""

    compile_seconds: float = 30.0
    """Seconds that one run of a compiler may take; 100,000 numbers in a text take about one."""
    run_seconds: float = 120.0
    """Seconds that an emulator may take; it does some 200 million instructions in one."""
    device_points: int = 8
    """Points at which instructions are counted: they differ where zero activations are skipped."""
    code_bytes: int = 3_000_000
    """Of files, above which constants lie in the larger memory of the emulated board."""
    painted_bytes: int = 1 << 20
    """Of the stack that is looked at: what no small device has."""
    host_points: int = 64
    """Points that code takes in turn while it is timed."""
    checked_points: int = 4
    """Points at which the outputs of code that is timed are compared with exact ones."""


@dataclass(frozen=True)
class RacingEffort:
    """Timing of programs side by side."""

    window_seconds: float = 0.01
    """Seconds of one window: far above what a clock costs, below what a scheduler gives."""
    rounds: int = 25
    """Windows of each program."""
    most_evaluations: int = 1 << 20
    """Evaluations of a window of code that takes no time at all."""
    answer_seconds: float = 60.0
    """Seconds until a program must have answered: reading Python takes some, evaluating less."""
