"""Errors a user can mend. Everything else that rises is a bug of ours.

Each message states what was found, what was expected, where, and what to do.
"""

from __future__ import annotations


class InputError(ValueError):
    """Bad input: the command line prints the message and ends with status 2."""


class Unfinished(InputError):
    """The time limit came before there was anything to say: no mistake, status 3."""
