"""A page in a real browser without a window: what it says at the end, and what went wrong."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

_FOUND = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
needs_browser = pytest.mark.skipif(not _FOUND, reason="no Chromium is installed here")
_QUIET = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars")


def dom_after(page: Path, script: str = "", width: int = 1000) -> str:
    """The document once `script` has run in it. Fails for an error or a message on the console."""
    place = page.with_name("with_script.html")
    seen = "window.addEventListener('error', e => document.body.append('WRONG ' + e.message));"
    text = page.read_text(encoding="utf-8")
    head, end, tail = text.rpartition("</body>")
    text = f"{head}<script>{script}</script>{end}{tail}"
    place.write_text(text.replace("<head>", f"<head><script>{seen}</script>", 1), encoding="utf-8")
    return dom_at(place.as_uri(), page.parent, width)


def dom_at(address: str, folder: Path, width: int = 1000) -> str:
    """The document at an address once it has run. Fails for errors; `folder` keeps the profile."""
    done = subprocess.run(
        [
            _FOUND, *_QUIET, "--enable-logging=stderr", f"--window-size={width},900",
            f"--user-data-dir={folder / 'browser-profile'}", "--virtual-time-budget=2000",
            "--dump-dom", address,
        ],
        capture_output=True, text=True, timeout=180,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "WRONG" not in re.sub(r"<script>.*?</script>", "", done.stdout, flags=re.DOTALL)
    assert "CONSOLE" not in done.stderr, done.stderr
    return done.stdout
