"""Data sets in the forms in which people have them: what is read is exact, the rest is refused."""

from __future__ import annotations

import gzip
import importlib.util
import struct
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from rectifold.data import read_samples
from rectifold.errors import InputError
from rectifold.runtime.caps import CAPS

IMAGES = np.arange(24, dtype=np.uint8).reshape(4, 2, 3) * 11
LABELS = np.array([3, 1, 4, 1], dtype=np.uint8)


def idx(array: np.ndarray, kind: int = 8) -> bytes:
    head = bytes([0, 0, kind, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


def mnist(folder: Path, *, packed: bool, dot: str = "-") -> Path:
    for start, offset in (("t10k", 0), ("train", 1)):
        for what, array, n in (("images", IMAGES + offset, 3), ("labels", LABELS, 1)):
            name = f"{start}-{what}{dot}idx{n}-ubyte"
            data = idx(array)
            if packed:
                (folder / f"{name}.gz").write_bytes(gzip.compress(data, mtime=0))
            else:
                (folder / name).write_bytes(data)
    return folder


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("dot", "-.")
def test_a_folder_of_idx_files(packed: bool, dot: str, tmp_path: Path) -> None:
    test = read_samples(mnist(tmp_path, packed=packed, dot=dot))
    assert (len(test), test.shape, test.name) == (4, (2, 3), tmp_path.name)
    assert test.labels is not None
    assert test.labels.tolist() == [3, 1, 4, 1]
    train = read_samples(str(tmp_path), "train")
    assert (train.inputs[0] > test.inputs[0]).all()


def test_a_pixel_is_the_float32_nearest_to_its_share_of_255(tmp_path: Path) -> None:
    every = np.arange(256, dtype=np.uint8).reshape(1, 256)
    np.save(tmp_path / "every.npy", every)
    row = read_samples(tmp_path / "every.npy").inputs[0]
    assert row.dtype == np.float32
    for k, value in enumerate(row):
        others = [Fraction(float(np.nextafter(value, np.float32(end)))) for end in (-1, 2)]
        distance = abs(Fraction(float(value)) - Fraction(k, 255))
        assert all(distance <= abs(other - Fraction(k, 255)) for other in others)


def test_floats_stay_what_they_are_and_integers_too(tmp_path: Path) -> None:
    for array in (
        np.array([[0.1, -3.0]], dtype=np.float32),
        np.array([[0.1, 1e300]]),
        np.array([[0.1, 2.0]], dtype=">f4"),
        np.array([[-7, 300]]),
    ):
        np.save(tmp_path / "x.npy", array)
        found = read_samples(tmp_path / "x.npy")
        assert found.labels is None
        assert found.inputs.tolist() == array.tolist()


def test_one_idx_file_with_the_labels_beside_it(tmp_path: Path) -> None:
    mnist(tmp_path, packed=True)
    found = read_samples(tmp_path / "train-images-idx3-ubyte.gz")
    assert found.labels is not None
    (tmp_path / "train-labels-idx1-ubyte.gz").unlink()
    assert read_samples(tmp_path / "train-images-idx3-ubyte.gz").labels is None


@pytest.mark.parametrize(
    ("kind", "dtype"), [(9, "i1"), (11, "i2"), (12, "i4"), (13, "f4"), (14, "f8")]
)
def test_idx_files_of_other_numbers(kind: int, dtype: str, tmp_path: Path) -> None:
    array = np.array([[1, -2, 3]], dtype=dtype)
    (tmp_path / "points.idx").write_bytes(idx(array, kind))
    assert read_samples(tmp_path / "points.idx").inputs.tolist() == [[1, -2, 3]]


@pytest.mark.parametrize(
    "names", [("x_test", "y_test"), ("X_test", "y_test"), ("inputs", "labels"), ("X", "y")]
)
def test_archives_under_the_usual_names(names: tuple[str, str], tmp_path: Path) -> None:
    members = {names[0]: IMAGES, names[1]: LABELS[:, None]}
    np.savez(tmp_path / "d.npz", **members)  # type: ignore[arg-type]  # numpy types one flag
    found = read_samples(tmp_path / "d.npz")
    assert found.inputs.shape == (4, 6)
    assert found.labels is not None
    assert found.labels.tolist() == [3, 1, 4, 1]


def test_some_samples_are_chosen_by_their_places(tmp_path: Path) -> None:
    found = read_samples(mnist(tmp_path, packed=False)).chosen(np.array([2, 0]))
    assert found.labels is not None
    assert found.labels.tolist() == [4, 3]
    assert found.inputs[:, 0].tolist() == [np.float32(132) / np.float32(255), 0.0]


# ---- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "begins with nothing, which is no idx file; 00 00, a kind"),
        (b"\0\0\x07\x01", r"begins with 00 00 07 01, which is no idx file"),
        (b"\0\0\x08\x00", r"no idx file"),
        (b"\0\0\x08\xff" + bytes(2000), r"dimensions \(1 to 8\) are expected"),
        (b"\0\0\x08\x03\0\0\0\0" + b"\xff" * 8, "it has no numbers"),
        (b"hello", r"begins with 68 65 6c 6c"),
        (b"\0\0\x08\x03\0\0", "ends within its header of 3 dimensions"),
        (idx(IMAGES)[:-1], r"ends after 23 of 24 bytes"),
        (idx(IMAGES) + b"\0", "goes on after the 24 numbers of the shape"),
        (b"\0\0\x08\x03" + b"\xff" * 12, r"79,228,162,458,924,105,385,300,197,375 numbers, in 16"),
        (gzip.compress(idx(IMAGES), mtime=0)[:-9], "no readable idx file"),
        (b"\x1f\x8b" + bytes(30), "no readable idx file"),
        (idx(np.zeros((0, 3), np.uint8)), r"shape \(0, 3\): it has no numbers"),
        (idx(LABELS), r"shape \(4,\); samples first"),
        (idx(np.array([[np.nan]], "f4"), 13), "holds NaN or infinite entries"),
    ],
)
def test_an_idx_file_that_is_refused(data: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "n-idx3-ubyte").write_bytes(data)
    with pytest.raises(InputError, match=message):
        read_samples(tmp_path / "n-idx3-ubyte")


