"""The networks that a VNN-LIB 2.0 file declares, and those that are given for them.

    f             NET               the first that is declared
    g             --beside NET2     a second one
    g equal-to f  NET               the same network at another point

A declaration must fit: as many inputs and outputs, of the same shapes but for dimensions of 1, and
of the same elements unless it says real. That networks are isomorphic is no fact that a proof uses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from rectifold.errors import InputError
from rectifold.exact.numerals import counted
from rectifold.formats.interface import Port
from rectifold.formats.load import Loaded
from rectifold.formats.vnnlib_declared import Declared, Tensor
from rectifold.formats.vnnlib_queries import Query
from rectifold.ir.canonical import canonical_text


def beside_of(query: Query, file: str, network: Loaded, beside: Loaded | None) -> Loaded | None:
    """The second network, where the file declares two. Raises InputError where none fits."""
    first, *others = query.networks
    if len(others) > 1:
        names = ", ".join(declared.name for declared in query.networks)
        raise InputError(
            f"{file} declares {len(query.networks)} networks ({names}); two can be read: write a "
            "file for each two"
        )
    _require_fit(first, network, file)
    if not others:
        if beside is not None:
            raise InputError(f"{file} declares one network, {first.name}; leave out --beside")
        return None
    (second,) = others
    found = _same(second, file, network, beside) if second.is_equal else beside
    if found is None:
        raise InputError(
            f"{file} declares two networks, {first.name} and {second.name}; give the second with "
            f"--beside NET2, or declare it (equal-to {first.name})"
        )
    _require_fit(second, found, file)
    return found


def _same(second: Declared, file: str, network: Loaded, beside: Loaded | None) -> Loaded:
    """The first network; another one that is given for it must be the same."""
    texts = [canonical_text(n.network) for n in (network, beside) if n is not None]
    if len(set(texts)) > 1:
        raise InputError(
            f"{file} says that {second.name} is equal to the first network, but --beside names "
            "another one; leave it out, or take equal-to out of the file"
        )
    return network


def _require_fit(declared: Declared, given: Loaded, file: str) -> None:
    """Raises InputError where the network has other inputs or outputs than are declared."""
    network, ports = given.network, given.interface
    sides = (
        ("input", declared.inputs, network.input_size, ports.inputs if ports else None),
        ("output", declared.outputs, network.output_size, ports.ends if ports else None),
    )
    for word, tensors, size, read in sides:
        _Side(file, declared.name, network.name, word, tensors).require(size, read)


@dataclass(frozen=True)
class _Side:
    """The inputs or the outputs of one network."""

    file: str
    declared: str
    network: str
    word: str
    tensors: Sequence[Tensor]

    def require(self, size: int, ports: Sequence[Port] | None) -> None:
        """Raises InputError unless they are those of the network, which reads these tensors."""
        stated = sum(tensor.size for tensor in self.tensors)
        if stated != size:
            raise self._error(
                f"{self.declared} has {counted(stated, self.word)}, but {self.network}, which is "
                f"given for it, has {size}"
            )
        if ports is None:
            return
        if len(ports) != len(self.tensors):
            names = ", ".join(port.name for port in ports)
            raise self._error(
                f"{self.declared} declares {counted(len(self.tensors), self.word)}, but the model "
                f"{self.network} has {len(ports)}: {names}; declare each, in this order"
            )
        for tensor, port in zip(self.tensors, ports, strict=True):
            self._require_port(tensor, port)

    def _require_port(self, tensor: Tensor, port: Port) -> None:
        if not _fits(tensor.shape, port.shape):
            shape = ",".join("?" if d is None else str(d) for d in port.shape)
            raise self._error(
                f"{tensor.name} is {tensor.words}, but {port.name} of the model {self.network} has "
                f"the shape [{shape}]",
                tensor.line,
            )
        if tensor.type not in ("real", port.dtype):
            raise self._error(
                f"{tensor.name} is {tensor.words}, but {port.name} of the model {self.network} has "
                f"elements of type {port.dtype}; write that, or real",
                tensor.line,
            )

    def _error(self, message: str, line: int | None = None) -> InputError:
        return InputError(f"{self.file}{'' if line is None else f':{line}'}: {message}")


def _fits(shape: Sequence[int], own: Sequence[int | str | None]) -> bool:
    """The same but for dimensions of 1; what is not fixed in the model may be anything."""
    fixed = [d for d in own if isinstance(d, int)]
    if len(fixed) < len(own):
        return prod(shape) % prod(fixed) == 0
    return [d for d in shape if d != 1] == [d for d in fixed if d != 1]
