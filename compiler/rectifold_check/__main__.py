"""The command line of the checker. Its exit status:

0 the certificate holds, 4 it holds but for claims that were taken without proof (0 with
--allow-trusted), 1 it is refused, 2 wrong use, 3 the time limit and 130 Ctrl-C ended it before
that, 70 a fault of the checker (which have then said nothing about the certificate).
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path

from rectifold_check.checking import Verdict, check
from rectifold_check.limits import MOST_PROCESSES, SECONDS_BETWEEN_QUESTIONS
from rectifold_check.work import Means, Progress


class Exit(IntEnum):
    """What the status says."""

    HOLDS = 0
    REFUSED = 1
    WRONG_USE = 2
    STOPPED = 3
    TRUSTED = 4
    FAULT = 70
    INTERRUPTED = 130


def main(arguments: Sequence[str]) -> int:
    """Read the files, print the verdict, return the status."""
    started, asked = time.monotonic(), _parser().parse_args(arguments)
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
        with _shown_progress() as progress:
            means = Means(
                stop=lambda: time.monotonic() - started >= asked.time_limit,
                permitted=asked.work,
                jobs=asked.jobs,
                progress=progress,
            )
            lines = texts[2].splitlines()
            verdict = check(texts[0].strip(), texts[1].strip(), lines, other, **means)
        _say(json.dumps(verdict.json(), indent=2) if asked.json else verdict.text)
    except KeyboardInterrupt:
        print("interrupted; nothing is said about the certificate", file=sys.stderr)
        return Exit.INTERRUPTED
    # the last door: a fault must not look like a refusal
    except Exception as error:  # noqa: BLE001
        print(
            f"error: this is a fault of the checker ({type(error).__name__}: {error}); "
            "please report it",
            file=sys.stderr,
        )
        return Exit.FAULT
    return _status(verdict, allow_trusted=asked.allow_trusted)


def _say(text: str) -> None:
    """On standard output, if anybody still reads it: the status says the verdict as well."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def _shown_progress() -> Iterator[Progress | None]:
    """A line on a terminal at standard error: how many cells are counted; None elsewhere."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    shown = time.monotonic()

    def show(cells: int, share: float) -> None:
        nonlocal shown
        if time.monotonic() - shown >= SECONDS_BETWEEN_QUESTIONS:
            shown = time.monotonic()
            done = f"{cells:,} cells, about {int(100 * share)}% of the domain"
            print(f"\r{done}\x1b[K", end="", file=sys.stderr, flush=True)

    yield show
    print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _status(verdict: Verdict, *, allow_trusted: bool) -> Exit:
    if verdict.status == "stopped":
        return Exit.STOPPED
    if not verdict.holds:
        return Exit.REFUSED
    return Exit.TRUSTED if verdict.trusted and not allow_trusted else Exit.HOLDS


def _words(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of words, as 10000000000 is")
    return int(text)


def _processes(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MOST_PROCESSES:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to {MOST_PROCESSES}")
    return int(text)


def _seconds(text: str) -> float:
    if not text.isascii() or not text.replace(".", "", 1).isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds, as 90 is")
    return float(text)


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
    parser.add_argument(
        "--jobs",
        type=_processes,
        metavar="N",
        default=1,
        help="processes that share the count of many cells",
    )
    parser.add_argument(
        "--time-limit",
        type=_seconds,
        metavar="S",
        default=float("inf"),
        help="end the check after S seconds, with nothing said about the certificate",
    )
    parser.add_argument("--json", action="store_true", help="print the verdict as JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