def test_a_small_file_that_unpacks_to_a_large_one_is_refused_unread(tmp_path: Path) -> None:
    count = CAPS.array_entries + 1
    head = bytes([0, 0, 8, 2]) + struct.pack(">2I", count, 1)
    (tmp_path / "bomb-idx2.gz").write_bytes(gzip.compress(head + bytes(1000), mtime=0))
    with pytest.raises(InputError, match=rf"{count:,} numbers, in .*; {CAPS.array_entries:,} are"):
        read_samples(tmp_path / "bomb-idx2.gz")


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (LABELS[:3], r"labels have the shape \(3,\) for 4 samples"),
        (np.eye(4), r"save labels.argmax\(axis=1\)"),
        (np.array([1.0, 2.5, 3, 4]), "the label 2.5 of sample 1 is no class"),
        (np.array([1.0, np.nan, 3, 4]), "the labels of d.npz holds NaN"),
        (np.array(["a", "b", "c", "d"]), "holds <U1 entries"),
    ],
)
def test_labels_that_are_refused(labels: np.ndarray, message: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", X=IMAGES, y=labels)
    with pytest.raises(InputError, match=message):
        read_samples(tmp_path / "d.npz")


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros(784), r"samples first and then the inputs are expected \(X\[None\]"),
        (np.zeros((0, 4)), "it has no numbers"),
        (np.array([[np.inf]], "f4"), "NaN or infinite"),
        (np.array([["a"]]), "holds <U1 entries"),
        (np.array([[1j]]), "holds complex128 entries"),
        (np.array([[{}]]), "no readable .npy file"),
    ],
)
def test_arrays_that_are_no_samples(array: np.ndarray, message: str, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", array)
    with pytest.raises(InputError, match=message):
        read_samples(tmp_path / "x.npy")


def test_an_archive_without_the_part(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", x_train=IMAGES, y_train=LABELS)
    with pytest.raises(InputError, match=r"no inputs for the part test: it has x_train, y_train"):
        read_samples(tmp_path / "d.npz")
    (tmp_path / "torn.npz").write_bytes((tmp_path / "d.npz").read_bytes()[:-30])
    with pytest.raises(InputError, match=r"torn.npz is no readable .npz file"):
        read_samples(tmp_path / "torn.npz")


def test_a_folder_without_data_and_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no file t10k-images-idx3-ubyte or"):
        read_samples(tmp_path)
    with pytest.raises(InputError, match="there is no file"):
        read_samples(tmp_path / "none")
    (tmp_path / "t.csv").write_text("1,2\n")
    with pytest.raises(
        InputError, match=r"t.csv is no data set that is known; a data set is a folder of"
    ):
        read_samples(tmp_path / "t.csv")
    with pytest.raises(InputError, match="no part 'valid'"):
        read_samples(tmp_path, "valid")  # type: ignore[arg-type]


def test_digits_are_split_as_documented() -> None:
    if importlib.util.find_spec("sklearn") is None:
        with pytest.raises(InputError, match=r'pip install "rectifold\[sklearn\]"'):
            read_samples("digits")
        return
    test, train = read_samples("digits"), read_samples("digits", "train")
    assert (len(test), len(train), test.shape) == (360, 1437, (8, 8))
    assert test.inputs.min() == 0
    assert test.inputs.max() == 1
