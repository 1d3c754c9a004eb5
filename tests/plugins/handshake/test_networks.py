"""Who is let in for the address it has."""

from __future__ import annotations

import ipaddress
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroplug_handshake import AllowNetworks, pyroplug_config_items

from pyroplug.contracts import NO_PEER, Hello, Peer
from pyroplug.errors import ConfigError, SecurityError

V4 = ["10.0.0.0/8", "192.168.1.7"]
V6 = ["2001:db8::/32", "::1"]
[ITEM] = [item for item in pyroplug_config_items() if item.name == "HANDSHAKE_ALLOWED_NETWORKS"]


def settings(networks: Any) -> Any:
    return SimpleNamespace(HANDSHAKE_ALLOWED_NETWORKS=networks)


def hello(address: Any, transport: str = "tcp") -> Hello:
    return Hello(Peer(address, transport), "some object", "hello", {})


def admits(networks: Any, address: Any) -> bool:
    try:
        AllowNetworks().open(settings(networks)).validate(hello(address))
    except SecurityError:
        return False
    return True


@pytest.mark.parametrize(
    ("networks", "host", "expected"),
    [
        (V4, "10.255.0.1", True),
        (V4, "11.0.0.1", False),
        (V4, "192.168.1.7", True),
        (V4, "192.168.1.8", False),
        (V4, "2001:db8::1", False),
        (V6, "2001:db8:ffff::1", True),
        (V6, "2001:db9::1", False),
        (V6, "::1", True),
        (V6, "10.0.0.1", False),
        (V4 + V6, "10.0.0.1", True),
        (V4 + V6, "::1", True),
        (["0.0.0.0/0"], "8.8.8.8", True),
        (["::/0"], "2001::1", True),
        (["::/0"], "8.8.8.8", False),
        (["fe80::/10"], "fe80::1%eth0", True),
        (["fe80::/10"], "fe00::1%eth0", False),
        (("10.0.0.0/255.0.0.0",), "10.1.1.1", True),
        # IPv4 addresses as dual-stack listeners show them
        (V4, "::ffff:10.0.0.1", True),
        (V4, "::ffff:11.0.0.1", False),
        (["::/0"], "::ffff:10.0.0.1", False),
        (["::ffff:10.0.0.0/104"], "10.0.0.1", True),
        (["::ffff:10.0.0.0/104"], "::ffff:10.0.0.1", True),
        (["::ffff:10.0.0.0/104"], "11.0.0.1", False),
        (["::ffff:10.0.0.1"], "10.0.0.1", True),
        (["::ffff:0:0/96"], "8.8.8.8", True),
    ],
)
def test_networks(networks: Any, host: str, expected: bool) -> None:
    addresses = [(host, 4711)] if "." in host and ":" not in host else [(host, 4711, 0, 0)]
    for address in addresses:
        assert admits(networks, address) is expected


@pytest.mark.parametrize("address", ["", "/run/some/socket", "\0abstract", b"\0abstract"])
def test_local_is_a_word(address: Any) -> None:
    assert admits(["local"], address)
    assert admits([*V4, "local"], address)
    assert not admits(V4, address)
    assert not admits(["0.0.0.0/0", "::/0"], address)


def test_local_says_nothing_of_ip_addresses() -> None:
    assert not admits(["local"], ("127.0.0.1", 1))
    assert not admits(["local"], ("::1", 1, 0, 0))


@pytest.mark.parametrize(
    "address",
    [None, 5, (3, 1024), (b"\x7f\0\0\1", 1), ("", 1), ("AA:BB:CC:DD:EE:FF", 1), ("host", 1), [None]],
)
def test_what_is_neither_is_refused(address: Any) -> None:
    assert not admits(["local", "0.0.0.0/0", "::/0"], address)


def test_the_default_is_this_machine() -> None:
    for address in (("127.0.0.1", 1), ("127.1.2.3", 1), ("::1", 1, 0, 0), ("::ffff:127.0.0.1", 1, 0, 0), ""):
        assert admits(ITEM.default, address)
    for address in (("10.0.0.1", 1), ("0.0.0.0", 1), ("::2", 1, 0, 0)):
        assert not admits(ITEM.default, address)


def test_the_refused_is_told_its_address_and_nothing_else() -> None:
    with pytest.raises(SecurityError) as caught:
        AllowNetworks().open(settings(V4)).validate(hello(("203.0.113.5", 4711)))
    assert str(caught.value) == "connections from 203.0.113.5:4711 are not allowed here"
    with pytest.raises(SecurityError) as caught:
        AllowNetworks().open(settings(V4)).validate(Hello(NO_PEER, "", None, {}))
    assert str(caught.value) == "local connections are not allowed here"


@pytest.mark.parametrize(
    ("networks", "why", "advice"),
    [
        ([], "the list is empty", "list networks"),
        (["10.0.0.0/8", "10.0.0.0/33"], "'10.0.0.0/33' is no network", "write it as"),
        (["192.168.1.5/24"], "'192.168.1.5/24' is no network", "written 192.168.1.0/24"),
        (["2001:db8::1/32"], "'2001:db8::1/32' is no network", "written 2001:db8::/32"),
        (["example.com"], "'example.com' is no network", "write it as"),
        (["Local"], "'Local' is no network", "the word local"),
        ([""], "'' is no network", "write it as"),
        ([5], "'5' is no network", "write it as"),
        ([b"\x0a\0\0\1"], "is no network", "write it as"),
        ([["10.0.0.0/8"]], "is no network", "write it as"),
        ([None], "'None' is no network", "write it as"),
    ],
)
def test_no_daemon_is_made_with_a_list_that_cannot_be_used(networks: Any, why: str, advice: str) -> None:
    with pytest.raises(ConfigError) as caught:
        AllowNetworks().open(settings(networks))
    assert "HANDSHAKE_ALLOWED_NETWORKS" in str(caught.value)
    assert why in str(caught.value)
    assert advice in str(caught.value.hint)


def test_another_list_is_another_list() -> None:
    assert admits(["10.0.0.0/8"], ("10.0.0.1", 1))
    assert not admits(["11.0.0.0/8"], ("10.0.0.1", 1))
    assert admits(["10.0.0.0/8"], ("10.0.0.1", 1))


@given(st.ip_addresses(), st.integers(0, 32), st.booleans())
def test_an_address_is_in_its_own_network_alone(address: Any, bits: int, mapped: bool) -> None:
    network = ipaddress.ip_network((address, bits), strict=False)
    host = f"::ffff:{address}" if mapped and address.version == 4 else str(address)
    is_mapped_v6 = address.version == 6 and address.ipv4_mapped
    assert admits([str(network)], (host, 1)) or is_mapped_v6
    outside = [str(other) for other in _halves(address, bits) if address not in other]
    assert not outside or not admits(outside, (host, 1))


def _halves(address: Any, bits: int) -> list[Any]:
    """The network of so many bits around the address, cut in two."""
    return list(ipaddress.ip_network((address, min(bits, 31)), strict=False).subnets())
