"""A network as a PyTorch module that is called as its source was.

    to_torch(compiled.network, compiled.interface)(x)    x as for the source, y as from it

Sound as `torch_network` and `torch_tail` say. The module is differentiable, and has state_dict,
deepcopy and export as any other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rectifold.errors import InputError
from rectifold.formats.interface import Interface, Port
from rectifold.ir.network import Network

if TYPE_CHECKING:
    from rectifold.objects.torch_network import NetworkModule

_DTYPES = ("float32", "float64", "float16", "bfloat16")


def to_torch(
    network: Network, interface: Interface | None = None, dtype: object = None
) -> NetworkModule:
    """The module that computes the network, with the inputs, shapes and tail of its `interface`.

    Without an interface it maps (N, inputs) to (N, outputs). `dtype` is "float32", ... or a
    torch.dtype; that of the source's input if left out (float32 without one). Weights are rounded
    to it, and `.rounded` counts those that were changed. Raises InputError where PyTorch is not
    installed, for numbers beyond the type, and for a tail without a form in PyTorch.
    """
    require_torch()
    from rectifold.objects.torch_network import NetworkModule
    from rectifold.objects.torch_tail import tail_steps

    kind = _kind(dtype, interface)
    if interface is None:
        ports = _flat_ports(network)
        return NetworkModule(network, ports, [], kind)
    _check(network, interface)
    inputs = [_open(port) for port in interface.inputs]
    steps = tail_steps(interface, kind) if interface.tail else []
    ports = (inputs, interface.ends, interface.outputs)
    return NetworkModule(network, ports, steps, kind)


def require_torch() -> None:
    """Raises InputError that says what to install, where PyTorch is not."""
    try:
        import torch  # noqa: F401
    except ImportError:
        raise InputError(
            "PyTorch is not installed; install the extra: pip install 'rectifold[torch]'"
        ) from None


def _kind(dtype: object, interface: Interface | None) -> Any:
    import torch

    given = dtype
    if given is None:
        given = interface.inputs[0].dtype if interface is not None else "float32"
    name = str(given).removeprefix("torch.")
    if name not in _DTYPES:
        raise InputError(f"the dtype {name!r} is not known; known are {', '.join(_DTYPES)}")
    return getattr(torch, name)


Ports = tuple[Sequence[Port], Sequence[Port], Sequence[Port]]


def _flat_ports(network: Network) -> Ports:
    source = Port(network.input_name, "float32", (None, network.input_size))
    end = Port(network.output, "float32", (1, network.output_size))
    return [source], [end], [end]


def _open(port: Port) -> Port:
    """The port with None for the batch, as it may be a name or no number."""
    sizes = tuple(size if isinstance(size, int) else None for size in port.shape)
    return Port(port.name, port.dtype, sizes)


def _size_of(ports: Sequence[Port]) -> int:
    """Values of all ports together, for one sample."""
    return sum(math.prod(size for size in p.shape if isinstance(size, int)) for p in ports)


def _check(network: Network, interface: Interface) -> None:
    """The interface is one of this network, with its batch in front."""
    inputs, ends = _size_of(interface.inputs), _size_of(interface.ends)
    if inputs != network.input_size or ends != network.output_size:
        raise InputError(
            f"the interface has {inputs} inputs and {ends} values at the ends, the "
            f"network {network.input_size} and {network.output_size}; give the interface with "
            "which it was read"
        )
    batched = [port for port in interface.inputs if not isinstance((port.shape or (1,))[0], int)]
    fixed = [end.name for end in interface.ends if batched and end.shape[:1] != (1,)]
    if fixed or (batched and len(batched) != len(interface.inputs)):
        raise InputError(
            f"the batch of {fixed or [p.name for p in interface.inputs]} is not in front; a "
            "module needs it in dimension 0 of every input and end"
        )
