"""``pyroplug demo``: the real command with real processes, right and wrong plugins, and how it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import Any

import pytest

import pyroplug
from pyroplug.plugins import Kind, PluginSet

from .fabricate import Site
from .support import PATIENCE, wait_until
from .test_cli_list_plugins import _everything, needs_terminal

needs_proc = pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="processes are looked for in /proc")
LIMIT = 120
MARK = "DEMO_UNDER_TEST"

PLAIN = """
import json, os, time
from pyroplug.errors import SerializeError

class Plain:
    name, wire_id, carries = "plain", 201, frozenset()
    def codec(self, settings, classes):
        return Codec(classes)

class Codec:
    def __init__(self, classes):
        self.classes = classes
    def dumps(self, value):
        return json.dumps(value, default=self.default).encode()
    def default(self, value):
        return list(value) if isinstance(value, (set, frozenset)) else self.classes.to_dict(value)
    def loads(self, data):
        return self.classes.recreate(json.loads(bytes(data)))
    def dumps_call(self, *call):
        return self.dumps(call)
    def loads_call(self, data):
        return self.loads(data)

@hookimpl
def pyroplug_serializers():
    return [Plain()]
"""
CORRUPTING = """
class Corrupt(Plain):
    name, wire_id = "corrupt", 202
    def codec(self, settings, classes):
        codec = Codec(classes)
        codec.loads = lambda data: Codec.loads(codec, bytes(data).replace(b"3600", b"3601"))
        return codec

@hookimpl
def pyroplug_serializers():
    return [Corrupt(), Plain()]
"""
HANGING_CLIENT = """
class Hang(Plain):
    name, wire_id = "hang", 203
    def codec(self, settings, classes):
        codec = Codec(classes)
        codec.dumps_call = lambda *call: time.sleep(1000)
        return codec

@hookimpl
def pyroplug_serializers():
    return [Hang(), Plain()]
"""
HANGING_SERVER = HANGING_CLIENT.replace("codec.dumps_call = lambda *call", "codec.loads_call = lambda data")
WITHOUT_CODEC = HANGING_CLIENT.replace("codec = Codec(classes)", "raise RuntimeError('no codec today')")
DYING = HANGING_CLIENT.replace("time.sleep(1000)", "os._exit(7)")

# One server model and one transport, so that a test of something else has few combinations to wait for.
FEW = """
import pyroplug_servers as servers, pyroplug_transports as transports
MORE = []

@hookimpl
def pyroplug_config_items():
    return servers.pyroplug_config_items() + transports.pyroplug_config_items()

@hookimpl
def pyroplug_servers():
    return servers.pyroplug_servers()[:1]

@hookimpl
def pyroplug_transports():
    return [it for it in transports.pyroplug_transports() if it.scheme is None] + MORE
