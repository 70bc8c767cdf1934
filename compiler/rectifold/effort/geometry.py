"""How linear regions and two-layer forms are searched for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RegionEffort:
    """Enumeration of regions, alone and with other processes."""

    vertex_inputs: int = 5
    """Inputs that vary, up to which vertex lists are kept: a box has 2^n vertices."""
    counted_inputs: int = 7
    """The same where regions are counted and not kept: a region of many inputs has many corners."""
    most_vertex_inputs: int = 8
    """Inputs up to which vertex lists are made where a two-layer form needs them."""
    kept_forms: int = 1 << 16
    """Forms of a block of units that are kept, of all patterns together."""
    vertices_kept: int = 64
    """Vertices kept per cell of an enumeration by linear programs."""
    array_pairs: int = 4096
    """Pairs of vertices from which on adjacency is found with arrays."""
    whole_product: int = 4
    """A whole product is taken where more than one in so many values changed."""
    plane_entries: int = 1 << 18
    """Values of units at corners of polygons that are taken at a time."""
    directions: int = 12
    """Directions tried at a vertex by a climb."""

    clearly_inside: float = 1e-9
    """Value of a scaled form from which on a point counts as beside its hyperplane: a guess."""
    point_bits: int = 44
    """Bits after the point of the dyadic coordinates of a region's point."""
    least_multiplier: float = 1e-12
    """Multipliers below it are left out of a linear system: a guess, then checked exactly."""

    cells_per_worker: int = 64
    """Cells that are made for each process before they are dealt out."""
    parts_per_worker: int = 16
    """Parts for each process that the cells are dealt into."""
    logged_parts: int = 512
    """Parts that a count with a log is dealt into, whatever processes there are."""
    late_seconds: float = 1.0
    """Seconds after a time limit in which other processes may still say what they have."""
    alone_seconds: float = 2.0
    """Seconds of a comparison before other processes are started."""
    turn_seconds: float = 3.0
    """Seconds of each process, after which the waiting cells are dealt out again."""
    small_cells: int = 7
    """Small cells that a process is dealt beside a large one, when networks are compared."""
    measured_points: int = 1 << 16
    """Vertices that a comparison remembers to have measured."""
    report_seconds: float = 0.5
    """Seconds between two reports of progress."""


REGION_EFFORT = RegionEffort()  # what every enumeration uses


@dataclass(frozen=True)
class ShallowEffort:
    """Search for small two-layer forms."""

    proof_seconds: float = 5.0
    """Seconds for the comparison by regions, where the caller names none."""
    exact_seconds: float = 60.0
    """Seconds for an exact form that was not asked for, where the caller names none."""
    exact_part: float = 0.5
    """Part of the time that is left for such a form, where the caller names a limit."""
    required_seconds: float = 300.0
    """The same for one that was asked for."""
    known_inputs: int = 5
    """Inputs of which two hidden layers are known to be enough."""
    inputs_tried_twice: int = 4
    """Inputs up to which a form of them is looked for beside one of the directions read."""
    summed_forms: int = 64
    """Affine forms of one maximum up to which a unit is made one."""
    summed_parts: int = 500
    """Maxima whose sum a unit may be, where sums of them are looked for."""
    most_vertex_regions: int = 2_000
    """Regions up to which vertex lists are made for more inputs than they are kept for."""
    reweighted: int = 12
    """Rounds of reweighting in the search for a class as a sum of few."""
    sketched_rows: int = 96
    """Random sums of the numbers of classes that stand for all of them in that search."""
    sketched_entries: int = 1 << 24
    """Those sums, over all columns of a search, up to which one is made: 128 MB, and minutes."""
    generic_tries: int = 100
    """Random points of a flat that are tried until units bend there as along all of it."""
    more_corners: int = 4
    """Corners more than a simplex has, up to which all simplices of them are tried."""
    peak_cost: int = 200
    """Cost of a maximum of more than six forms, in units of the second layer."""
    taken_cost: float = 0.01
    """Cost of a unit that is there for another output already, in units of the second layer."""
    flat_parts: int = 997
    """Random integers up to which points of flats are weighed, where classes are looked at."""
    simplices: int = 4_000
    """Maxima over simplices of the corners of one unit at a flat that are tried for its class."""
    output_corners: int = 10
    """Affine maps of an output around a flat up to which maxima of them are tried."""
    jump_inputs: int = 3
    """Inputs that vary, up to which a construction looks at every jump of the function."""
    regions_checked: int = 8
    """Regions at whose interior points a form is compared before it is returned."""
    most_signs: int = 3_000_000
    """Signs of hyperplanes at vertices up to which more than the first layer's are tried."""
    pairing_rounds: int = 3
    """Times that every chain is paired again, given the hinges of the others."""
    ways_of_a_vertex: int = 8
    """Ways to take the function at a vertex of four inputs that are compared, of fewest units."""
    planes_like_a_unit: int = 4
    """Planes left along lines that count like a unit where ways are compared."""
    weights_tried: int = 12
    """Weights of one sheet that are tried, the most frequent ratios first."""
    kept_classes: int = 1 << 14
    """Classes of units in three dimensions that are kept."""
    choices_tried: int = 60
    """Sets of lines tried for each unit that eliminates a line in three dimensions."""
    sample_parts: int = 10_000
    """The same in the search by hinges, also where points inside regions are taken."""
    ordinary_exponent: int = 24
    """Binary exponents up to which a row's largest entry is left as it is."""


SHALLOW_EFFORT = ShallowEffort()  # what every search for a shallow form uses
