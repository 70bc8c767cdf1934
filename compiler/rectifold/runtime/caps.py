"""The largest that is read, made or shown: one table, so that no input can take the machine.

A text of thirty lines can ask for more memory than there is. What would go beyond a cap is refused
by name before it is made, or shown in part; no cap decides an answer.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Caps:
    """Every cap with its unit."""

    # ---- files ----------------------------------------------------------------------------------

    text_characters: int = 500_000_000
    """Characters of one text of the language."""
    point_characters: int = 100_000_000
    """Characters of a point on standard input."""
    json_bytes: int = 200_000_000
    """Bytes of one JSON file of layers."""
    nnet_bytes: int = 500_000_000
    """Bytes of one .nnet file; the largest ACAS Xu network has 0.3 MB."""
    vnnlib_bytes: int = 200_000_000
    """Bytes of one VNN-LIB file."""
    vnnlib_cells: int = 20_000_000
    """Constraints times inputs of one VNN-LIB file: 160 MB."""
    lipschitz_inputs: int = 64
    """Inputs of a network whose steepness is asked for: 64 parts with 190 constraints each."""
    vnnlib_conditions: int = 1_000_000
    """Conditions of all cases of one property, multiplied out."""
    array_entries: int = 4_000_000
    """Numbers that any array file may unpack to: 32 MB of float64."""
    array_entries_per_byte: int = 16
    """Numbers per byte of a larger file: float32, 99 % zeros, packs to a byte per 16."""
    array_members: int = 20_000
    """Arrays of one .npz file; a network has two per layer."""
    array_header_bytes: int = 10_000
    """Bytes of the header of one array; a plain array needs 128."""

    # ---- numbers --------------------------------------------------------------------------------

    digits: int = 2500
    """Characters of one written number; float64 values need at most 1,075."""
    exponent: int = 1100
    """Decimal exponent of one written number."""
    number_bits: int = 100_000
    """Bits of a number that is computed while reading: 30,000 digits."""
    matrix_bits: int = 1_000_000_000
    """Bits of all numerators of one matrix over its denominator: 125 MB."""
    whole_number: int = 2**62
    """A whole number of an option: counters of the system hold 63 bits."""
    seconds: float = 1e9
    """Seconds of a time limit: thirty years, which timers of the system hold."""
    power: int = 64
    """Largest exponent of a constant of an ONNX file that is computed."""

    # ---- depths ---------------------------------------------------------------------------------

    brackets: int = 100
    """Brackets of the language that are open at once."""
    expression_depth: int = 150
    """Levels of one expression of the language."""
    range_depth: int = 20
    """Signs and quotients in one end of a range."""
    vnnlib_parentheses: int = 100
    """Parentheses of VNN-LIB that are open at once; files of the competition have at most 5."""

    # ---- sizes ----------------------------------------------------------------------------------

    units: int = 10_000_000
    """Units of one layer or input: a declared size is believed up to here."""
    made_entries: int = 200_000_000
    """Entries of one matrix made by zeros, ones or eye."""
    operator_entries: int = 500_000_000
    """Entries of the dense matrix of one ONNX operator."""
    exact_operator_entries: int = 10_000_000
    """The same where an entry is a fraction."""
    grown_entries: int = 20_000_000
    """Entries of an ONNX tensor that is made larger than its inputs."""
    kernel_cells: int = 1_000_000
    """Cells of one kernel of a convolution or of pooling."""
    idx_dimensions: int = 8
    """Dimensions of an array in an idx file; videos of colour images have 5."""
    compared_outputs: int = 128
    """Outputs up to which each is compared with each around samples: 16,000 differences."""

    # ---- work of a text, in cells ---------------------------------------------------------------
    # A cell is one float64 entry of a matrix, written once: 8 bytes, about 30 ns.

    free_cells: int = 25_000_000
    """Cells that any text may make: a second, and less than a gigabyte."""
    cells_per_character: int = 200
    """Cells more for every character of the text."""
    cells_per_loaded: int = 300
    """Cells more for every entry that is loaded: it may be multiplied into another matrix."""
    cells_per_input: int = 25
    """Cells that one input takes: a range is two exact numbers."""
    cells_per_fraction: int = 32
    """Cells that an entry takes for every 64 bits, where it is no float64: a microsecond."""
    multiplications_per_cell: int = 15
    """Multiplications of a matrix product that take one cell."""
    cells_per_pick: int = 4
    """Cells of a row that scales one unit: it is made without arithmetic."""
    cells_per_fraction_pick: int = 12
    """The same where the factor is no float64."""

    # ---- what is written and shown --------------------------------------------------------------

    inline_parameters: int = 100_000
    """Parameters up to which emitted code holds its weights; above, they lie in a file beside."""
    self_test_points: int = 5
    """Points of the self-test that emitted code holds."""
    program_number: float = 1e15
    """A number of a mixed-integer program from which on solvers take it for infinite."""
    least_big_m: float = 1e-6
    """The least big-M of such a program: solvers drop coefficients of 1e-9 and below."""
    decimal_digits: int = 4000
    """Digits up to which emitted code writes an integer in decimal; longer ones in hexadecimal."""
    decimal_whole: float = 1e6
    """A whole number from which on C writes a float in hexadecimal, which is shorter."""
    comment_line: int = 100
    """Characters of a line of a comment of emitted code; a longer word has a line of its own."""
    comment_characters: int = 200
    """Characters of a name, a domain or a statement in a comment of emitted code."""
    program_terms: int = 5
    """Terms on a line of a linear program: its readers take 255 characters."""
    base64_characters: int = 96
    """Characters of base64 on a line of emitted code."""
    listed_units: int = 20
    """Units of a source whose fates are shown one by one."""
    histogram_bars: int = 12
    """Bars of a histogram as text."""
    bar_characters: int = 50
    """Characters of its longest bar."""
    whole_mean: int = 1000
    """A mean from which on it is shown without a decimal."""
    listed_ranges: int = 6
    """Ranges of a domain that one line shows."""
    drawn_units: int = 6_000
    """Units of one page that are drawn one by one."""
    smallest_image: int = 7
    """Inputs of a side from which a square point is shown as an image."""
    shown_inputs: int = 12
    """Inputs of a counterexample on the screen."""
    short_fraction: int = 8
    """Characters up to which a fraction is shown, though a decimal number is as exact."""
    fraction_characters: int = 24
    """Characters up to which a fraction is shown as it is."""
    formula_terms: int = 2000
    """Terms of written formulas: beyond that nobody reads them."""
    syntax_errors: int = 8
    """Syntax errors of one text that are reported at once."""
    faults: int = 20
    """Other errors of one text that are reported at once."""
    error_characters: int = 300
    """Characters of an unexpected error's own message."""

    # ---- processes ------------------------------------------------------------------------------

    processes: int = 1000
    """Processes that one command may start."""
    z3_megabytes: int = 4000
    """Megabytes that the process of Z3 may take."""


CAPS = Caps()