"""
FEW_BLOCKED = "servers,transports,serpent,marshal,msgpack,json"


class Lab(Site):
    """Plugins that are installed in addition to the built-in ones, and the command."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.mark = uuid.uuid4().hex
        self.environment = {
            "PYTHONPATH": f"{folder}{os.pathsep}{Path(pyroplug.__file__).parent.parent}",
            "TERM": "xterm",
            MARK: self.mark,
        }
        self.command = [sys.executable, "-m", "pyroplug", "demo", "--calls", "20"]

    def few(self, more_transports: str = "") -> None:
        """Have a single server model and transport, and no serializer but those of the test."""
        self.plugin("few", FEW + more_transports, "acme-few")
        self.environment["PYROPLUG_BLOCK"] = FEW_BLOCKED

    def demo(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        result = subprocess.run(
            [*self.command, *arguments],
            capture_output=True,
            text=True,
            env=self.environment,
            timeout=LIMIT,
            check=False,
        )
        assert "Traceback" not in result.stderr
        return result

    def combinations(self, *arguments: str) -> tuple[int, dict[tuple[str, str, str | None], Any]]:
        """The exit status, and what became of each combination."""
        result = self.demo("--json", *arguments)
        document = json.loads(result.stdout)
        assert (document["schema"], document["pyroplug"]) == (1, pyroplug.__version__)
        facts = document["combinations"]
        return result.returncode, {(it["server"], it["transport"], it["serializer"]): it for it in facts}

    def processes(self) -> list[int]:
        """All that descend from the command, itself included."""
        mark = f"{MARK}={self.mark}".encode()
        return [
            pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if mark in _environment(pid)
        ]


def _environment(pid: int) -> bytes:
    with suppress(OSError):  # it has ended, or is not ours
        return Path(f"/proc/{pid}/environ").read_bytes()
    return b""


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    lab = Lab(tmp_path)
    yield lab
    if os.path.isdir("/proc/self"):
        assert lab.processes() == []


def names(kind: Kind, *more: str, without: str = "") -> list[str]:
    built_in = PluginSet(warn=lambda text: None).names(kind)
    return sorted({*built_in, *more} - {without})


# All of it -------------------------------------------------------------------------------------------


def test_every_combination_is_in_the_table(lab: Lab) -> None:
    result = lab.demo()
    heading, *rows = (re.split(r"\s{2,}", line) for line in result.stdout.splitlines())
    assert heading == ["SERVER MODEL", "TRANSPORT", "SERIALIZER", "ANSWER", "MICROSECONDS"]
    kinds = (Kind.SERVER, Kind.TRANSPORT, Kind.SERIALIZER)
    assert [tuple(row[:3]) for row in rows] == list(product(*map(names, kinds)))
    assert {row[3] for row in rows} == {"2 goods worth 51.00 EUR"}
    assert all(0 < int(row[4]) < 1_000_000 for row in rows)
    assert result.stderr == f"{len(rows)} combinations, all answers right\n"
    assert (result.returncode, "\x1b" in result.stdout) == (0, False)


def test_a_blocked_serializer_is_left_out_and_one_from_outside_is_in(lab: Lab) -> None:
    lab.plugin("plain", PLAIN)
    lab.environment["PYROPLUG_BLOCK"] = "json"
    status, found = lab.combinations()
    serializers = names(Kind.SERIALIZER, "plain", without="json")
    assert list(found) == list(product(names(Kind.SERVER), names(Kind.TRANSPORT), serializers))
    for facts in found.values():
        assert (facts["outcome"], facts["answer"]) == ("right", "2 goods worth 51.00 EUR")
        assert facts["microseconds"] > 0
        assert facts["problem"] is None
    assert status == 0


@needs_terminal
def test_on_a_terminal_nothing_is_cut(lab: Lab) -> None:
    lab.environment["COLUMNS"] = "80"
    master, slave = os.openpty()
    with os.fdopen(master, "rb", buffering=0) as reader:
        process = subprocess.Popen(lab.command, stdout=slave, stderr=slave, env=lab.environment)
        os.close(slave)
        text = _everything(reader)
        assert process.wait(LIMIT) == 0
    count = len(list(product(*(names(kind) for kind in (Kind.SERVER, Kind.TRANSPORT, Kind.SERIALIZER)))))
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)
    progress, heading, table = text.rpartition("SERVER MODEL")
    assert re.search(rf"\d+/{count} ", progress)
    lines = [line.rstrip() for line in (heading + table).splitlines()]
    assert len(lines) == 1 + count + 1
    assert max(map(len, lines)) <= 80
    assert not [line for line in lines if "…" in line]
    assert all(re.search(r"  2 goods worth 51\.00 EUR +\d+$", line) for line in lines[1:-1])
    assert lines[-1] == f"{count} combinations, all answers right"


# Plugins that are at fault ---------------------------------------------------------------------------


def test_a_wrong_answer(lab: Lab) -> None:
    lab.few()
    lab.plugin("corrupt", PLAIN + CORRUPTING)
    result = lab.demo()
    assert result.returncode == 1
    _, corrupt, plain = (re.split(r"\s{2,}", line) for line in result.stdout.splitlines())
    assert corrupt[2:] == ["corrupt", "wrong", "the property value gave 3601, and not 3600"]
    assert plain[2:4] == ["plain", "2 goods worth 51.00 EUR"]
    assert result.stderr == "1 of 2 combinations wrong\n"


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        (HANGING_CLIENT, "the client did not answer within 6 seconds"),
        (HANGING_SERVER, "TimeoutError: .*"),
        (WITHOUT_CODEC, "the server did not start: .*no codec today.*"),
        (DYING, "the client ended with status 7"),
    ],
)
def test_a_failing_serializer_costs_its_own_combinations_alone(lab: Lab, source: str, problem: str) -> None:
    lab.few()
    lab.plugin("faulty", PLAIN + source)
    status, found = lab.combinations("--timeout", "6")
    faulty, plain = found.values()
    assert (faulty["serializer"], faulty["outcome"], faulty["answer"]) == ("hang", "wrong", None)
    assert re.fullmatch(problem, faulty["problem"], re.DOTALL)
    assert (plain["serializer"], plain["outcome"]) == ("plain", "right")
    assert status == 1


TRANSPORT = """
import socket, threading

class Odd:
    name, scheme = "odd", "odd"
    def listen(self, address, settings): raise OSError("not today")
    def connect(self, address, settings, timeout): raise OSError("not today")
    def adopt(self, channel, settings): pass
    def loopback_address(self, folder): {address}
    def loopback_pair(self): {pair}

MORE = [Odd()]
"""


def odd(address: str = "return None", pair: str = "return None") -> str:
    return TRANSPORT.format(address=address, pair=pair)


