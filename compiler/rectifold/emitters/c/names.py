"""What a C file may be called: its functions, types and macros are named after it.

valve.c  ->  valve_evaluate, VALVE_INPUTS, valve.h          float.c, 2nd.c  ->  refused
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath

from rectifold.errors import InputError
from rectifold.runtime.targets import STANDARD_OUTPUT

_KEYWORDS = frozenset(
    [
        "auto",
        "break",
        "case",
        "char",
        "const",
        "continue",
        "default",
        "do",
        "double",
        "else",
        "enum",
        "extern",
        "float",
        "for",
        "goto",
        "if",
        "inline",
        "int",
        "long",
        "register",
        "restrict",
        "return",
        "short",
        "signed",
        "sizeof",
        "static",
        "struct",
        "switch",
        "typedef",
        "union",
        "unsigned",
        "void",
        "volatile",
        "while",
        "main",
    ]
)

_HEADERS = frozenset(
    [
        "assert",
        "complex",
        "ctype",
        "errno",
        "fenv",
        "float",
        "inttypes",
        "iso646",
        "limits",
        "locale",
        "math",
        "setjmp",
        "signal",
        "stdalign",
        "stdarg",
        "stdatomic",
        "stdbit",
        "stdckdint",
        "stdnoreturn",
        "stdbool",
        "stddef",
        "stdint",
        "stdio",
        "stdlib",
        "string",
        "tgmath",
        "threads",
        "uchar",
        "time",
        "wchar",
        "wctype",
    ]
)

_UNNAMED = "network.c"


@dataclass(frozen=True)
class CNames:
    """The file that the user named, the beginning of its names, and the same for macros."""

    file: str
    stem: str

    @property
    def upper(self) -> str:
        return self.stem.upper()


def c_names(name: str) -> CNames:
    """The names for the file `name`, network.c for standard output (-).

    Raises InputError for one that C cannot have.
    """
    name = _UNNAMED if name == STANDARD_OUTPUT else name
    path = PurePath(name)
    stem = path.stem
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", stem) or stem in _KEYWORDS:
        raise InputError(
            f"{name!r}: functions are named after the file, and {stem!r} is no C identifier; "
            "choose another name"
        )
    if stem.lower() in _HEADERS:
        raise InputError(
            f"{name!r}: its header would be named like {stem.lower()}.h of the C library; "
            "choose another name"
        )
    if path.suffix.lower() == ".h":
        raise InputError(
            f"{name!r} is the name of the header that is written beside the source; "
            f"call the source {stem}.c"
        )
    return CNames(name, stem)
