"""Every model of every exporter: one table, of which the documents show the cells."""

from __future__ import annotations

from exporters.case import Case
from exporters.hand_models import hand_cases
from exporters.keras_models import keras_cases
from exporters.quantised_models import quantised_cases
from exporters.sklearn_models import sklearn_cases
from exporters.torch_table import torch_cases

CASES: tuple[Case, ...] = (
    *torch_cases(), *keras_cases(), *sklearn_cases(), *hand_cases(), *quantised_cases(),
)  # fmt: skip
