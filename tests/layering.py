"""The kernel's layers as data, and checks of source text against them; the tests are in test_layers."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KERNEL = "pyroplug"

LAYERS: tuple[tuple[str, ...], ...] = (
    ("errors", "loggers"),
    ("contracts", "config", "refusals"),
    (
        *("hookspecs", "uri", "location", "wire", "memory", "receiver", "marshalled", "challenges", "values"),
        *("members", "exposure", "client_connection", "context", "protocol", "wirelog", "logs", "tags"),
        *("pattern_syntax", "patterns"),
    ),
    ("objects", "streams", "remote_iterator", "blobs", "plugins"),
    ("dispatch", "selection", "gatekeeper"),
    (
        "service",
        "steady",
        "exception_reports",
        "invocation",
        "observation",
        "session",
        "observed_session",
        "client",
        "plain_exchange",
        "greeting",
        "time_limit",
    ),
    (
        "ownership",
        "forking",
        "line",
        "naming",
        "whereabouts",
        "connecting",
        "retrying",
        "channel",
        "observed_channel",
        "channel_attribute",
        "proxy",
        "batch",
    ),
    ("threads", "hosting", "interrupts", "loops", "transport_server", "daemon_object", "daemon", "serving"),
    ("api", "commands", "cli", "demo", "testing", "_pytest_plugin", "scaffold", "__main__"),
)
"""A room is a module or a package of the kernel. It imports from lower layers, and from its own if no cycle
comes of it."""

EXCEPTIONS = {
    ("config", "plugins"): "an item that the kernel does not know is asked of the plugins, at its first use",
    ("daemon", "serving"): "Daemon.serveSimple is another name of serve, which makes daemons",
    ("config", "wire"): "who looks at the whole configuration is told the protocol's version as well",
}
"""Imports upwards, with their reasons; they happen inside functions only."""

LAYER_OF = {room: layer for layer, rooms in enumerate(LAYERS) for room in rooms}

SANS_IO_BELOW = 6
SANS_IO_EXCEPT = frozenset({"plugins"})
INPUT_OUTPUT = frozenset(
    (
        *("socket", "_socket", "socketserver", "ssl", "selectors", "select", "asyncio"),
        *("threading", "_thread", "concurrent", "subprocess", "multiprocessing"),
    )
)
FORMATS = frozenset({"serpent", "msgpack", "marshal"})
TERMINAL = frozenset({"click", "rich"})
TERMINAL_ROOMS = frozenset({"cli", "commands"})
KIT = "testing"
TEST_TOOLS = {"pytest": frozenset({KIT, "_pytest_plugin"}), "hypothesis": frozenset({KIT})}
"""What is not installed where a program just runs, and the rooms that may import it."""
FACADE = "pyroplug_pyro5"
"""Stands beside the plugins and is none: names for programs, and nothing that could be chosen."""
FACADE_MAY_IMPORT = frozenset(
    (
        *("api", "commands", "config", "context", "contracts", "errors"),
        *("exposure", "plugins", "protocol", "uri", "values"),
    )
)
PLUGINS_MAY_IMPORT = FACADE_MAY_IMPORT | {"hookspecs", "patterns"}
"""What is public: a plugin may also be a program on top of the kernel, as a name server is."""
FACADE_MAY_USE = frozenset({"pyroplug_nameserver", "pyroplug_tools", "pyroplug_gateway"})
"""Plugins of which programs know names by where Pyro5 has them."""


@dataclass(frozen=True, slots=True)
class Source:
    """One module's text.

    :ivar name: dotted, as it is imported.
    :ivar is_package: whether it is an ``__init__``.
    """

    name: str
    text: str
    is_package: bool = False

    @property
    def room(self) -> str:
        """The kernel's module or package that it belongs to; empty for the kernel's own ``__init__``."""
        return [*self.name.split("."), ""][1]


@dataclass(frozen=True, slots=True)
class Import:
    """One imported name.

    :ivar target: dotted; of ``from pyroplug import x`` it is ``pyroplug.x``, whatever ``x`` is.
    :ivar for_types: only type checkers see it.
    :ivar deferred: it happens inside a function.
    """

    target: str
    where: str
    for_types: bool
    deferred: bool

    @property
    def top(self) -> str:
        return self.target.partition(".")[0]

    @property
    def room(self) -> str | None:
        """The room of the kernel that is imported from; ``None`` if it is none."""
        parts = (self.target + ".").split(".")
        return parts[1] if parts[0] == KERNEL and not parts[1].startswith("__") else None


# Reading ---------------------------------------------------------------------------------------------


def read(folder: Path, package: str) -> list[Source]:
    """All modules of a package in a folder."""
    sources = []
    for path in sorted((folder / package).rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        sources.append(Source(".".join(parts[:-1] if is_package else parts), path.read_text(), is_package))
    return sources


def imports(source: Source) -> list[Import]:
    """Everything that a module imports, wherever in it."""
    return list(_imports(source, ast.parse(source.text), for_types=False, deferred=False))


def _imports(source: Source, node: ast.AST, *, for_types: bool, deferred: bool) -> Iterator[Import]:
    for target in _targets(source, node):
        yield Import(target, f"{source.name}, line {getattr(node, 'lineno', 0)}", for_types, deferred)
    deferred = deferred or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    type_only: list[ast.stmt] = []
    if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
        type_only = node.body
    for child in ast.iter_child_nodes(node):
        yield from _imports(source, child, for_types=for_types or child in type_only, deferred=deferred)


def _targets(source: Source, node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        base = _absolute(source, node)
        return [f"{base}.{alias.name}" for alias in node.names] if base == KERNEL else [base]
    if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
        return [
            arg.value for arg in node.args[:1] if isinstance(arg, ast.Constant) and isinstance(arg.value, str)
        ]
    return []


def _absolute(source: Source, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = source.name.split(".")
    up = node.level - 1 if source.is_package else node.level
    return ".".join([*package[: len(package) - up], *([node.module] if node.module else [])])


# The layers ------------------------------------------------------------------------------------------


def unknown_rooms(sources: Iterable[Source]) -> list[str]:
    """Modules that have no place in the table."""
    rooms = {source.room for source in sources} - {""}
    return [f"{KERNEL}.{room} is in no layer" for room in sorted(rooms - LAYER_OF.keys())]


def upward_imports(sources: Iterable[Source]) -> list[str]:
    """Imports from a higher layer, and any import of the package's own ``__init__``."""
    found = []
    for source in sources:
        for it in imports(source):
            if it.room is None or it.room == source.room:
                continue
            if not source.room:
                found.append(f"{it.where}: the package itself imports nothing, and this imports {it.target}")
            elif (source.room, it.room) in EXCEPTIONS:
                if not it.deferred:
                    found.append(f"{it.where}: {it.target} may be imported inside a function only")
            elif it.room not in LAYER_OF:
                found.append(f"{it.where}: {it.target} is in no layer")
            elif LAYER_OF[it.room] > LAYER_OF.get(source.room, -1):
                found.append(f"{it.where}: {source.room} imports {it.room}, which is in a higher layer")
    return found


