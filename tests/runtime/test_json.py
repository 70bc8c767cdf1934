"""Values of a JSON text: each way in takes its own kind and refuses the others."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rectifold.runtime.json import Json, as_list, as_object, as_text


@pytest.mark.parametrize(
    ("take", "value"), [(as_list, [1, "a"]), (as_object, {"a": None}), (as_text, "a")]
)
def test_a_value_of_the_expected_kind_is_handed_on(
    take: Callable[[Json], Json], value: Json
) -> None:
    assert take(value) is value


@pytest.mark.parametrize(
    ("take", "value", "message"),
    [
        (as_list, "ab", "a list is expected, found str"),
        (as_object, [["a", 1]], "an object is expected, found list"),
        (as_text, 1, "a string is expected, found int"),
        (as_text, None, "a string is expected, found NoneType"),
    ],
)
def test_a_value_of_another_kind_is_refused(
    take: Callable[[Json], Json], value: Json, message: str
) -> None:
    with pytest.raises(TypeError, match=message):
        take(value)
