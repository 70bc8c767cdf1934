"""Sound bounds of pre-activations in floats, rounded outward: intervals, linear bounds, pairs."""
