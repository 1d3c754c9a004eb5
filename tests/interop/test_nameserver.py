"""Pyro5's own clients and its ``pyro5-nsc`` cannot tell our name server from Pyro5's."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.plugins.tools.programs import Program, program

SERIALIZERS = ("serpent", "json", "msgpack", "marshal")
SERVERS = {"Pyro5": ["Pyro5.nameserver"], "pyroplug": ["pyroplug", "ns"]}
ALL_ACCEPTED = {"PYROPLUG_SERIALIZERS_ACCEPTED": ",".join(SERIALIZERS)}
PLACE = ("-n", "127.0.0.1", "-p", "0", "-x")

COMMANDS = [
    *(["ping"], ["list"]),
    *(["register", name, f"PYRO:{name}@host:1"] for name in ("test_1", "testX1", "other")),
    ["register", "test_1", "PYRO:taken@host:1"],
    ["register", "bad", "no uri"],
    ["register", "only a name"],
    *(["lookup", "test_1"], ["lookup", "nobody"], ["lookup"]),
    *(["setmeta", "test_1", "a"], ["setmeta", "testX1", "a", "b"], ["setmeta", "nobody", "a"], ["setmeta"]),
    *(["lookup", "test_1"], ["list"], ["list", "test"], ["list", "nothing"]),
    *(["listmatching", "test.*"], ["listmatching", "t.st[X_]1"], ["listmatching", "["], ["listmatching"]),
    *(["yplookup_all", "a"], ["yplookup_all", "a", "b"], ["yplookup_any", "b", "c"], ["yplookup_all"]),
    *(["setmeta", "test_1"], ["remove", "other"], ["remove", "nobody"], ["remove", "Pyro.NameServer"]),
    *(["removematching", "test.*"], ["list"]),
]

CLIENT = """
import contextlib, io, json, sys
import Pyro5.nsc, Pyro5.api
Pyro5.api.config.SERIALIZER = sys.argv[2]
answers = []
for command in json.loads(sys.argv[3]):
    out = io.StringIO()
    sys.stdin = io.StringIO("y")
    with contextlib.redirect_stdout(out):
        try:
            Pyro5.nsc.main(["-n", "127.0.0.1", "-p", sys.argv[1], *command])
            end = "ended"
        except SystemExit as error:
            end = f"exit {error.code}"
        except Exception as error:
            end = type(error).__name__
    answers.append([end, out.getvalue()])
print(json.dumps(answers))
"""


def uri_of(server: Program) -> str:
    line = server.line()
    while not line.startswith("URI = "):
        line = server.line()
    return line.removeprefix("URI = ")


@pytest.fixture(scope="module", params=["memory", "sql"])
def ports(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """The port of a name server of each library. Pyro5's keeps names in a file: its memory has flaws."""
    folder = tmp_path_factory.mktemp("names")
    storages = {"Pyro5": f"sql:{folder / 'pyro5.db'}", "pyroplug": "memory"}
    if request.param == "sql":
        storages["pyroplug"] = f"sql:{folder / 'pyroplug.db'}"
    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(
                program("-u", "-m", *module, *PLACE, "-s", storages[name], **ALL_ACCEPTED)
            )
            for name, module in SERVERS.items()
        }
        yield {name: uri_of(server).rpartition(":")[2] for name, server in servers.items()}


