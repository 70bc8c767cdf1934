"""Forms in which the weights of a layer are stored, each value once where rows share it."""
