"""Every model of every exporter: one table, of which the documents show the cells."""

from __future__ import annotations

from exporters.case import Case
from exporters.torch_table import torch_cases

CASES: tuple[Case, ...] = (*torch_cases(),)