def answers(port: str, serializer: str) -> list[Any]:
    """What becomes of each of the commands."""
    ended = subprocess.run(
        [sys.executable, "-c", CLIENT, port, serializer, json.dumps(COMMANDS)],
        env={**os.environ, "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    found = []
    for command, (end, out) in zip(COMMANDS, json.loads(ended.stdout), strict=True):
        text = out.replace(f":{port}", ":PORT")
        if text.startswith("Error: "):  # whose words are everybody's own
            text = text.partition(" - ")[0]
        # Sets have no order, and become lists with some serializers.
        text = re.sub(r"[\[{(]('.*?',?)[\]})]$", lambda match: _sorted(match[1]), text, flags=re.MULTILINE)
        found.append((command, end, text))
    return found


def _sorted(tags: str) -> str:
    return ",".join(sorted(tag.strip() for tag in tags.split(",") if tag.strip()))


@pytest.mark.parametrize("serializer", SERIALIZERS)
def test_nsc_says_the_same_of_both(ports: dict[str, str], serializer: str) -> None:
    # With marshal, Pyro5's name server fails at whatever has a URI and tags: there it is as with serpent.
    expected = answers(ports["Pyro5"], "serpent" if serializer == "marshal" else serializer)
    assert answers(ports["pyroplug"], serializer) == expected
    assert [end for _, end, _ in expected].count("ended") > 20


def test_nsc_as_it_is_typed(ports: dict[str, str]) -> None:
    ended = [
        subprocess.run(
            [sys.executable, "-m", "Pyro5.nsc", "-n", "127.0.0.1", "-p", ports[name], "lookup", "nobody"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        for name in SERVERS
    ]
    assert ended[0].returncode == ended[1].returncode == 1
    assert "Error: NamingError - unknown name: nobody" in ended[0].stdout
    assert "Error: NamingError - unknown name: nobody" in ended[1].stdout


CALLS = """
import json, sys
from Pyro5.api import Proxy, URI, config
from Pyro5 import errors
config.SERIALIZER = sys.argv[2]
found = []
def note(call):
    try:
        value = call()
    except Exception as error:
        value = type(error).__name__
    found.append(value)
with Proxy("PYRO:Pyro.NameServer@127.0.0.1:" + sys.argv[1]) as names:
    a, b = "PYRO:a@h:1", URI("PYRO:b@h:1")
    tags = ["x", "y"]
    note(lambda: names.register("c.a", a))
    note(lambda: names.register("c.b", b, metadata=tags))
    note(lambda: names.register("c.b", b, True, tags))
    note(lambda: names.register("c.c", 5))
    note(lambda: names.register("c.c", "nothing"))
    note(lambda: names.register(5, a))
    note(lambda: names.register("c.c", a, metadata="text"))
    note(lambda: names.register("c.c", a, metadata=5))
    note(lambda: names.set_metadata("c.a", "text"))
    note(lambda: names.set_metadata("nobody", tags))
    note(lambda: names.set_metadata("c.a", ["z"]))
    note(lambda: type(names.lookup("c.a")).__name__ + str(names.lookup("c.a")))
    note(lambda: [str(names.lookup("c.b", True)[0]), sorted(names.lookup("c.b", return_metadata=True)[1])])
    note(lambda: names.lookup("nobody"))
    note(lambda: names.count())
    note(lambda: names.ping())
    note(lambda: names.list("c."))
    note(lambda: {name: [uri, sorted(its)] for name, (uri, its) in names.list("c.", None, True).items()})
    note(lambda: names.list(regex=r"c\\.[ab]"))
    note(lambda: names.list("a", "b"))
    note(lambda: names.list(regex="("))
    note(lambda: sorted(names.yplookup(["x"])))
    note(lambda: names.yplookup(meta_any=["x", "z"], return_metadata=False))
    note(lambda: {name: [uri, sorted(its)] for name, (uri, its) in names.yplookup(["x", "y"]).items()})
    note(lambda: names.yplookup())
    note(lambda: names.yplookup(["x"], ["y"]))
    note(lambda: names.yplookup("text"))
    note(lambda: names.remove("nobody"))
    note(lambda: names.remove())
    note(lambda: names.remove("Pyro.NameServer"))
    note(lambda: names.remove(regex=r"c\\.a"))
    note(lambda: names.remove(prefix="c."))
    note(lambda: sorted(names._pyroMethods))
    note(lambda: names.count())
print(json.dumps(found))
"""


@pytest.mark.parametrize("serializer", SERIALIZERS)
def test_every_method_gives_the_same_with_both(ports: dict[str, str], serializer: str) -> None:
    def found(port: str, serializer: str) -> list[Any]:
        ended = subprocess.run(
            [sys.executable, "-c", CALLS, port, serializer],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        values: list[Any] = json.loads(ended.stdout)
        return values

    expected = found(ports["Pyro5"], "serpent" if serializer == "marshal" else serializer)
    assert found(ports["pyroplug"], serializer) == expected


def test_pyro5_finds_ours_by_asking_the_network(tmp_path: Path) -> None:
    asking = (
        "from Pyro5.api import config, locate_ns\n"
        "import sys\n"
        "config.BROADCAST_ADDRS = ['127.0.0.1']\n"
        "config.NS_HOST = '192.0.2.1'\n"
        "with locate_ns(port=int(sys.argv[1])) as names:\n"
        "    print(names.count(), names._pyroUri)\n"
    )
    arguments = ("-n", "0.0.0.0", "-p", "0", "--bchost", "127.0.0.1", "--bcport", "0", "--json")
    with program("-m", "pyroplug", "ns", *arguments) as server:
        document = json.loads(server.line())
        port = document["broadcast"].rpartition(":")[2]
        with program("-c", asking, port) as client:
            ns_port = document["uri"].rpartition(":")[2]
            assert client.line() == f"1 PYRO:Pyro.NameServer@127.0.0.1:{ns_port}"
            assert client.end() == 0
