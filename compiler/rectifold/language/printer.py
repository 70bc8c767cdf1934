"""Network to text. The printed form is the language: parse(print_network(n)) == n."""

from __future__ import annotations

from fractions import Fraction

from rectifold.exact.literals import format_float, format_number
from rectifold.exact.matrix import Matrix
from rectifold.ir.domain import Domain
from rectifold.ir.network import Layer, Network


def print_network(network: Network) -> str:
    """The network as a text of the language, every number exact."""
    title = "".join(c if c.isprintable() and c != '"' else " " for c in network.title)
    lines = [f'network {network.name} "{title}"' if title else f"network {network.name}"]
    lines.append(f"input {network.input_name}[{network.input_size}]{_in_box(network.domain)}")
    if network.domain is not None:
        for row in network.domain.constraints:
            coefficients = ", ".join(format_number(c) for c in row.coefficients)
            lines.append(
                f"assume [{coefficients}] @ {network.input_name} <= {format_number(row.bound)}"
            )
    lines += [_equation(layer) for layer in network.layers]
    lines.append(f"output {network.output}")
    return "\n".join(lines) + "\n"


def box_text(domain: Domain) -> str:
    """The ranges of a domain, without its constraints, as they stand after `in`."""
    ranges = [
        f"[{_end_literal(low, '-inf')}, {_end_literal(high, 'inf')}]"
        for low, high in zip(domain.lower, domain.upper, strict=True)
    ]
    if ranges and len(set(ranges)) == 1 and "inf" not in ranges[0]:
        return ranges[0]
    return f"[{', '.join(ranges)}]"


def _equation(layer: Layer) -> str:
    terms = [f"{_matrix(weight)} @ {source}" for source, weight in layer.weights.items()]
    if not terms or not layer.bias.is_zero:
        terms.append(_vector(layer.bias))
    body = "\n    + ".join(terms)
    return f"{layer.name} = relu({body})" if layer.is_relu else f"{layer.name} = {_bracketed(body)}"


def _bracketed(body: str) -> str:
    return f"({body})" if "\n" in body else body


def _matrix(matrix: Matrix) -> str:
    if 0 in matrix.shape:
        return f"zeros({matrix.shape[0]}, {matrix.shape[1]})"
    rows = [f"[{', '.join(row)}]" for row in _number_texts(matrix)]
    return "[" + ",\n     ".join(rows) + "]"


def _vector(column: Matrix) -> str:
    if column.shape[0] == 0:
        return "zeros(0)"
    return f"[{', '.join(row[0] for row in _number_texts(column))}]"


def _number_texts(matrix: Matrix) -> list[list[str]]:
    if matrix.is_float:
        return [[format_float(value) for value in row] for row in matrix.floats.tolist()]
    return [[format_number(value) for value in row] for row in matrix.fractions()]


def _in_box(domain: Domain | None) -> str:
    return "" if domain is None else f" in {box_text(domain)}"


def _end_literal(value: Fraction | None, infinite: str) -> str:
    return infinite if value is None else format_number(value)
