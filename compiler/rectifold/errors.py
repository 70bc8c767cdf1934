"""Errors a user can mend. Everything else that rises is a bug of ours.

Each message states what was found, what was expected, where, and what to do.
"""

from __future__ import annotations


class InputError(ValueError):
    """Bad input: the command line prints the message and ends with status 2."""


class Unfinished(InputError):
    """The time limit came before there was anything to say: no mistake, status 3."""


class NetworkError(InputError):
    """Layers that do not fit together.

    The message names the layer, what was found and what is needed.
    """
