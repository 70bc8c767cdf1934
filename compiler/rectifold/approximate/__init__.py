"""Smaller networks that are not the same function, with a certified bound of the difference."""