def room_graph(sources: Iterable[Source]) -> dict[str, set[str]]:
    """Which room imports which, without the exceptions, and without what is imported for types alone."""
    graph: dict[str, set[str]] = {}
    for source in sources:
        targets = {it.room for it in imports(source) if not it.for_types} - {None, source.room}
        edges = graph.setdefault(source.room, set())
        edges |= {room for room in targets if room and (source.room, room) not in EXCEPTIONS}
    return graph


def cycles(graph: Mapping[str, Collection[str]]) -> list[str]:
    """Rooms that import each other, directly or around a corner."""

    def reach(room: str, seen: set[str]) -> set[str]:
        for other in graph.get(room, ()):
            if other not in seen:
                seen.add(other)
                reach(other, seen)
        return seen

    return [f"{room} imports itself around a corner" for room in sorted(graph) if room in reach(room, set())]


# What may not be imported ------------------------------------------------------------------------------


def input_output(sources: Iterable[Source]) -> list[str]:
    """Sockets, threads and processes where only bytes and values are dealt with."""
    low = [
        it for it in sources if LAYER_OF.get(it.room, 99) < SANS_IO_BELOW and it.room not in SANS_IO_EXCEPT
    ]
    return _banned(low, INPUT_OUTPUT, "does input or output, or starts threads")


