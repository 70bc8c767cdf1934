"""Classes of piecewise linear functions next to flats: what every number of inputs shares."""
