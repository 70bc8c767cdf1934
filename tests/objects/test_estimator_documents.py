"""The pages about scikit-learn and Keras: the examples run, and what is listed is what is read."""

from __future__ import annotations

import doctest
import os
import re
from pathlib import Path

import pytest

from rectifold.objects.keras_functions import FUNCTIONS
from rectifold.objects.keras_layers import LAYERS, OPERATIONS
from rectifold.objects.sklearn_model import ENDS
from rectifold.objects.sklearn_steps import STEPS

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "reference"
OPTIONS = ("clip", "whiten", "activation", "best_estimator_", "linear")  # words of other kinds
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.IGNORE_EXCEPTION_DETAIL | doctest.ELLIPSIS


def listed(page: str) -> set[str]:
    """The names in the part of a page that is held against the tables."""
    text = (FOLDER / page).read_text(encoding="utf-8")
    part = text.partition("<!-- held")[2].partition("<!-- end -->")[0]
    return set(re.findall(r"`([A-Za-z_0-9]+)`", part))


def test_the_estimators_on_the_page_are_those_that_are_read() -> None:
    assert listed("scikit-learn.md") - set(OPTIONS) == {*ENDS, *STEPS}


def test_the_layers_on_the_page_are_those_that_are_read() -> None:
    assert listed("keras.md") == {*LAYERS, *OPERATIONS, *FUNCTIONS}


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_the_examples_of_scikit_learn_run() -> None:
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    result = doctest.testfile(
        str(FOLDER / "scikit-learn.md"), module_relative=False, optionflags=FLAGS
    )
    assert result.attempted >= 12
    assert result.failed == 0


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_the_examples_of_keras_run() -> None:
    os.environ.setdefault("KERAS_BACKEND", "torch")
    pytest.importorskip("keras", reason="Keras, or its backend, is not installed")
    result = doctest.testfile(str(FOLDER / "keras.md"), module_relative=False, optionflags=FLAGS)
    assert result.attempted >= 10
    assert result.failed == 0
