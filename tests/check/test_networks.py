"""Networks and domains that are refused, with words of the reason."""

from __future__ import annotations

import pytest

from rectifold_check.json import Refusal
from rectifold_check.networks import read_domain, read_network
from support import BOX, canonical_chain

NETWORK = canonical_chain(("R", "0:2 1:-3", ["0:1", "1:1"]), ("L", "", ["0:1 1:1"]))
NETWORKS = {
    "no JSON": ("nothing", "not well-formed"),
    "no keys": ("{}", "exactly the keys"),
    "another activation": (NETWORK.replace('"R"', '"S"'), "activation 'S'"),
    "an index twice": (NETWORK.replace("0:2 1:-3", "0:2 0:-3"), "out of order"),
    "an index beyond the units": (NETWORK.replace("0:2 1:-3", "0:2 7:-3"), "out of range"),
    "an entry that is 0": (NETWORK.replace("0:2", "0:0"), "nonzero entries"),
    "a decimal": (NETWORK.replace("0:2", "0:2.5"), "is not a number p or p/q"),
    "an exponent": (NETWORK.replace("0:2", "0:1e9"), "is not a number p or p/q"),
    "a division by 0": (NETWORK.replace("0:2", "0:4/0"), "is not a number p or p/q"),
    "too many digits": (NETWORK.replace("0:2", "0:" + "1" * 5000), "digits"),
    "a row too few": (NETWORK.replace('"units":2', '"units":3'), "2 rows for 3 units"),
    "a float": (NETWORK.replace('"units":2', '"units":1e3'), "float"),
    "a later source": (
        NETWORK.replace('"weights":[[0,', '"weights":[[1,', 1),
        "no whole number from 0 to 0",
    ),
    "an output beyond the layers": (
        NETWORK.replace('"output":2', '"output":3'),
        "no whole number from 1 to 2",
    ),
    "a key twice": (NETWORK.replace('"inputs":2', '"inputs":2,"inputs":2'), "a key occurs twice"),
    "another format": (NETWORK.replace("network/1", "network/2"), "has format"),
    "no layers": (
        '{"format":"rectifold-network/1","inputs":1,"layers":[],"output":1}',
        "has no layers",
    ),
}
DOMAINS = {
    "an end missing": (BOX.replace('"-1","-1"', '"-1"'), "differ in length"),
    "another format": (BOX.replace("domain/1", "domain/2"), "another format"),
    "a row without a bound": (
        BOX.replace('"constraints":[]', '"constraints":[["0:1"]]'),
        "coefficients, bound",
    ),
    "a coefficient that is 0": (
        BOX.replace('"constraints":[]', '"constraints":[["0:-0 1:1","1"]]'),
        "nonzero entries",
    ),
    "ends that are no list": (BOX.replace('["-1","-1"]', '"-1"'), "no list"),
}


@pytest.mark.parametrize("title", NETWORKS)
def test_networks_that_are_refused(title: str) -> None:
    network, reason = NETWORKS[title]
    with pytest.raises(Refusal, match=reason):
        read_network(network, "A")


@pytest.mark.parametrize("title", DOMAINS)
def test_domains_that_are_refused(title: str) -> None:
    domain, reason = DOMAINS[title]
    with pytest.raises(Refusal, match=reason):
        read_domain(domain)
