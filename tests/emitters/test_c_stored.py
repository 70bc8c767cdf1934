"""C code of stored weights: compiled, run, and of the same bits as the dense sum in index order."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path

import numpy as np
import pytest

from c_builds import compiler
from rectifold.emitters.c.stored import bias_code, product_code
from rectifold.emitters.storage.index_tables import Numbers
from rectifold.emitters.storage.placed_rows import PlacedRows
from rectifold.emitters.storage.shared_rows import SharedRows
from rectifold.emitters.storage.storage import SparseRows, Storage, StoredBias, bias_of
from rectifold.exact.matrix import Matrix
from rectifold.ir.network import Layer
from weight_matrices import convolution, places, random_numbers, stored, strips

FLAGS = ["-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-pedantic"]
C_TYPES = {"float32": "float", "float64": "double"}
SUMS = {"float32": "float32", "mixed": "float64", "float64": "float64"}


def tables_of(form: Storage | StoredBias, prefix: str) -> str:
    def word(value: float) -> str:
        return str(value) if isinstance(value, int) else float(value).hex()

    return "".join(
        f"static const {C_TYPES.get(table.dtype.name, table.dtype.name + '_t')} {prefix}_{key}[] ="
        f" {{ {', '.join(word(v) for v in table.tolist()) or '0'} }};\n"
        for key, table in form.tables.items()
    )


def functions(forms: list[Storage], bias: StoredBias, precision: str, folder: Path) -> ctypes.CDLL:
    """product0, product1, ... in one library, which begin with the biases."""
    real, kind = C_TYPES[SUMS[precision]], C_TYPES[forms[0].matrix().dtype.name]
    text = "#include <stddef.h>\n#include <stdint.h>\n" + tables_of(bias, "b")
    for k, form in enumerate(forms):
        declaration = f"void product{k}(const {real} *before, {real} *a)"
        text += tables_of(form, f"T{k}") + f"{declaration};\n{declaration}\n{{\n"
        text += bias_code(bias, "b_{}".format, form.matrix().shape[0])
        text += product_code(form, f"T{k}_{{}}".format, real, kind) + "}\n"
    (folder / "rows.c").write_text(text)
    command = [compiler(), *FLAGS, "-O2", "-ffp-contract=off", "-shared", "-fPIC"]
    subprocess.run([*command, "-o", str(folder / "rows.so"), str(folder / "rows.c")], check=True)
    return ctypes.CDLL(str(folder / "rows.so"))


def in_order(numbers: Numbers, bias: Numbers, x: Numbers) -> Numbers:
    """The dense sums: bias first, then the inputs one after the other, each rounded."""
    total: Numbers = bias.astype(x.dtype)
    for weights, value in zip(numbers.T.astype(x.dtype), x, strict=True):
        total = total + weights * value
    return total


def matrices() -> list[Numbers]:
    """Of one height, so that they can share the biases."""
    rng = np.random.default_rng(3)
    edges, _ = convolution((3, 5), 8, 3, 1)
    strided, _ = convolution((2, 5), 17, 4, 1, 2)
    last = edges[np.arange(320).reshape(5, 64).T.ravel()]
    holes = edges[:, rng.random(edges.shape[1]) < 0.7]
    few = np.round(edges)
    removed = np.delete(convolution((2, 9), 6, 3, 1)[0], [7, 30, 31, 200], axis=0)
    inner, _ = convolution((2, 5), 12, 3)
    line, column = np.indices((50, 10))
    uneven = inner[((line % 2 == 0) | (column % 2 == 0)).ravel()][:320]  # steps of 1 and of 2
    return [
        edges,
        removed,
        uneven,
        strided,
        last,
        holes,
        few,
        random_numbers(320, 40, 0.1),
        random_numbers(320, 700, 0.02),
        np.eye(320),
        np.zeros((320, 3)),
    ]


@pytest.mark.parametrize("precision", ["float32", "mixed", "float64"])
def test_the_bits_are_those_of_the_dense_sum(precision: str, tmp_path: Path) -> None:
    forms: list[Storage] = []
    for numbers in matrices():
        every = (stored(numbers, precision), strips(numbers, precision), places(numbers, precision))
        forms += [form for form in every if form is not None]
    kinds = {type(form) for form in forms}
    assert kinds == {SparseRows, SharedRows, PlacedRows}
    biases = np.repeat([0.25, -0.5, 1.5, 0.1, 3.0], 64)
    layer = Layer("h", "relu", Matrix.from_floats(biases[:, None]), {})
    library = functions(forms, bias_of(layer, precision), precision, tmp_path)
    rng = np.random.default_rng(4)
    for k, form in enumerate(forms):
        numbers = form.matrix()
        kept = rng.random(numbers.shape[1]) < 0.7
        x = np.where(kept, rng.normal(size=numbers.shape[1]), 0.0).astype(SUMS[precision])
        y = np.full(320, np.nan, x.dtype)
        getattr(library, f"product{k}")(
            x.ctypes.data_as(ctypes.c_void_p), y.ctypes.data_as(ctypes.c_void_p)
        )
        bias = bias_of(layer, precision).vector()
        np.testing.assert_array_equal(y, in_order(numbers, bias, x), err_msg=str(k))


@pytest.mark.parametrize(
    "biases", [[0.5, -1.5] * 40, [0.1 * k for k in range(9)], [2.0] * 30 + [1.0] * 20, [4.0] * 50]
)
def test_biases_begin_the_sums(biases: list[float], tmp_path: Path) -> None:
    layer = Layer("h", "relu", Matrix.from_floats(np.array(biases)[:, None]), {})
    form = stored(np.zeros((len(biases), 40)))
    library = functions([form], bias_of(layer, "float64"), "float64", tmp_path)
    y = (ctypes.c_double * len(biases))()
    library.product0((ctypes.c_double * 40)(), y)
    assert list(y) == biases
