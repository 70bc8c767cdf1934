"""The certificate of a compile: that the rewritten network equals its source on the domain.

    source, result, facts   →   bounds of the source, ties, the result's units   →   difference 0

The pipeline's steps are not in it. What is: the bounds that make units stable, ties between units
on one hyperplane, and the tie of every surviving unit of the result to the unit of the source that
it is. Then the difference of the outputs is the form 0.
"""

from __future__ import annotations

import rectifold_check
from rectifold.bounds.threads import threads_for
from rectifold.certificate.file import Certificate, certificate_of
from rectifold.certificate.rewrites import RewriteProofs
from rectifold.ir.canonical import canonical_text, domain_text
from rectifold.operations.compiling import Compiled


def certify(compiled: Compiled, *, name_all: bool = False) -> Certificate:
    """The certificate that `compiled.network` equals `compiled.source` on its domain.

    `name_all`: a longer one, which names every unit that a carrier rests on.
    """
    with threads_for(compiled.source):
        steps = list(RewriteProofs(compiled, name_all=name_all).steps())
    return certificate_of(compiled.source, compiled.network, steps)


def check_certificate(compiled: Compiled, certificate: Certificate) -> rectifold_check.Verdict:
    """The independent checker's verdict on the source, its domain and the result."""
    domain = compiled.source.domain
    assert domain is not None
    return rectifold_check.check(
        canonical_text(compiled.source),
        domain_text(domain),
        certificate.lines,
        canonical_text(compiled.network),
        permitted=certificate.work,
    )
