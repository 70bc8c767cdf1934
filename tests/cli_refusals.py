"""Command lines that are refused."""

from __future__ import annotations

from click.testing import CliRunner

from rectifold.cli.main import main


def assert_refused(*arguments: str, message: str) -> None:
    """The command ends with status 2, and says so on standard error."""
    result = CliRunner().invoke(main, list(arguments))
    assert result.exit_code == 2
    assert message in result.stderr
