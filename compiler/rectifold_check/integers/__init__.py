"""Bounds by substitution, in integers over powers of two that are rounded outward."""
