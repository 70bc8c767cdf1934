"""The script behind `make golden` sees what it should: same input, same bytes; another output,
another hash.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from support import module_of

SCRIPT = Path(__file__).resolve().parents[1] / "benchmarks" / "golden.py"


@pytest.fixture(scope="module")
def golden() -> ModuleType:
    return module_of(SCRIPT)


def test_the_same_commands_write_the_same_bytes_twice(golden: ModuleType) -> None:
    names = ["tiny", "small04", "float2"]
    first, second = golden.hashes(names), golden.hashes(names)
    assert len(first) > 80
    assert golden.differences(first, second) == []
    assert all(first[f"{name}: small.relu"] for name in ("tiny.relu", "small04.relu", "float2.npz"))


def test_a_changed_byte_and_a_missing_file_are_differences(golden: ModuleType) -> None:
    assert golden.differences({"a": "1", "b": "2"}, {"a": "1", "c": "2"}) == [
        "b: 2 → missing",
        "c: missing → 2",
    ]
    assert golden.differences({"a": "1"}, {"a": "2"}) == ["a: 1 → 2"]


def test_there_are_thirty_networks(golden: ModuleType, tmp_path: Path) -> None:
    assert len(list(golden.networks(tmp_path))) == 30


def test_another_kernel_changes_bounds_and_multipliers_alone(golden: ModuleType) -> None:
    names = ["tiny", "small04"]
    changed = golden.differences(golden.with_kernel("Sandybridge:2", names), golden.hashes(names))
    assert golden.beyond_floats(changed) == []


def test_only_files_with_floats_of_blas_may_differ(golden: ModuleType) -> None:
    changed = golden.differences(
        {
            "a: small.relu": "1",
            "a: small.cert": "1",
            "a: verify.json": "1",
            "a: stability.json": "1",
        },
        {
            "a: small.relu": "2",
            "a: small.cert": "2",
            "a: verify.json": "2",
            "a: stability.json": "2",
        },
    )
    assert golden.beyond_floats(changed) == ["a: small.relu: 1 → 2", "a: verify.json: 1 → 2"]


def test_what_a_result_says_beside_its_bounds_is_compared_exactly(golden: ModuleType) -> None:
    found = golden.hashes(["tiny"])
    for name in ("compile.json", "stability.json"):
        key = f"tiny.relu: {name} without bounds"
        assert found[key] != found[f"tiny.relu: {name}"]
        changed = golden.differences(found, found | {key: "changed"})
        assert golden.beyond_floats(changed) == changed != []
