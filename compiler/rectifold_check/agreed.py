"""Choices that the writer repeats, each with the sentence of FORMAT.md.

    rectifold.bounds.agreed.STEEP_UPPER  ==  rectifold_check.agreed.STEEP_UPPER

Sound whatever they are: a different choice on one side loses proofs, and admits none.
A test compares both sides.
"""

# "fractional bits of the rules that round: 72 to 4096, at first 72"
BITS = 72
MOST_BITS = 4096

# "by default α is 1 if 1024·up > −1021·lo, else 0": ends with up = −lo are common, ends at this
# odd ratio are not, so that two sides that round differently still choose alike
STEEP_UPPER = 1024
STEEP_LOWER = 1021

# a plane of a pair is taken where it is better at the centre by more than 1/1021 of the range
PLANE_GAIN = 1021
