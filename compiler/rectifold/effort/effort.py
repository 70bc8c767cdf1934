"""One value that holds every tuning number, by the room that reads it.

Effort.default()         a run without a time limit: each stage ends by itself
Effort.timed(60.0)       a run that a limit of 60 seconds ends: the searches may have it all
replace(Effort.default(), boxes=BoxEffort(batch=2))         one number changed, as tests do
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from rectifold.effort.approximate import ApproximateEffort
from rectifold.effort.equivalence import EquivalenceEffort
from rectifold.effort.geometry import RegionEffort, ShallowEffort
from rectifold.effort.proofs import BoundEffort, CertificateEffort
from rectifold.effort.properties import PropertyEffort
from rectifold.effort.prover import ProverEffort
from rectifold.effort.reading import CrosscheckEffort
from rectifold.effort.running import CommandEffort, CompileEffort, RunningEffort
from rectifold.effort.search import BoxEffort, FloatPointEffort, PhaseEffort, PointEffort


@dataclass(frozen=True)
class Effort:
    """How hard every room tries. Only `prover` depends on whether there is a time limit."""

    prover: ProverEffort = ProverEffort()
    points: PointEffort = PointEffort()
    float_points: FloatPointEffort = FloatPointEffort()
    phases: PhaseEffort = PhaseEffort()
    boxes: BoxEffort = BoxEffort()
    bounds: BoundEffort = BoundEffort()
    certificate: CertificateEffort = CertificateEffort()
    equivalence: EquivalenceEffort = EquivalenceEffort()
    approximate: ApproximateEffort = ApproximateEffort()
    properties: PropertyEffort = PropertyEffort()
    regions: RegionEffort = RegionEffort()
    shallow: ShallowEffort = ShallowEffort()
    crosscheck: CrosscheckEffort = CrosscheckEffort()
    running: RunningEffort = RunningEffort()
    compiling: CompileEffort = CompileEffort()
    commands: CommandEffort = CommandEffort()

    @staticmethod
    def default() -> Effort:
        """For a run without a time limit."""
        return Effort()

    @staticmethod
    def timed(seconds: float) -> Effort:
        """For a run that ends after `seconds`: its searches may have them all."""
        return replace(Effort(), prover=ProverEffort.timed(seconds))
