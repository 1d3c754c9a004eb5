"""``docs/doctor.md`` has every step and every fault, and its example is what is printed."""

from __future__ import annotations

import re
import socket
from pathlib import Path

from pyroplug_doctor.remedies import REMEDIES, Fault
from pyroplug_doctor.servers import steps_for

from pyroplug.api import URI
from pyroplug.cli import BUILT_IN, command_table
from pyroplug.plugins import PluginSet

from .test_cli import run

PAGE = (Path(__file__).parents[1] / "docs" / "doctor.md").read_text("utf-8")


def free_port() -> int:
    """A port at which nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def first_cells(heading: str) -> list[str]:
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE)


def test_every_fault_has_a_row() -> None:
    assert first_cells("What it finds") == [fault.value for fault in Fault]


def test_every_step_has_a_row_in_its_order() -> None:
    steps = [name for name, _ in steps_for(URI("PYRO:thing@localhost:1"))]
    assert first_cells("The steps") == ["name server", "name", *steps]
    for name, _ in steps_for(URI("PYRO:thing@./u:path")):
        assert f"`{name}`" in PAGE


def test_the_example_is_like_what_is_printed() -> None:
    _, out, _ = run("doctor", f"PYRO:thing@127.0.0.1:{free_port()}")
    shape = re.compile(r"\d{4,}")
    shown = {shape.sub("N", line) for line in PAGE.splitlines()}
    lines = [shape.sub("N", line) for line in out.partition("\n\n")[0].splitlines()]
    assert [line for line in lines if line not in shown] == []
    for line in ("Failed: port of the object", "  likely cause  ", "  remedy        ", "  mind          "):
        assert any(it.startswith(line) for it in out.splitlines())
        assert any(it.startswith(line) for it in PAGE.splitlines())


def test_the_commands_that_are_named_exist() -> None:
    PluginSet(warn=lambda text: None).add_commands(added := command_table())
    told = "\n".join(it for remedy in REMEDIES.values() for it in remedy) + PAGE
    named = set(re.findall(r"\bpyroplug ([a-z][a-z-]*)", told))
    assert named >= {"ns", "nsc", "doctor"}
    assert named <= set(added.commands) | set(BUILT_IN)
