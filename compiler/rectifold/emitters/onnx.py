"""A network as an ONNX model in float32 or float64, called as the model that it was read from.

The header is the documentation of the graph. Where it would make the file larger than the one that
it takes the place of, a short one is written.
"""

from __future__ import annotations

from rectifold.emitters.artifact import Artifact
from rectifold.emitters.header import Origin, brief_header, header_lines
from rectifold.ir.network import Network


def onnx_float32(network: Network, origin: Origin, name: str) -> Artifact:
    """The model `name` computing in float32."""
    return _onnx_artifact(network, origin, name, "float32")


def onnx_float64(network: Network, origin: Origin, name: str) -> Artifact:
    """The same in float64."""
    return _onnx_artifact(network, origin, name, "float64")


def _onnx_artifact(network: Network, origin: Origin, name: str, precision: str) -> Artifact:
    from rectifold.formats.onnx_writer import written_onnx  # onnx takes 0.3 s to import

    header = "\n".join(header_lines(network, origin))
    model, notes = written_onnx(network, precision, header, origin.interface)
    return Artifact({name: fitting(model, origin)}, tuple(notes))


def fitting(model: bytes, origin: Origin) -> bytes:
    """The model, with a short header where it is larger than its source else."""
    if origin.interface is None:
        return model
    most = origin.interface.model.ByteSize()
    if len(model) <= most:
        return model
    from rectifold.formats.onnx_writer import documented  # onnx takes 0.3 s to import

    return documented(model, brief_header(origin), most)