def test_a_transport_without_a_way_for_trials_is_no_failure(lab: Lab) -> None:
    lab.few(odd())
    lab.plugin("plain", PLAIN)
    result = lab.demo()
    rows = [re.split(r"\s{2,}", line) for line in result.stdout.splitlines()]
    assert rows[1][1:] == ["odd", "not tried", "not reachable from another process"]
    assert rows[2][1:4] == ["tcp", "plain", "2 goods worth 51.00 EUR"]
    assert result.stderr == "1 combination, all answers right\n"
    assert result.returncode == 0
    status, found = lab.combinations()
    assert [facts["outcome"] for facts in found.values()] == ["unreachable", "right"]
    assert status == 0


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        (odd("return 5 / 0"), "the transport gave no way for trials: ZeroDivisionError: division by zero"),
        (odd("threading.Event().wait()"), "the transport gave no way for trials within 6 seconds"),
        (
            odd("return 'x'"),
            "the server did not start: PluginError: the transport 'odd' .*not today.*",
        ),
        (odd(pair="return (threading.Lock(), 2)"), "a lock cannot be handed to a process: TypeError: .*"),
        (odd(pair="return (1, 2)"), "the server did not start: AddressError: 1 cannot be used .*"),
    ],
)
def test_a_failing_transport_costs_its_own_combinations_alone(lab: Lab, source: str, problem: str) -> None:
    lab.few(source)
    lab.plugin("plain", PLAIN)
    status, found = lab.combinations("--timeout", "6")
    faulty, plain = found.values()
    assert (faulty["transport"], faulty["outcome"]) == ("odd", "wrong")
    assert re.fullmatch(problem, faulty["problem"], re.DOTALL)
    assert plain["outcome"] == "right"
    assert status == 1


def test_a_connection_that_another_transport_has_taken(lab: Lab) -> None:
    lab.few(odd(pair="return socket.socketpair()") + "MORE.append(transports.SocketPairTransport())\n")
    lab.plugin("plain", PLAIN)
    status, found = lab.combinations()
    problems = {transport: facts["problem"] for (_, transport, _), facts in found.items()}
    assert problems == {
        "odd": "the connection was adopted by another transport, 'socketpair'",
        "socketpair": None,
        "tcp": None,
    }
    assert status == 1


def test_a_plugin_that_is_not_loaded_is_warned_of(lab: Lab) -> None:
    lab.few()
    lab.plugin("plain", PLAIN)
    lab.plugin("bad", "1 / 0", "acme-bad")
    result = lab.demo()
    assert result.returncode == 0
    assert result.stderr.startswith("warning: plugin 'bad' (acme-bad 1.0): ")
    assert result.stderr.endswith("\n1 combination, all answers right\n")


def test_there_is_nothing_to_call(lab: Lab) -> None:
    lab.few()
    result = lab.demo()
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "nothing was called: a server model, a transport and a serializer are needed\n"


# What plugins and users do around it -------------------------------------------------------------------


def test_what_plugins_print_and_read_is_not_in_the_way(lab: Lab) -> None:
    lab.few()
    lab.plugin("plain", PLAIN + "print('LOUD', flush=True); os.write(1, b'LOUDER'); os.read(0, 1)\n")
    process = subprocess.run(
        [*lab.command, "--json"],
        check=False,
        capture_output=True,
        text=True,
        env=lab.environment,
        input="?",
        timeout=LIMIT,
    )
    assert process.returncode == 0, process


def test_the_users_settings_do_not_get_in_the_way(lab: Lab) -> None:
    lab.few()
    lab.plugin("plain", PLAIN)
    lab.environment |= {"PYRO_SERIALIZER": "other", "PYRO_SERVERTYPE": "other", "PYRO_NATHOST": "example.com"}
    lab.environment |= {"PYRO_SERIALIZERS_ACCEPTED": "other", "PYRO_COMMTIMEOUT": "0.000001"}
    assert lab.demo().returncode == 0


def test_modules_in_the_current_folder_are_not_imported(
    lab: Lab, tmp_path_factory: pytest.TempPathFactory
) -> None:
    lab.few()
    lab.plugin("plain", PLAIN)
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "sqlite3.py").write_text("raise RuntimeError('the wrong one')\n")
    script = lab.folder / "script.py"
    script.write_text("import sys\nfrom pyroplug.cli import main\nsys.exit(main())\n")
    process = subprocess.run(
        [sys.executable, str(script), "demo"], env=lab.environment, cwd=folder, timeout=LIMIT, check=False
    )
    assert process.returncode == 0


@needs_proc
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
@pytest.mark.parametrize("source", [HANGING_CLIENT, HANGING_SERVER])
def test_no_process_outlives_the_command(
    lab: Lab, tmp_path_factory: pytest.TempPathFactory, number: int, source: str
) -> None:
    lab.few()
    hanging = lab.folder / "hanging"
    lab.plugin(
        "faulty", PLAIN + source.replace("time.sleep", f"open({str(hanging)!r}, 'w').close() or time.sleep")
    )
    temporary = tmp_path_factory.mktemp("t")
    lab.environment["TMPDIR"] = str(temporary)
    with subprocess.Popen(lab.command, env=lab.environment, stderr=subprocess.DEVNULL) as process:
        wait_until(hanging.exists, "the call that hangs")
        assert len(lab.processes()) == 3
        process.send_signal(number)
        assert process.wait(PATIENCE) != 0
    if number != signal.SIGKILL:
        assert lab.processes() == []
        assert list(temporary.iterdir()) == []
    wait_until(lambda: not lab.processes(), "the end of all processes")
