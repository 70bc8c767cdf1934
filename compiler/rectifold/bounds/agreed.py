"""Choices that the checker repeats, each under the sentence of its FORMAT.md that makes it.

    rectifold.bounds.agreed.STEEP_UPPER  ==  rectifold_check.agreed.STEEP_UPPER

Sound whatever they are: a different choice on one side loses proofs, and admits none.
A test compares both sides, and finds the quoted words in FORMAT.md. Below stand the margins that
the writer leaves because the checker rounds by other rules; the checker does not know them.
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

# ---- margins ------------------------------------------------------------------------------------

# what the slope of an upper line may cost, as a part of the unit's range: the checker's is rounded
# to UPPER_SLOPE_BITS, ours to 53 bits, and each moves a line at both ends
SLOPE_MARGIN = 2.0**-58

# by which a bound on a box clears 0, as a part of the layer's range: the checker bounds every unit
# below it again, and each of those bounds moves the next ones a little
BOX_MARGIN = 1e-9

# of the sum of sizes: bounds by intervals that are this close to 0 are proved without rounding
INTERVAL_MARGIN = 2.0**-48

# of a unit's range: a lower end this little below 0 may be 0 for the checker, whose are closer
ZERO_MARGIN = 2.0**-40

# sizes of a layer's bounds, least and largest, up to which BITS are enough: an absolute rounding
# of 2^-72, met by values of this size, is far below what floats lose by their own
SMALL_SIZE = 2.0**-8
LARGE_SIZE = 2.0**24
