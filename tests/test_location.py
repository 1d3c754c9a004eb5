from __future__ import annotations

import ipaddress
from typing import Any

import pytest

from pyroplug.errors import AddressError, ConfigError
from pyroplug.location import join_location, natted, wanted_locations

from .conversation import settings_with

SETTINGS = settings_with()


def wanted(host: Any = None, port: Any = 0, unixsocket: str | None = None, listen: Any = None) -> list[str]:
    return wanted_locations(SETTINGS, host, port, unixsocket, listen)


class TestWantedLocations:
    def test_the_configurations_host(self) -> None:
        assert wanted() == ["localhost:0"]
        assert wanted_locations(settings_with(HOST="example.org"), None, 7, None, None) == ["example.org:7"]

    @pytest.mark.parametrize(
        ("host", "location"),
        [
            ("10.0.0.1", "10.0.0.1:9090"),
            ("", ":9090"),
            ("::1", "[::1]:9090"),
            ("[::1]", "[::1]:9090"),
            (ipaddress.ip_address("192.0.2.1"), "192.0.2.1:9090"),
            (ipaddress.ip_address("2001:db8::1"), "[2001:db8::1]:9090"),
        ],
    )
    def test_a_host_in_any_form(self, host: Any, location: str) -> None:
        assert wanted(host, 9090) == [location]

    def test_a_unix_socket(self) -> None:
        assert wanted(unixsocket="/tmp/it") == ["./u:/tmp/it"]
        assert wanted(unixsocket="\0it") == ["./u:\0it"]

    @pytest.mark.parametrize("port", [-1, 65536, "9090", None, 1.5, True])
    def test_a_port_that_is_none(self, port: Any) -> None:
        with pytest.raises(AddressError, match="is no port") as caught:
            wanted("localhost", port)
        assert "65535" in (caught.value.hint or "")

    @pytest.mark.parametrize("port", [0, 1, 65535])
    def test_the_outermost_ports(self, port: int) -> None:
        assert wanted("h", port) == [f"h:{port}"]

    def test_locations_themselves(self) -> None:
        assert wanted(listen=["localhost:0", "./u:x"]) == ["localhost:0", "./u:x"]
        assert wanted(listen=(each for each in ["a:1"])) == ["a:1"]
        assert wanted(listen="localhost:0") == ["localhost:0"]
        assert wanted("ignored", 5, listen=["a:1"]) == ["a:1"]

    @pytest.mark.parametrize("listen", [[], (), [5], ["a:1", None]])
    def test_locations_that_are_none(self, listen: Any) -> None:
        with pytest.raises(AddressError, match="cannot listen on"):
            wanted(listen=listen)


class TestJoinLocation:
    @pytest.mark.parametrize(
        ("host", "port", "location"),
        [
            ("h", 1, "h:1"),
            ("::1", 2, "[::1]:2"),
            ("[::1]", 3, "[::1]:3"),
            ("fe80::1%eth0", 4, "[fe80::1%eth0]:4"),
        ],
    )
    def test_brackets(self, host: str, port: int, location: str) -> None:
        assert join_location(host, port) == location


class TestNatted:
    def published(self, location: str, host: str | None, port: int | None, **settings: Any) -> str | None:
        publish = natted(settings_with(**settings), host, port, [location])
        return None if publish is None else publish(location)

    def test_nothing_to_do(self) -> None:
        assert self.published("localhost:5", None, None) is None
        assert self.published("localhost:5", None, 0) is None
        assert self.published("localhost:5", "", None) is None

    def test_host_and_port(self) -> None:
        assert self.published("localhost:5", "example.org", 99) == "example.org:99"
        assert self.published("[::1]:5", "2001:db8::1", 99) == "[2001:db8::1]:99"

    @pytest.mark.parametrize("port", [0, None])
    def test_the_real_port(self, port: int | None) -> None:
        assert self.published("localhost:5", "example.org", port) == "example.org:5"
        assert self.published("[::1]:5", "example.org", port) == "example.org:5"

    def test_from_the_configuration(self) -> None:
        nat = {"NATHOST": "example.org", "NATPORT": 99}
        assert self.published("localhost:5", None, None, **nat) == "example.org:99"
        assert self.published("localhost:5", "other.org", None, **nat) == "other.org:99"
        assert self.published("localhost:5", None, 7, **nat) == "example.org:7"
        assert self.published("localhost:5", None, 0, **nat) == "example.org:5"
        # A port without a host is what the configuration may have, for daemons that name the host.
        assert self.published("localhost:5", None, None, NATPORT=99) is None

    def test_a_socket_that_has_no_port(self) -> None:
        assert self.published("./u:/tmp/x", None, None, NATHOST="example.org") == "./u:/tmp/x"
        assert self.published("", None, None, NATHOST="example.org") == ""
        with pytest.raises(ConfigError, match=r"nathost 'example.org' has nothing to do with ./u:/tmp/x"):
            self.published("./u:/tmp/x", "example.org", None)

    def test_a_port_without_a_host(self) -> None:
        with pytest.raises(ConfigError, match="natport 99 needs a nathost"):
            self.published("localhost:5", None, 99)

    @pytest.mark.parametrize("port", [-1, 65536, "99", True])
    def test_a_port_that_is_none(self, port: Any) -> None:
        with pytest.raises(ConfigError, match="is no port"):
            self.published("localhost:5", "example.org", port)
