"""Exact numbers and matrices, how they are written, and how they become floats."""
