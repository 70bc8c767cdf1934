"""Every number that is the checker's own choice, with its unit and its reason.

    allowed work = WORK_BASE + WORK_PER_BYTE · bytes (of the certificate as far as it is read,
                   of both networks and of the domain)

Sound whatever they are: beyond a limit the checker refuses, and the other numbers choose only how
it computes and what it shows. Those that the writer must know too are in agreed.py.
"""

# Words of 64 bits multiplied or added: ten million take a second or so, and an honest certificate
# of cases or boxes needs up to 500 for every byte.
WORK_BASE = 50_000_000
WORK_PER_BYTE = 20_000

# Words of work in a second, about: how long a check takes that more work must be permitted for.
WORDS_PER_SECOND = 60_000_000

# Words of work that a certificate may state: some centuries.
MOST_STATED = 10**18

# Words of work between two questions whether to stop: a fifth of a second.
WORK_BETWEEN_QUESTIONS = 2_000_000

# Words of work on cells before they are shared with other processes: a second or so, as shorter
# counts are not worth it. Words between two answers of such a process: a fifth of a second, for so
# long another one may have nothing to do. And how many may be asked for.
ALONE_WORK = 60_000_000
TURN_WORK = 40_000_000
MOST_PROCESSES = 1_000

# Seconds between two questions whether to stop while other processes work, and for how long those
# are waited for in the end.
SECONDS_BETWEEN_QUESTIONS = 0.2
SECONDS_TO_END = 5.0

# Inputs of a network: a domain has two ends for each.
MOST_INPUTS = 10_000_000

# Units of a network besides one for every byte of its text: units without weights cost no text.
MOST_UNITS = 100_000

# Words of 64 bits that the weights of one layer take over their common denominator, and how many
# more for every byte of the network's text: a short text can name denominators whose common
# multiple is very long.
MOST_WORDS = 16_000_000
WORDS_PER_BYTE = 16

# Differences of two outputs that a margin is about: each becomes a unit of both networks.
MOST_PAIRS_OF_OUTPUTS = 100_000

# Links of a chain: each may begin at a network as long as the one before, in a few bytes.
MOST_LINKS = 16

# Words of work for every byte of a network between the ends of a chain: about as long as it takes
# to read it and to begin a link.
READING_WORK = 50

# Splits from the root of a proof by facts to a leaf: each is a call within a call.
PROOF_DEPTH = 200

# Places without a unit in one arrangement of the gap network: each becomes a unit.
MOST_PLACES = 1_000_000

# Inputs that vary where a domain is cut into cells: its box has 2,048 corners. Beyond the first
# number, those are taken that make up for all directions in which inputs are read.
CELL_INPUTS_AS_THEY_ARE = 6
MOST_CELL_INPUTS = 11

# Values of a network at vertices that are kept, for cells have vertices in common: some 250 MB.
MOST_KEPT_VALUES = 4_000_000

# Vertices that are independent modulo this prime are independent: one product of words for each
# coordinate tells so.
PRIME = (1 << 61) - 1

# Whole bits of a coefficient for which the rows of a layer are packed into long integers, one slot
# a weight: larger coefficients are rare, and are multiplied one by one.
PACKED_BITS = 40

# Weights that are 0 for each that is not, from which rows are not packed: slots would be empty.
PACKED_ZEROS = 16

# The same where all sums of a layer are wanted: columns are packed up to so many weights, whose
# slots take 8 MB a word, unless of more than 8 places one has a weight; a sum of its own costs as
# much as 20 weights more. Beyond so many words a slot, single products are no slower.
MOST_PACKED = 1_000_000
PACKED_PLACES = 8
UNIT_WEIGHTS = 20
MOST_SLOT_WORDS = 4

# What a message shows of a claim: numbers or ranges in a row, characters of a number that is shown
# exactly, and significant digits of one that is longer.
SHOWN_ENTRIES = 8
SHOWN_CHARACTERS = 40
SHOWN_DIGITS = 9
