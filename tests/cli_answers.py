"""Command lines that are answered, as JSON."""

from __future__ import annotations

import json
from typing import Any

from click.testing import CliRunner

from rectifold.cli.main import main


def told(*arguments: str) -> dict[str, Any]:
    """The JSON result of a command that ends with status 0."""
    result = CliRunner().invoke(main, [*arguments, "--json", "-"])
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer
