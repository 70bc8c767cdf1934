"""The command line of the checker. Its exit status:

0 the certificate holds, 4 it holds but for claims that were taken without proof (0 with
--allow-trusted), 1 it is refused, 2 wrong use, 70 a fault of the checker (which has then said
nothing about the certificate).
"""

import argparse
import json
import sys
from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path

from rectifold_check.checking import Verdict, check


class Exit(IntEnum):
    """What the status says."""

    HOLDS = 0
    REFUSED = 1
    WRONG_USE = 2
    TRUSTED = 4
    FAULT = 70


def main(arguments: Sequence[str]) -> int:
    """Read the files, print the verdict, return the status."""
    asked = _parser().parse_args(arguments)
    files = [asked.network, asked.domain, asked.certificate]
    if asked.result:
        files.append(asked.result)
    try:
        texts = [Path(name).read_text(encoding="utf-8") for name in files]
    except (OSError, UnicodeDecodeError) as error:
        print(f"cannot read: {error}", file=sys.stderr)
        return Exit.WRONG_USE
    try:
        other = texts[3].strip() if len(texts) == 4 else None
        verdict = check(
            texts[0].strip(), texts[1].strip(), texts[2].splitlines(), other, permitted=asked.work
        )
        print(json.dumps(verdict.json(), indent=2) if asked.json else verdict.text)
    # the last door: a fault must not look like a refusal
    except Exception as error:  # noqa: BLE001
        print(
            f"error: this is a fault of the checker ({type(error).__name__}: {error}); "
            "please report it",
            file=sys.stderr,
        )
        return Exit.FAULT
    return _status(verdict, allow_trusted=asked.allow_trusted)


def _status(verdict: Verdict, *, allow_trusted: bool) -> Exit:
    if not verdict.holds:
        return Exit.REFUSED
    return Exit.TRUSTED if verdict.trusted and not allow_trusted else Exit.HOLDS


def _words(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of words, as 10000000000 is")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -I -m rectifold_check",
        description="Replay a certificate; say what it claims about which networks "
        "on which domain, and whether that holds.",
        epilog=__doc__,
    )
    parser.add_argument("network", metavar="NETWORK.json", help="network A, in canonical form")
    parser.add_argument(
        "domain", metavar="DOMAIN.json", help="the domain, from you and not from the certificate"
    )
    parser.add_argument("certificate", metavar="CERTIFICATE.jsonl")
    parser.add_argument(
        "result",
        metavar="RESULT.json",
        nargs="?",
        help="network B (default: the certificate's own)",
    )
    parser.add_argument(
        "--allow-trusted",
        action="store_true",
        help="status 0 even if claims are taken without proof",
    )
    parser.add_argument(
        "--work",
        type=_words,
        metavar="N",
        default=0,
        help="permit N words of work where the length of the files allows less",
    )
    parser.add_argument("--json", action="store_true", help="print the verdict as JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
