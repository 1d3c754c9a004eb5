"""Who imports whom: the kernel's layers hold, and each check sees a planted violation."""

from __future__ import annotations

from functools import cache

import pytest

from pyroplug.plugins import Kind, PluginSet

from . import layering
from .layering import EXCEPTIONS, LAYERS, ROOT, Source, imports, read


@cache
def kernel() -> list[Source]:
    return read(ROOT, layering.KERNEL)


@cache
def built_ins() -> list[Source]:
    return [
        source
        for folder in sorted((ROOT / "plugins").iterdir())
        for package in sorted(folder.glob(f"{layering.KERNEL}_*"))
        if package.name != layering.FACADE
        for source in read(folder, package.name)
    ]


@cache
def facade() -> list[Source]:
    return read(ROOT / "plugins" / "compat", layering.FACADE)


@cache
def plugin_names() -> frozenset[str]:
    """All names by which a configuration can choose something that a built-in plugin provides."""
    records = PluginSet(warn=lambda text: None).records
    ours = [it for record in records if record.distribution == "pyroplug" for it in record.provides]
    chosen = [it for it in ours if it.kind is not Kind.CONFIG_ITEM]
    return frozenset(name for it in chosen for name in (it.name, *it.facts.get("aliases", ())))


def planted(room: str, *lines: str, is_package: bool = False) -> list[Source]:
    name = f"pyroplug.{room}" if room else "pyroplug"
    return [Source(name, "\n".join(lines), is_package)]


# Reading imports -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "is_package", "line", "targets"),
    [
        ("pyroplug.daemon", False, "import socket, os.path", ["socket", "os.path"]),
        ("pyroplug.daemon", False, "from .wire import x, y", ["pyroplug.wire"]),
        ("pyroplug.daemon", False, "from . import wire, uri", ["pyroplug.wire", "pyroplug.uri"]),
        ("pyroplug.daemon", False, "from pyroplug import wire", ["pyroplug.wire"]),
        ("pyroplug.daemon", False, "from concurrent import futures", ["concurrent"]),
        ("pyroplug.plugins", True, "from .kinds import Kind", ["pyroplug.plugins.kinds"]),
        ("pyroplug.plugins.kinds", False, "from . import x", ["pyroplug.plugins"]),
        ("pyroplug.plugins.kinds", False, "from .. import wire", ["pyroplug.wire"]),
        ("pyroplug.plugins.kinds", False, "from ..wire import x", ["pyroplug.wire"]),
        ("pyroplug.wire", False, "importlib.import_module('socket')", ["socket"]),
        ("pyroplug.wire", False, "__import__('socket')", ["socket"]),
        ("pyroplug.wire", False, "import_module(name)", []),
    ],
)
def test_what_a_line_imports(module: str, is_package: bool, line: str, targets: list[str]) -> None:
    assert [it.target for it in imports(Source(module, line, is_package))] == targets


def test_where_an_import_stands() -> None:
    lines = ["if TYPE_CHECKING:", "    import a", "else:", "    import b", "def f():", "    import c"]
    (source,) = planted("wire", *lines)
    assert [(it.target, it.for_types, it.deferred) for it in imports(source)] == [
        ("a", True, False),
        ("b", False, False),
        ("c", False, True),
    ]


# The layers ------------------------------------------------------------------------------------------


def test_the_table_names_a_room_once() -> None:
    rooms = [room for layer in LAYERS for room in layer]
    assert len(rooms) == len(set(rooms))


def test_every_module_has_a_layer() -> None:
    assert layering.unknown_rooms(kernel()) == []
    assert layering.unknown_rooms(planted("attic")) == ["pyroplug.attic is in no layer"]


def test_imports_go_downwards() -> None:
    assert layering.upward_imports(kernel()) == []


@pytest.mark.parametrize(
    ("room", "line", "told"),
    [
        ("wire", "from .session import Session", "wire imports session, which is in a higher layer"),
        ("wire", "def f():\n    from pyroplug import daemon", "wire imports daemon"),
        ("errors", "if TYPE_CHECKING:\n    from .config import x", "errors imports config"),
        ("config", "from .plugins import x", "inside a function only"),
        ("daemon", "from .attic import x", "in no layer"),
        ("", "from .api import *", "the package itself imports nothing"),
    ],
)
def test_an_import_upwards_is_seen(room: str, line: str, told: str) -> None:
    (violation,) = layering.upward_imports(planted(room, line, is_package=not room))
    assert told in violation


@pytest.mark.parametrize(
    ("room", "line"),
    [
        ("daemon", "from . import __version__"),
        ("daemon", "from .proxy import Proxy"),
        ("values", "from .uri import URI"),
        ("config", "def f():\n    from .plugins import default_plugins"),
    ],
)
def test_an_import_that_is_right_is_let_pass(room: str, line: str) -> None:
    assert layering.upward_imports(planted(room, line)) == []


