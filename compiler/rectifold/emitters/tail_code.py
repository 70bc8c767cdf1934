"""The tail in emitted Python and NumPy: a function `predict` behind `evaluate`.

    evaluate(x)    the network's values, which the bound and the self-test are about
    predict(x)     softmax and the like of them, as the source model gives them

Written for floats: the maximum is taken off before exp, so nothing overflows.
"""

from __future__ import annotations

from rectifold.emitters.choice import Choice, choice_of
from rectifold.emitters.header import Origin
from rectifold.emitters.templates import template
from rectifold.errors import InputError, asked
from rectifold.formats.interface import Interface, tail_words
from rectifold.formats.tail import Step, Tail

_NETWORK_ONLY = ("relu", "npz", "mps", "lp")  # formats that say a network alone
_ALONG = ("softmax", "log_softmax", "argmax", "argmin")  # functions of groups of entries


def tail_of(interface: Interface | None) -> Tail | None:
    """The tail to write behind the network, if there is one.

    Raises InputError where code cannot hold it, with the remedy.
    """
    if interface is None or not interface.tail:
        return None
    from rectifold.formats.onnx.tail_form import tail_form  # onnx takes 0.3 s to import

    form = tail_form(interface)
    if isinstance(form, Tail):
        return form
    raise InputError(
        f"code cannot hold the model's tail ({tail_words(interface)}): {form}; {remedy(interface)}"
    )


def require_tail_fits(interface: Interface | None, kind: str) -> None:
    """Raises InputError where a format other than ONNX would lose the tail, with the remedy."""
    if kind == "rust":
        choice_in(interface)
    elif kind not in _NETWORK_ONLY:
        tail_of(interface)
    elif interface is not None and interface.tail:
        raise InputError(
            f"a file of type {kind} cannot hold the model's tail ({tail_words(interface)}); "
            f"{remedy(interface)}"
        )


def choice_in(interface: Interface | None) -> tuple[Tail, Choice] | None:
    """The tail for code without a math library: a choice among outputs; None where there is none.

    Raises InputError where the model gives other numbers, with the remedy.
    """
    tail = tail_of(interface)
    if interface is None or tail is None:
        return None
    choice = choice_of(tail)
    if choice is None:
        raise InputError(
            f"code without a math library cannot hold the model's tail ({tail_words(interface)}), "
            f"which gives more than the choice of a class; {remedy(interface)}"
        )
    return tail, choice


def remedy(interface: Interface) -> str:
    """What to do where a format cannot hold the tail: what holds it is named."""
    from rectifold.formats.onnx.tail_form import tail_form  # onnx takes 0.3 s to import

    kept = "ONNX, which keeps it"
    if isinstance(tail_form(interface), Tail):
        kept = "C, JavaScript, Python, NumPy or ONNX, which keep it"
    ends = [port.name for port in interface.ends]
    outputs = [port.name for port in interface.outputs]
    one = f"choose one output with {asked('outputs', outputs[:1])}, or " if len(outputs) > 1 else ""
    cut = asked("until", ends[0] if len(ends) == 1 else "NODE")
    return f"{one}write the values before it with {cut}, or write {kept}"


def python_tail(origin: Origin) -> str:
    """The text behind `evaluate` of a Python module: an empty line where there is no tail."""
    return _text(tail_of(origin.interface), "python_tail", "y = {name}(y, {sizes})")


def numpy_tail(origin: Origin) -> str:
    """The text behind `evaluate` of a NumPy module: an empty line where there is no tail."""
    return _text(tail_of(origin.interface), "numpy_tail", "y = {name}(y, {sizes})")


def _text(tail: Tail | None, name: str, call: str) -> str:
    if tail is None:
        return ""
    steps = "\n".join(
        "    " + call.format(name=f"_{step.function}", sizes=_sizes(step)) for step in tail.steps
    )
    definitions = template(name).split("\n\n\n")
    wanted = {f"def _{step.function}(" for step in tail.steps}
    kept = [text for text in definitions if any(text.startswith(w) for w in wanted)]
    helpers = [text for text in definitions if text.startswith("def _along(")]
    needs = any(
        step.function in ("softmax", "log_softmax", "argmax", "argmin") for step in tail.steps
    )
    predict = next(text for text in definitions if text.startswith("def predict("))
    texts = [
        *(helpers if needs else []),
        *kept,
        predict.format(steps=steps, words=tail.words, which=tail.which),
    ]
    return "\n" + "\n\n\n".join(text.strip("\n") for text in texts) + "\n\n"


def _sizes(step: Step) -> str:
    if step.function == "label":
        return repr(list(step.numbers))
    return f"{step.outer}, {step.length}, {step.inner}"
