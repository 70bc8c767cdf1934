"""Regions of two free inputs, counted by polygons in cyclic order, many at a time."""
