"""An independent checker of equivalence certificates.

Standard library only; shares no code with rectifold.

FORMAT.md in this folder defines networks, domains and certificates as mathematics.
"""

from rectifold_check.checking import Verdict, check
from rectifold_check.claim import Claim
from rectifold_check.replay import Replay

__all__ = ["Claim", "Replay", "Verdict", "check"]
