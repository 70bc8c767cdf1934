"""A network as files of C, bound to each other.

    net.c, net.h                          up to 100,000 numbers; or both in net.c (one file)
    net.c, net.h, net_weights.bin         above that

    int NAME_evaluate(const NAME_real x[NAME_INPUTS], NAME_real y[NAME_OUTPUTS]);

returns NAME_OK, NAME_NOT_FINITE or NAME_OUTSIDE (then y is left alone). NAME_real is float in
float32, and double in mixed and float64. The header states the SHA-256 of all files, and the source
asks for it: a mix of two networks does not compile. One file is source and header: compiled, or
included by others after #define NAME_DECLARATIONS_ONLY.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np

from rectifold.emitters.artifact import Artifact, weights_beside
from rectifold.emitters.c.arrays import StoredLayers, defined, located, packed, stored_layers
from rectifold.emitters.c.check import check_code, has_one_range
from rectifold.emitters.c.guards import guards
from rectifold.emitters.c.kernels import Layers, forward_code
from rectifold.emitters.c.names import CNames, c_names
from rectifold.emitters.c.numbers import filled, real_type, weight_type
from rectifold.emitters.c.self_test import self_test_code
from rectifold.emitters.c.side import SideFile
from rectifold.emitters.c.statuses import EVALUATED, OPENED, status_lines
from rectifold.emitters.c.tail import tail_code, tail_declaration
from rectifold.emitters.header import Origin, c_comment, comment_lines, header_lines
from rectifold.emitters.weights import input_box
from rectifold.errors import InputError, asked
from rectifold.formats.float_range import COMPUTED
from rectifold.ir.network import Network
from rectifold.runtime.caps import CAPS


def c_code(network: Network, origin: Origin, name: str) -> Artifact:
    """`name` (.c), its header, and for many parameters a file of weights.

    Raises InputError for an odd name, a number beyond the floats, and many parameters in one file.
    """
    names = c_names(name)
    stored = stored_layers(network, origin.precision)
    if stored.numbers <= CAPS.inline_parameters:
        return _in_text(network, origin, names, stored)
    if origin.single_file:
        raise InputError(
            f"{name!r}: the network has {stored.numbers:,} numbers, and weights are written into "
            f"the text up to {CAPS.inline_parameters:,}; leave out {asked('single_file', True)}, "
            "and they lie in a file of their own"
        )
    return _with_side_file(network, origin, names, stored)


def stored_costs(network: Network, precision: str) -> tuple[int, int]:
    """Bytes of the tables, and multiply-adds of the forms in which weights are stored.

    The tables: weights, biases, and the ends of a domain that the inputs do not share. Those of
    linear constraints are part of the check.
    """
    low, high = (np.array(end) for end in input_box(network.domain, network.input_size, precision))
    width = np.dtype(COMPUTED[precision]).itemsize
    ends = 0 if has_one_range(low, high) else width * (low.size + high.size)
    stored = stored_layers(network, precision)
    return stored.bytes + ends, stored.multiply_adds


def _in_text(network: Network, origin: Origin, names: CNames, stored: StoredLayers) -> Artifact:
    """Weights in the source."""
    body = _source(network, origin, names, stored, None)
    if origin.single_file:
        declarations = _declarations(network, origin, names, None, "")
        return _artifact({names.file: one_file(names, declarations, body)})
    return bound_files(
        names, lambda digest: _declarations(network, origin, names, None, digest), body, {}
    )


def _with_side_file(
    network: Network, origin: Origin, names: CNames, stored: StoredLayers
) -> Artifact:
    """Weights beside the source."""
    data, _ = packed(stored.tables)
    side = SideFile(
        weights_beside(names.file, ".bin"), len(data), _words(hashlib.sha256(data).hexdigest())
    )
    body = _source(network, origin, names, stored, side)
    beside = {side.name: data}
    return bound_files(
        names, lambda digest: _declarations(network, origin, names, side, digest), body, beside
    )


def bound_files(
    names: CNames, header: Callable[[str], str], body: str, beside: dict[str, bytes]
) -> Artifact:
    """Header and source with the digest of both; `header` puts it into its text."""
    digest = _words(hashlib.sha256(f"{header('')}\0{body}".encode("ascii")).hexdigest())
    macro = f"{names.upper}_SHA256"
    macros = "".join(f"#define {macro}_{k} {word}\n" for k, word in enumerate(digest))
    differs = " || \\\n    ".join(f"{macro}_{k} != {word}" for k, word in enumerate(digest))
    needed = (
        f'#include "{names.stem}.h"\n#if {differs}\n'
        f'#error "{names.stem}.h and its source are not of one network; emit them again"\n#endif\n'
    )  # a macro that is not there counts as 0, so a header without a digest is refused too
    files = {names.file: needed + body, f"{names.stem}.h": header(macros)}
    return _artifact(files, beside)


def one_file(names: CNames, declarations: str, body: str) -> str:
    """Declarations and body in one text; NAME_DECLARATIONS_ONLY leaves the body out."""
    return f"{declarations}\n#ifndef {names.upper}_DECLARATIONS_ONLY\n{body}#endif\n"


def _artifact(texts: dict[str, str], beside: dict[str, bytes] | None = None) -> Artifact:
    return Artifact({name: text.encode("ascii") for name, text in texts.items()} | (beside or {}))


def _words(digest: str) -> tuple[str, ...]:
    return tuple(f"0x{digest[k : k + 8]}u" for k in range(0, len(digest), 8))


def _given(names: CNames, side: SideFile | None) -> str:
    """The parameter before x of functions that others call."""
    return "" if side is None else f"const {names.stem}_weights *weights, "


def _declarations(
    network: Network, origin: Origin, names: CNames, side: SideFile | None, digest: str
) -> str:
    """What the header says; `digest`: macros."""
    lines = header_lines(network, origin, in_order=True, harmless=c_comment)
    statuses = (*EVALUATED, *(OPENED if side is not None else ()))
    given = _given(names, side)
    return filled(
        "c_declarations",
        digest=digest,
        opening="" if side is None else side.declarations(names),
        tail=tail_declaration(origin, names, given),
        given=given,
        inputs=network.input_size,
        outputs=network.output_size,
        real=real_type(origin.precision),
        statuses=status_lines(statuses, names.upper),
        upper=names.upper,
        stem=names.stem,
        comment=comment_lines(lines),
    )


def _source(
    network: Network,
    origin: Origin,
    names: CNames,
    stored: StoredLayers,
    side: SideFile | None,
) -> str:
    """Everything behind the declarations."""
    precision, given = origin.precision, _given(names, side)
    real, weight = real_type(precision), weight_type(precision)
    layers = Layers.of(network, stored, precision)
    tail = tail_code(network, origin, names, given)
    check = check_code(network, names, precision)
    return "".join(
        [
            "#include <stdint.h>\n",
            "#include <math.h>\n" if tail or "violated" in check else "",
            "\n",
            guards(real),
            f"typedef {real} real;\ntypedef {weight} weight;\n\n",
            defined(stored.tables)
            if side is None
            else located(stored.tables, packed(stored.tables)[1]),
            "\n",
            check,
            forward_code(
                layers, "" if side is None else "const unsigned char *data, ", names.upper
            ),
            "" if side is None else side.code(names),
            _entries(names, side),
            tail,
            self_test_code(network, origin, names, side),
        ]
    )


def _entries(names: CNames, side: SideFile | None) -> str:
    opened = f"weights == NULL || weights->data == NULL ? {names.upper}_NOT_OPEN : "
    return filled(
        "c_entries",
        given=_given(names, side),
        opened="" if side is None else opened,
        data="" if side is None else "weights->data, ",
        handed="" if side is None else "weights, ",
        upper=names.upper,
        stem=names.stem,
    )
