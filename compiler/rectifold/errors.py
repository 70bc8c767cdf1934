"""Errors a user can mend. Everything else that rises is a bug of ours.

Each message states what was found, what was expected, where, and what to do. What to give is said
once, as a Python user gives it, and said again as the option where the command line prints it:

    read with until="fc2"      →      read with --until fc2
"""

from __future__ import annotations

import json
import re

_KEYWORDS = (
    "until|outputs|domain|precision|single_file|max_error|to|kind|force|larger|crosscheck|"
    "within|max_units|max_weights|keep_argmax|margin"
)
_TEXT = r'"(?:[^"\\]|\\.)*"'
_GIVEN = re.compile(
    rf"(?<![\w.-])({_KEYWORDS})=({_TEXT}|\[(?:{_TEXT}(?:, )?)*\]|True|False|(?=[\s,;)]|$))"
)
_BARE = re.compile(r"[\w./:|,+-]+")


def asked(name: str, value: str | list[str] | bool) -> str:
    """A keyword of our functions with its value, for messages."""
    text = str(value) if isinstance(value, bool) else json.dumps(value, ensure_ascii=False)
    return f"{name}={text}"


def as_options(message: str) -> str:
    """A message as the command line says it: with the option for every keyword (`asked`, or its
    name with = alone).
    """
    return _GIVEN.sub(lambda found: _option(found[1], found[2]), message)


def _option(name: str, value: str) -> str:
    option = name.replace("_", "-")
    if value in ("", "True", "False"):
        return f"--no-{option}" if value == "False" else f"--{option}"
    given = json.loads(value)
    text = given if isinstance(given, str) else ",".join(given)
    return f"--{option} {text if _BARE.fullmatch(text) else json.dumps(text, ensure_ascii=False)}"


class InputError(ValueError):
    """Bad input: the command line prints the message and ends with status 2."""


class Unfinished(InputError):
    """The time limit came before there was anything to say: no mistake, status 3."""


class NetworkError(InputError):
    """Layers that do not fit together.

    The message names the layer, what was found and what is needed.
    """
