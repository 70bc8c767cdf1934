"""What `prove` and `check` read: a network, and what is asked of it.

PROPERTY.vnnlib                 the property of a file, which brings its domain
PROPERTY.vnnlib --beside OTHER  of NET at X_0, ... X_(n-1) and of OTHER at the next n inputs
PROPERTY.vnnlib of version 2    may declare both networks, and that both are NET
ensure … in NET.relu            the text's own, about a network of what it compares
--monotone, --lipschitz, ...    short forms, about NET beside itself or around a sample
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import click

from rectifold.cli.inputs import point_from, read_loaded, require_points, say_notes
from rectifold.cli.numbers import number_of
from rectifold.cli.values import Command, as_value
from rectifold.errors import InputError
from rectifold.errors import asked as asked_option
from rectifold.exact.numerals import exact_text
from rectifold.formats.interface import tail_words
from rectifold.formats.load import Loaded, is_network, require_file
from rectifold.formats.vnnlib_commands import vnnlib_file
from rectifold.formats.vnnlib_models import beside_of
from rectifold.formats.vnnlib_property import property_of
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.ir.pairs import as_steps, side_by_side
from rectifold.ir.property import Property
from rectifold.properties.relations import lipschitz, monotone, parse_slope, robust
from rectifold.prover.cascade import require_domain
from rectifold.prover.emptiness import without_empty_parts


@dataclass(frozen=True)
class ShortForms:
    """What is asked without a file."""

    monotone: tuple[str, ...] = ()
    decreasing: tuple[str, ...] = ()
    lipschitz: Fraction | None = None
    slack: Fraction | None = None
    robust: Fraction | None = None
    sample: str | None = None

    @property
    def given(self) -> list[str]:
        """The options that ask something."""
        asks = {
            "--monotone": bool(self.monotone),
            "--decreasing": bool(self.decreasing),
            "--lipschitz": self.lipschitz is not None,
            "--robust": self.robust is not None,
        }
        return [option for option, is_given in asks.items() if is_given]


@dataclass(frozen=True)
class Asked:
    """The network, the property, the domain for one that a network states itself or a short form
    asks about, the network beside, and the short forms.
    """

    network: str
    property_file: str | None
    domain_spec: str | None = None
    beside_file: str | None = None
    short: ShortForms = ShortForms()

    @property
    def says_what(self) -> bool:
        """Is something asked here, and not by the network alone?"""
        return bool(self.property_file or self.beside_file or self.short != ShortForms())

    @property
    def words(self) -> list[str]:
        """What is asked, as options of `check`."""
        short, words = self.short, list[str]()
        for option, value in (("--property", self.property_file), ("--beside", self.beside_file)):
            words += [] if value is None else [option, value]
        for option, places in (("--monotone", short.monotone), ("--decreasing", short.decreasing)):
            words += [word for place in places for word in (option, place)]
        numbers = (("--lipschitz", short.lipschitz), ("--slack", short.slack))
        for option, number in (*numbers, ("--robust", short.robust)):
            words += [] if number is None else [option, exact_text(number)]
        return words if short.sample is None else [*words, "--at", short.sample]

    @property
    def files(self) -> list[str | None]:
        """What is read."""
        spec = [self.domain_spec, self.short.sample]
        return [self.network, self.property_file, self.beside_file, *spec]


@dataclass(frozen=True)
class Question:
    """A property of `loaded`; with `second`, of the two side by side (ir/pairs)."""

    loaded: Loaded
    asked: Property
    second: Loaded | None = None

    @property
    def beside(self) -> Network | None:
        """The second network."""
        return None if self.second is None else self.second.network

    @property
    def about(self) -> Loaded:
        """What the inputs and outputs of the property are those of."""
        if self.beside is None:
            return self.loaded
        return Loaded(side_by_side(self.loaded.network, self.beside, self.asked.second))

    def require_one_network(self, why: str) -> None:
        """Raises InputError for a question about a pair, saying why it cannot be one."""
        if self.beside is not None:
            raise InputError(
                f"{self.asked.name} is about two networks side by side: {why}; give a property of "
                "one network"
            )


def relation_options(command: Command) -> Command:
    """--beside, and the short forms as one argument `short`."""
    beside = click.option(
        "--beside", "beside_file", metavar="NET2",
        help="the second network of the property: the second that a file of VNN-LIB 2.0 declares; "
        "in 1.0, X_0, ... are NET's inputs, then NET2's, and Y_0, ... the outputs likewise",
    )  # fmt: skip
    return beside(_short(command))


_short = as_value(
    "short",
    ShortForms,
    click.option(
        "--monotone", metavar="PLACES", multiple=True,
        help='"x[0] y[1]": output 1 never falls where input 0 alone rises',
    ),
    click.option(
        "--decreasing", metavar="PLACES", multiple=True, help="the same: it never rises"
    ),
    click.option(
        "--lipschitz", metavar="L", callback=number_of,
        help="no output differs by more than L times the largest difference of an input",
    ),
    click.option(
        "--slack", metavar="S", callback=number_of,
        help="--monotone, --decreasing, --lipschitz: or by S more than that",
    ),
    click.option(
        "--robust", metavar="RADIUS", callback=number_of,
        help="the largest output at the sample of --at stays the only largest so far around it",
    ),
    click.option("--at", "sample", metavar="POINT", help='the sample: a .npy file, or "1/3, 0.25"'),
)  # fmt: skip


def read_asked(wanted: Asked, *, quiet: bool) -> Question:
    """The network that a property is about, the one beside it, and the property.

    Raises InputError where there is none, or a domain besides that of a file, or more than one.
    """
    _require_order(wanted)
    _require_one_question(wanted)
    loaded, domain = read_loaded(wanted.network, wanted.domain_spec, quiet=quiet, may_be_empty=True)
    if wanted.short.given:
        _require_whole(loaded)
        return _short_question(loaded, domain, wanted.short)
    if wanted.property_file is None:
        return ensured_of(loaded, domain)
    beside = None
    if wanted.beside_file is not None:
        beside = read_loaded(wanted.beside_file, None, quiet=quiet, place=1, may_be_empty=True)[0]
    found = _question_of_file(loaded, wanted.property_file, beside)
    asked = without_empty_parts(found.asked)
    for part in asked.parts:
        require_points(part.domain)
    say_notes(asked.notes, quiet=quiet)
    return replace(found, asked=asked)


def _require_whole(read: Loaded) -> None:
    """A property is about what a model gives. Raises InputError where it goes on behind that."""
    words = tail_words(read.interface)
    if words and read.interface is not None:
        last = ", ".join(port.name for port in read.interface.ends)
        raise InputError(
            f"the model {read.network.name} goes on behind the network ({words}), and a property "
            f"is about what comes last; give {asked_option('until', last)} to end it before, and "
            "say there what must not happen"
        )


def _require_order(wanted: Asked) -> None:
    """Raises InputError where the network and the property are not what their names say."""
    property_file = wanted.property_file
    if wanted.network.lower().endswith((".vnnlib", ".vnnlib.gz")):
        network = property_file or "NET"
        raise InputError(f"the network comes first, then the property: {network} {wanted.network}")
    if property_file is not None and is_network(property_file):
        raise InputError(
            f"{property_file} is a network, and a property is a .vnnlib file; a second network is "
            "named with --beside"
        )


def _require_one_question(wanted: Asked) -> None:
    """Raises InputError for options that do not go together."""
    short = wanted.short
    asks = short.given if wanted.property_file is None else ["a property file", *short.given]
    together = asks and not set(asks) <= {"--monotone", "--decreasing"}
    if len(asks) > 1 and together:
        raise InputError(f"{' and '.join(asks)} do not go together: ask one thing at a time")
    if wanted.property_file is not None and wanted.domain_spec is not None:
        raise InputError("--domain and a property do not go together: a property brings its domain")
    if wanted.beside_file is not None and wanted.property_file is None:
        raise InputError("--beside needs a property file, which says what is asked of the two")
    if (short.robust is None) != (short.sample is None):
        raise InputError("--robust RADIUS and --at POINT go together")
    if short.slack is not None and not set(asks) & {"--monotone", "--decreasing", "--lipschitz"}:
        raise InputError("--slack goes with --monotone, --decreasing and --lipschitz")
    numbers = {"--lipschitz": short.lipschitz, "--slack": short.slack, "--robust": short.robust}
    for option, value in numbers.items():
        if value is not None and value < 0:
            raise InputError(f"{option} is {value}; it is at least 0")


def _question_of_file(loaded: Loaded, path: str, beside: Loaded | None) -> Question:
    for read in (loaded, beside):
        if read is not None:
            _require_whole(read)
    file = vnnlib_file(require_file(path))
    if file.query is not None:
        beside = beside_of(file.query, file.name, loaded, beside)
    networks = [loaded.network] if beside is None else [loaded.network, beside.network]
    inputs, outputs = (
        sum(sizes) for sizes in zip(*((n.input_size, n.output_size) for n in networks), strict=True)
    )
    if beside is None:
        return Question(loaded, property_of(file, inputs, outputs))
    asked = as_steps(property_of(file, inputs, outputs), loaded.network.input_size)
    return Question(loaded, asked, beside)


def _short_question(loaded: Loaded, domain: Domain | None, short: ShortForms) -> Question:
    network = loaded.network
    if short.robust is not None and short.sample is not None:
        return Question(loaded, robust(network, domain, point_from(short.sample), short.robust))
    on, slack = require_domain(network, domain), short.slack or Fraction(0)
    require_points(on)
    if short.lipschitz is not None:
        asked = lipschitz(network, on, short.lipschitz, slack)
    else:
        slopes = [parse_slope(text, network, falls=False) for text in short.monotone]
        slopes += [parse_slope(text, network, falls=True) for text in short.decreasing]
        asked = monotone(network, on, slopes, slack)
    return Question(loaded, asked, loaded)


def ensured_of(loaded: Loaded, domain: Domain | None) -> Question:
    """What a text says of its network: of the network of what it compares.

    Raises InputError where it ensures nothing, or has no domain.
    """
    if loaded.ensured is None:
        raise InputError(
            f"{loaded.network.name} ensures nothing, and no property is given; name a VNN-LIB "
            "file (check: --property FILE), or write into a .relu file, for example: "
            "ensure y[0] <= 3"
        )
    on = require_domain(loaded.network, domain)
    require_points(on)
    about = replace(loaded, network=loaded.ensured.network, interface=None)
    return Question(about, loaded.ensured.on(on))
