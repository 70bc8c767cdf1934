"""An independent checker of equivalence certificates.

Standard library only; shares no code with rectifold. FORMAT.md in this folder defines networks,
domains and certificates as mathematics, and says why each rule is sound. To read the checker, read
FORMAT.md beside these files, top to bottom; each one uses those above it only:

    limits, agreed    every number, with its unit and reason
    json, networks    strict reading: what is not exactly as FORMAT.md says is refused
    goal, header      what is to be shown of two networks; the first line, which says so
    changes           a network as changes to the one before it
    work              how much a certificate may ask for
    claim             what a verdict is about, in words
    terms, forms      sums of values; affine forms of integers over one denominator
    integers/         bounds by substitution, rounded outward
    units, pairs      layers of given numbers; two networks side by side, at related points
    property          what must not happen
    gradients         between which ends the slopes of a network lie
    steps_apart       what slopes say of two points of one network
    normal, gap       normal forms; A and B as one network of differences
    state             what has been proved so far
    directions        a domain of fewer inputs, on which a network has all its values
    cells             a domain of few inputs in polytopes on which a network is affine
    ways, effects     which units are zero, through or open on a cell; what open ones add up to
    bends             the same in fewer, where bends cancel
    several           the count of cells, shared by several processes
    rules/            RULES: a function for every step of a certificate
    link, chain       the steps about one pair of networks; pairs one after the other
    verdict           what is said of a certificate
    checking          a certificate from its header to its verdict
    proved            a certificate that what must not happen does not
    replay            the same rules step by step, for programs that write certificates
    __main__          the command line
"""

from rectifold_check.checking import Verdict, check
from rectifold_check.claim import Claim
from rectifold_check.json import Refusal
from rectifold_check.proved import PropertyVerdict, check_property
from rectifold_check.replay import Replay, StepReplay
from rectifold_check.verdict import Judged

__all__ = [
    "Claim",
    "Judged",
    "PropertyVerdict",
    "Refusal",
    "Replay",
    "StepReplay",
    "Verdict",
    "check",
    "check_property",
]