def test_there_are_no_cycles() -> None:
    assert layering.cycles(layering.room_graph(kernel())) == []
    tangle = [
        *planted("uri", "from .values import x"),
        *planted("values", "from .wire import x"),
        *planted("wire", "def f():\n    from .uri import x"),
        *planted("context", "from .uri import x"),
        *planted("daemon", "from .daemon_object import x"),
        *planted("daemon_object", "if TYPE_CHECKING:\n    from .daemon import x"),
    ]
    told = layering.cycles(layering.room_graph(tangle))
    assert [line.partition(" ")[0] for line in told] == ["uri", "values", "wire"]


def test_exceptions_are_needed() -> None:
    used = {(source.room, it.room) for source in kernel() for it in imports(source)}
    assert EXCEPTIONS.keys() - used == set()


# What may not be imported ------------------------------------------------------------------------------


def test_the_middle_knows_no_input_and_output() -> None:
    assert layering.input_output(kernel()) == []


@pytest.mark.parametrize("name", sorted(layering.INPUT_OUTPUT))
@pytest.mark.parametrize("room", ["errors", "session", "objects"])
def test_input_and_output_in_the_middle_are_seen(room: str, name: str) -> None:
    assert layering.input_output(planted(room, f"def f():\n    import {name}"))
    assert layering.input_output(planted(room, f"from {name} import x"))
    assert not layering.input_output(planted(room, f"if TYPE_CHECKING:\n    import {name}"))
    assert not layering.input_output(planted("daemon", f"import {name}"))
    assert not layering.input_output(planted("plugins.pluginset", f"import {name}"))


def test_the_kernel_imports_no_plugin() -> None:
    assert layering.concrete_plugins(kernel()) == []


@pytest.mark.parametrize(
    "line", ["import pyroplug_json", "import msgpack", "from serpent import x", "import marshal"]
)
def test_a_plugin_in_the_kernel_is_seen(line: str) -> None:
    assert layering.concrete_plugins(planted("demo", line))
    assert layering.concrete_plugins(planted("cli.main", f"def f():\n    {line}"))


def test_only_the_command_line_uses_its_libraries() -> None:
    assert layering.terminal_libraries(kernel()) == []


@pytest.mark.parametrize("name", sorted(layering.TERMINAL))
def test_a_terminal_library_elsewhere_is_seen(name: str) -> None:
    assert layering.terminal_libraries(planted("plugins.commands", f"import {name}.core"))
    assert not layering.terminal_libraries(planted("cli.tables", f"import {name}"))
    assert not layering.terminal_libraries(planted("hookspecs", f"if TYPE_CHECKING:\n    import {name}"))


def test_nothing_that_programs_use_needs_test_tools() -> None:
    assert layering.test_tools(kernel()) == []


@pytest.mark.parametrize(
    ("room", "line"),
    [
        ("cli.main", "from pyroplug.testing import PluginSuite"),
        ("cli.main", "import pytest"),
        ("_pytest_plugin", "import hypothesis"),
        ("_pytest_plugin", "def f():\n    from .testing import leaks"),
    ],
)
def test_a_test_tool_elsewhere_is_seen(room: str, line: str) -> None:
    assert layering.test_tools(planted(room, line))
    assert not layering.test_tools(planted("testing.suite", line))


def test_built_in_plugins_use_what_any_plugin_may_use() -> None:
    assert built_ins()
    assert layering.plugin_imports(built_ins()) == []


@pytest.mark.parametrize(
    "line",
    [
        "import pyroplug",
        "from pyroplug import __version__",
        "from pyroplug.wire import x",
        "import pyroplug_json",
    ],
)
def test_a_plugin_that_uses_more_is_seen(line: str) -> None:
    assert layering.plugin_imports([Source("pyroplug_cbor.main", f"def f():\n    {line}")])
    assert not layering.plugin_imports([Source("pyroplug_json.main", "import pyroplug_json")])


def test_the_facade_uses_what_is_public() -> None:
    assert facade()
    assert layering.facade_imports(facade()) == []


@pytest.mark.parametrize(
    "line",
    [
        "from pyroplug.daemon import Daemon",
        "from pyroplug.uri import _parse",
        "import pyroplug_json",
    ],
)
def test_a_facade_that_uses_more_is_seen(line: str) -> None:
    assert layering.facade_imports([Source("pyroplug_pyro5.core", f"def f():\n    {line}")])
    assert not layering.facade_imports([Source("pyroplug_pyro5.core", "from pyroplug import __version__")])


# What may not be named ---------------------------------------------------------------------------------


def test_the_names_of_the_built_in_plugins_are_known() -> None:
    assert plugin_names() >= {"tcp", "unix", "socketpair"}


def test_the_kernel_names_no_plugin() -> None:
    assert layering.named_plugins(kernel(), plugin_names()) == []


def test_a_name_in_the_kernel_is_seen() -> None:
    line = "if name == 'tcp': pass"
    assert layering.named_plugins(planted("daemon", line), {"tcp"}) == [
        "pyroplug.daemon, line 1: 'tcp' is what a plugin calls something that it provides"
    ]
    assert not layering.named_plugins(planted("config", line), {"tcp"})
    assert not layering.named_plugins(planted("daemon", "'tcp or not'"), {"tcp"})
