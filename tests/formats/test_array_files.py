"""Array files that are damaged, or that would unpack to more than their size explains."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from rectifold.errors import InputError
from rectifold.runtime.arrays import as_floats, load_npy, load_npz
from rectifold.runtime.caps import CAPS


def packed(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def header(shape: str, kind: str = "<f8", version: int = 1) -> bytes:
    body = (
        f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".encode().ljust(117)
        + b"\n"
    )
    return b"\x93NUMPY" + bytes([version, 0]) + len(body).to_bytes(2, "little") + body


def archive(path: Path, *members: tuple[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in members:
            target.writestr(name, data)
    return path


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (header("(20000, 20000)", "|b1") + bytes(9), "unpacks to 400,000,000 numbers from"),
        (header("(99999999999999999999,)"), "unpacks to"),
        (header("(-1, -5)"), "cannot be"),
        (header("(3,)") + bytes(16), "no readable .npz file"),
        (header("(1,)") + bytes(9), r"n.npz\[W0\]: the file goes on after its array"),
        (header("(1,)", "|O") + bytes(8), "no readable .npz file"),
        (header("(1,)", "<f8", 3) + bytes(8), "version 3.0"),
        (header("((" * 200), "no readable .npz file"),
        (b"", "no readable .npz file"),
    ],
)
def test_a_member_that_is_refused(data: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        load_npz(archive(tmp_path / "n.npz", ("W0.npy", data)))


def test_a_member_that_is_no_array_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"the member 'readme.txt', which is no array"):
        load_npz(
            archive(tmp_path / "n.npz", ("W0.npy", packed(np.eye(1))), ("readme.txt", b"hello"))
        )


def test_a_member_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        path = archive(
            tmp_path / "n.npz", ("W0.npy", packed(np.eye(1))), ("W0.npy", packed(np.eye(2)))
        )
    with pytest.raises(InputError, match=r"the member 'W0.npy' twice"):
        load_npz(path)


def test_zeros_may_be_packed_as_far_as_the_size_explains(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "small.npz", W0=np.zeros((1000, 1000)))
    assert load_npz(tmp_path / "small.npz")["W0"].shape == (1000, 1000)
    np.savez_compressed(tmp_path / "large.npz", W0=np.zeros((3000, 2000), dtype=np.int8))
    with pytest.raises(
        InputError, match=f"6,000,000 numbers from .*; {CAPS.array_entries:,} are read"
    ):
        load_npz(tmp_path / "large.npz")


def test_npy_files_are_read_to_their_end(tmp_path: Path) -> None:
    path = tmp_path / "p.npy"
    path.write_bytes(packed(np.array([1.0, 2.0])))
    assert load_npy(path).tolist() == [1, 2]
    for data, message in [
        (packed(np.zeros(2)) + b"\n", "the file goes on after its array"),
        (packed(np.zeros(2))[:-1], "no readable .npy file"),
        (header("(4, 1000000)"), "no readable .npy file"),
        (header("(5, 1000000)"), "unpacks to 5,000,000 numbers"),
        (b"1, 2", "no readable .npy file"),
    ]:
        path.write_bytes(data)
        with pytest.raises(InputError, match=message):
            load_npy(path)


def test_integers_must_be_floats() -> None:
    assert as_floats(np.array([2**53, -(2**63), 2**62 + 2**11]), "a").tolist() == [
        2.0**53,
        -(2.0**63),
        2.0**62 + 2.0**11,
    ]
    for value in (2**53 + 1, 2**63 - 1, -(2**63) + 1):
        with pytest.raises(InputError, match="too large: they are no float64 numbers"):
            as_floats(np.array([value]), "a")
    with pytest.raises(InputError, match="too large"):
        as_floats(np.array([2**64 - 1], dtype=np.uint64), "a")