def concrete_plugins(sources: Iterable[Source]) -> list[str]:
    """The kernel importing a plugin, or a library that belongs to one."""
    sources = list(sources)
    plugins = {it.top for source in sources for it in imports(source) if it.top.startswith(f"{KERNEL}_")}
    return _banned(sources, plugins | FORMATS, "belongs to a plugin")


def terminal_libraries(sources: Iterable[Source]) -> list[str]:
    """The command line's libraries outside the command line; naming their types is harmless."""
    others = [it for it in sources if it.room not in TERMINAL_ROOMS]
    return _banned(others, TERMINAL, "is the command line's alone")


def test_tools(sources: Iterable[Source]) -> list[str]:
    """The kit for authors of plugins, and what it stands on, used by anything that programs use."""
    found = []
    for source in sources:
        for it in imports(source):
            if it.room == KIT and source.room != KIT:
                found.append(f"{it.where}: {it.target} is for tests alone")
            elif source.room not in TEST_TOOLS.get(it.top, frozenset({source.room})):
                found.append(f"{it.where}: {it.top} is not installed where programs run")
    return found


def _banned(sources: Iterable[Source], banned: Collection[str], reason: str) -> list[str]:
    return [
        f"{it.where}: {it.top} {reason}"
        for source in sources
        for it in imports(source)
        if it.top in banned and not it.for_types
    ]


def plugin_imports(sources: Iterable[Source]) -> list[str]:
    """Built-in plugins that use more of the kernel than any plugin may, or another plugin."""
    found = []
    for source in sources:
        own = source.name.partition(".")[0]
        for it in imports(source):
            stranger = it.top.startswith(f"{KERNEL}_") and it.top != own
            if stranger or (it.top == KERNEL and it.room not in PLUGINS_MAY_IMPORT):
                found.append(f"{it.where}: a plugin may not import {it.target}")
    return found


def facade_imports(sources: Iterable[Source]) -> list[str]:
    """The facade using any other plugin, or what is not public in the kernel."""
    found = []
    for source in sources:
        for it in imports(source):
            stranger = it.top.startswith(f"{KERNEL}_") and it.top not in {FACADE, *FACADE_MAY_USE}
            if stranger or (it.room is not None and it.room not in FACADE_MAY_IMPORT):
                found.append(f"{it.where}: the facade may not import {it.target}")
        for node in ast.walk(ast.parse(source.text)):
            if isinstance(node, ast.ImportFrom) and _absolute(source, node).partition(".")[0] == KERNEL:
                found += [
                    f"{source.name}, line {node.lineno}: {alias.name} is private"
                    for alias in node.names
                    if alias.name.startswith("_") and not alias.name.endswith("__")
                ]
    return found


# What may not be named ---------------------------------------------------------------------------------


def named_plugins(sources: Iterable[Source], names: Collection[str]) -> list[str]:
    """Texts in the kernel that are a concrete plugin's name; only configuration has them, as defaults."""
    return [
        f"{source.name}, line {node.lineno}: {node.value!r} is what a plugin calls something that it provides"
        for source in sources
        if source.room != "config"
        for node in ast.walk(ast.parse(source.text))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in names
    ]
