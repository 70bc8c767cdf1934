"""Exact forms from sums of maxima of affine forms: without regions, for any number of inputs."""
