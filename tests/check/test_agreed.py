"""Writer and checker choose alike."""

from rectifold.bounds import agreed as writer
from rectifold_check import agreed as checker


def _choices(module: object) -> dict[str, int]:
    return {name: value for name, value in vars(module).items() if name.isupper()}


def test_writer_and_checker_choose_alike() -> None:
    assert _choices(writer) == _choices(checker) != {}
