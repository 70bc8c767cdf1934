"""Exact two-layer forms of functions of two inputs: a complex of regions and edges."""
