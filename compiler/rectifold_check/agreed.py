"""Choices that the writer repeats, each under the sentence of FORMAT.md that makes it.

    rectifold.bounds.agreed.STEEP_UPPER  ==  rectifold_check.agreed.STEEP_UPPER

Sound whatever they are: a different choice on one side loses proofs, and admits none.
A test compares both sides, and finds the quoted words in FORMAT.md.
"""

# "fractional bits of the rules that round, from here on: 72 to 4096, at first 72"
BITS = 72
MOST_BITS = 4096

# "s = ⌊2^60 up/(up − lo)⌋/2^60"
UPPER_SLOPE_BITS = 60

# "by default α is 1 if 1024·up > −1021·lo, else 0": ends with up = −lo are common, ends at this
# odd ratio are not, so that two sides that round differently still choose alike
STEEP_UPPER = 1024
STEEP_LOWER = 1021

# "better at the centre by more than 1/1021 of the range of d": odd for the same reason
PLANE_GAIN = 1021

# "two bytes (little-endian, in units of 2^-15) per unit of the frame"
LOWER_SLOPE_BITS = 15
SLOPE_UNITS = 1 << LOWER_SLOPE_BITS

# "one signed byte (in units of 1/64, at least −127/64)"
LEVEL_BITS = 6
HULL_UNITS = 1 << LEVEL_BITS
MOST_LEVEL = 127

# "Trees deeper than 400"
MAX_TREE_DEPTH = 400
