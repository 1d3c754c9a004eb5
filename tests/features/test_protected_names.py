"""A name server that only friends may use, by a secret or by certificates, with all that goes through it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from pyroplug.uri import URI
from tests.certificates import Authority
from tests.plugins.tools.programs import finding, program, typed

SECRET = "sixteen characters at least"
SHOP = """
from pyroplug.api import expose

@expose
class Shop:
    def open(self):
        return "it is open"
"""


class Protected(NamedTuple):
    """A name server, what serves in its network, and what others need.

    :ivar port: the name server's.
    :ivar friend: environment of programs that may use it.
    :ivar stranger: of those that may not.
    :ivar folder: with the module ``shop``.
    """

    port: int
    friend: dict[str, str]
    stranger: dict[str, str]
    folder: Path


@pytest.fixture(scope="module", params=["secret", "certificates"])
def protected(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Protected]:
    folder = tmp_path_factory.mktemp("protected")
    (folder / "shop.py").write_text(SHOP)
    options: list[str] = []
    if request.param == "secret":
        options = ["--handshake", "shared-secret"]
        server = friend = {"PYRO_HANDSHAKE_SECRET": SECRET}
        stranger = {"PYRO_HANDSHAKE_SECRET": SECRET.upper()}
    else:
        authority = Authority(folder / "authority")
        own, others = authority.issue("server"), Authority(folder / "others").issue("stranger")
        trusting = {"PYRO_SSL": "true", "PYRO_SSL_CACERTS": authority.file}
        served = {"PYRO_SSL_SERVERCERT": own.cert, "PYRO_SSL_SERVERKEY": own.key}
        server = {**trusting, **served, "PYRO_SSL_REQUIRECLIENTCERT": "true"}
        mine = authority.issue("friend")
        friend = {**server, "PYRO_SSL_CLIENTCERT": mine.cert, "PYRO_SSL_CLIENTKEY": mine.key}
        stranger = {**server, "PYRO_SSL_CLIENTCERT": others.cert, "PYRO_SSL_CLIENTKEY": others.key}
    with ExitStack() as stack:
        names = stack.enter_context(
            program("-m", "pyroplug", "ns", "-n", "127.0.0.1", "-p", "0", "--json", *options, **server)
        )
        port = URI(json.loads(names.line())["uri"]).port
        assert port is not None
        where = {**finding(port), "PYRO_COMMTIMEOUT": "10"}
        shop = stack.enter_context(
            program(
                *("-m", "pyroplug", "serve", "shop:Shop", "--name", "shop"),
                folder=folder,
                **{**where, **friend},
            )
        )
        shop.line()
        yield Protected(port, {**where, **friend}, {**where, **stranger}, folder)


@pytest.mark.parametrize(
    ("arguments", "refused"),
    [
        (("nsc", "lookup", "shop"), 3),
        (("call", "PYRONAME:shop", "open"), 3),
        (("inspect", "PYRONAME:shop"), 3),
        (("doctor", "shop"), 1),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_friends_get_through_and_strangers_do_not(
    protected: Protected, arguments: tuple[str, ...], refused: int
) -> None:
    status, _, errors = typed(*arguments, environment=protected.friend)
    assert status == 0, errors
    status, out, errors = typed(*arguments, environment=protected.stranger)
    assert status == refused
    assert "Traceback" not in out + errors


def test_a_stranger_serves_nothing_under_a_name(protected: Protected) -> None:
    arguments = ("serve", "shop:Shop", "--name", "shop2")
    status, _, errors = typed(*arguments, folder=protected.folder, environment=protected.stranger)
    assert status == 3
    assert "no name server found" in errors
    assert typed("nsc", "lookup", "shop2", environment=protected.friend)[0] == 1


def test_pyro5_gets_through_where_it_can(protected: Protected) -> None:
    """It has certificates, and answers no challenges."""
    place = ("-n", "127.0.0.1", "-p", str(protected.port))
    for environment, wanted in (
        (protected.friend, "PYRO_SSL" in protected.friend),
        (protected.stranger, False),
    ):
        ended = subprocess.run(
            [sys.executable, "-m", "Pyro5.nsc", *place, "lookup", "shop"],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ("PYRO:" in ended.stdout) is wanted, ended.stdout + ended.stderr


@pytest.mark.parametrize("who", ["friend", "stranger"])
def test_a_gateway(protected: Protected, who: str) -> None:
    environment = protected.friend if who == "friend" else protected.stranger
    with program("-m", "pyroplug", "gateway", "-p", "0", "-e", "shop", **environment) as gateway:
        line = gateway.line()
        while "http://" not in line:
            line = gateway.line()
        address = line[line.index("http://") :].partition("/pyro")[0]
        try:
            with urllib.request.urlopen(f"{address}/pyro/shop/open", timeout=30) as answer:
                told = json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                told = error.code
        assert (told == "it is open") if who == "friend" else (isinstance(told, int) and told >= 500)
