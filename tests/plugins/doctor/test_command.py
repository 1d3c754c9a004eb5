"""``pyroplug doctor``: what is typed, what is printed, and the exit status."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pyroplug_doctor.diagnosis import reached
from pyroplug_doctor.findings import failed, ok
from pyroplug_doctor.remedies import Fault
from pyroplug_doctor.report import SCHEMA

import pyroplug
from pyroplug.api import URI, config
from tests.running import Running
from tests.test_cli import run

from .conftest import Thing, free_port, scripted

RunDaemon = Callable[..., Running]


@pytest.fixture
def uri(run_daemon: RunDaemon) -> URI:
    return run_daemon(thing=Thing()).daemon.uriFor("thing")


@pytest.fixture
def nobody() -> str:
    return f"PYRO:thing@127.0.0.1:{free_port()}"


@pytest.fixture(autouse=True)
def configured() -> Iterator[None]:
    yield
    config.reset()


def rows(out: str) -> dict[str, tuple[str, str]]:
    """Outcome and text by step."""
    cells = [re.split(r"\s{2,}", line.strip(), maxsplit=2) for line in out.splitlines()]
    outcomes = ("ok", "warning", "failed", "skipped")
    return {row[1]: (row[0], row[2]) for row in cells if len(row) == 3 and row[0] in outcomes}


def test_calls_get_through(uri: URI) -> None:
    code, out, err = run("doctor", str(uri))
    assert (code, err) == (0, "")
    assert out.startswith("The object:\n")
    found = rows(out)
    assert found["call"][0] == "ok"
    assert "Pyro.Daemon.ping() was answered" in found["call"][1]
    assert found["address"][0] == "warning"
    assert "Calls get through." in out
    assert "likely cause" not in out
    assert re.search(r"^  mind {10}a loopback address", out, re.MULTILINE)


def test_they_do_not(nobody: str) -> None:
    code, out, err = run("doctor", nobody)
    assert (code, err) == (1, "")
    found = rows(out)
    assert found["port"][0] == "failed"
    assert found["call"] == ("skipped", "not tried, because of: port")
    assert "Failed: port of the object\n" in out
    assert re.search(r"^  likely cause  the machine is there, and nobody listens", out, re.MULTILINE)
    assert re.search(r"^  remedy {8}start the server", out, re.MULTILINE)
    assert "get through" not in out


def test_every_finding_is_one_line(nobody: str) -> None:
    _, out, _ = run("doctor", nobody)
    assert len(out.partition("\n\n")[0].splitlines()) == 1 + 9


def test_verbose(uri: URI) -> None:
    _, out, _ = run("doctor", "--verbose", str(uri))
    assert re.search(r"^ +methods: echo$", out, re.MULTILINE)
    assert re.search(r"^ +version: 502$", out, re.MULTILINE)


def test_verbose_gives_a_terminal_no_orders() -> None:
    with scripted(lambda client: client.sendall(b"\x1b[2J\x07" * 9)) as port:
        _, out, _ = run("doctor", "--verbose", f"PYRO:thing@127.0.0.1:{port}")
    assert "data: " in out
    assert out.replace("\n", "").isprintable()


def test_who_has_not_come_to_the_end_has_reached_nothing() -> None:
    assert not reached([])
    assert not reached([ok("fine").at("port", "object")])
    assert not reached([failed(Fault.SILENT, "").at("port", "object"), ok("").at("object", "object")])
    assert reached([ok("fine").at("port", "object"), ok("fine").at("object", "object")])


def document(*arguments: str) -> tuple[int, dict[str, Any]]:
    code, out, err = run("doctor", "--json", *arguments)
    assert err == ""
    return code, json.loads(out)


def test_json(uri: URI) -> None:
    code, found = document(str(uri))
    assert code == 0
    assert {key: found[key] for key in ("schema", "pyroplug", "target", "reached", "failed")} == {
        "schema": SCHEMA,
        "pyroplug": pyroplug.__version__,
        "target": str(uri),
        "reached": True,
        "failed": None,
    }
    keys = {"scope", "step", "outcome", "text", "fault", "cause", "remedy", "seconds", "facts"}
    assert all(finding.keys() == keys for finding in found["findings"])


def test_json_of_what_failed(nobody: str) -> None:
    code, found = document(nobody)
    assert code == 1
    assert not found["reached"]
    assert found["failed"] in found["findings"]
    assert (found["failed"]["step"], found["failed"]["fault"]) == ("port", "refused")
    assert found["failed"]["cause"]
    assert found["failed"]["remedy"]


def test_a_name_and_where_the_name_server_is() -> None:
    port = free_port()
    code, found = document("example.thing", "-n", "127.0.0.1", "-p", str(port))
    assert code == 1
    assert found["target"] == "PYRONAME:example.thing"
    assert found["failed"]["fault"] == "name-server-not-found"
    assert f"127.0.0.1:{port}" in found["failed"]["text"]


def test_without_arguments_it_is_about_the_name_server() -> None:
    config.NS_HOST, config.NS_PORT = "127.0.0.1", free_port()
    config.BROADCAST_ADDRS = ["127.0.0.1"]
    code, out, _ = run("doctor", "--timeout", "0.3")
    assert code == 1
    assert out.startswith("The name server:\n")
    assert "Failed: name server\n" in out


def test_the_configuration_counts(uri: URI) -> None:
    config.SERIALIZER = "marshal"
    code, found = document(str(uri))
    assert code == 1
    assert found["failed"]["fault"] == "serializer-refused"


def test_the_programs_own_configuration_stays_as_it_is(uri: URI) -> None:
    before = config.as_dict()
    run("doctor", "--timeout", "3", str(uri))
    assert config.as_dict() == before


@pytest.mark.parametrize(
    "arguments",
    [
        ["PYRO:thing"],
        ["PYRO:thing@"],
        ["a b"],
        ["--timeout", "0", "thing"],
        ["-p", "70000", "thing"],
        ["--nonsense"],
        ["one", "two"],
    ],
)
def test_what_cannot_be_understood(arguments: list[str]) -> None:
    code, _, err = run("doctor", *arguments)
    assert code == 2
    assert "Error" in err


def test_it_can_be_blocked() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pyroplug", "doctor"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYROPLUG_BLOCK": "doctor"},
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "No such command" in done.stderr


def test_the_command_line_starts_without_it() -> None:
    """What the doctor needs is imported when it is called, and not to list it."""
    code = "import sys; from pyroplug.cli import main; main(['--help'], standalone_mode=False)"
    told = "; print(sorted(it for it in sys.modules if it.startswith('pyroplug_doctor')))"
    done = subprocess.run(
        [sys.executable, "-c", code + told], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.splitlines()[-1] == "['pyroplug_doctor']"


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="there are no pseudo-terminals")
def test_on_a_terminal_lines_are_wrapped_and_nothing_is_lost(nobody: str) -> None:
    master, slave = os.openpty()
    environment = {**os.environ, "COLUMNS": "60", "TERM": "xterm"}
    source = Path(pyroplug.__file__).parent.parent
    process = subprocess.Popen(
        [sys.executable, "-m", "pyroplug", "doctor", nobody], stdout=slave, env=environment, cwd=source
    )
    os.close(slave)
    with os.fdopen(master, "rb", buffering=0) as reader:
        text = everything(reader)
    assert process.wait(60) == 1
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert plain != text, "there are no colours"
    lines = [line.rstrip() for line in plain.splitlines()]
    assert max(map(len, lines)) <= 60
    for word in ("refused", "remedy", "skipped", "handshake"):
        assert word in plain


def everything(reader: Any) -> str:
    text = b""
    while True:
        try:
            piece = reader.read(1 << 16)
        except OSError:  # how Linux tells the end of a pseudo-terminal
            break
        if not piece:
            break
        text += piece
    return text.decode()
