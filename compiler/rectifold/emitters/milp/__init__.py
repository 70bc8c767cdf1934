"""A network as a mixed-integer program, in the two formats that solvers read."""
