"""Every mistake that the author of a plugin can make at the start is answered with what to do about it.

A row of ``TABLE`` is a mistake in a plugin that is installed, as its author sees it: with ``pyroplug
list-plugins``. A row of ``AT_WORK`` is one that shows when a daemon, or a proxy, puts the plugin to use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

from pyroplug import contracts, plugins
from pyroplug.api import Daemon, Proxy
from pyroplug.config import Configuration
from pyroplug.errors import PluginError, PluginUnavailableError
from pyroplug.hookspecs import hookimpl
from pyroplug.plugins import Kind, PluginSet
from pyroplug.plugins.obtaining import obtain

from .fabricate import HEADER, Site, installed, serializer_source
from .test_cli import run

GOOD = serializer_source("acme")
HOOK = "\n@hookimpl\ndef pyroplug_serializers():\n    return {}\n"
ITEM = """
from pyroplug.contracts import ConfigItem
@hookimpl
def pyroplug_config_items():
    return [ConfigItem({})]
"""
COMMAND = """
import click
@hookimpl
def pyroplug_commands(cli):
    cli.add_command(click.Command({!r}))
"""
TRANSPORT = """
class Fake:
    name, scheme = "acme", {}
    def listen(self, address, settings): pass
    def connect(self, address, settings, timeout): pass
    def adopt(self, channel, settings): pass
    def loopback_address(self, folder): pass
    def loopback_pair(self): pass
@hookimpl
def pyroplug_transports():
    return [Fake()]
"""
NAME_SERVICE = """
class Fake:
    name = "acme"
    def resolve(self, uri, delay, context): pass
    def locate(self, host, port, broadcast, context): pass
    def start(self, options, context): pass
    def serve(self, options, condition, context): pass
@hookimpl
def pyroplug_name_services():
    return [Fake()]
"""
NAME_STORAGE = """
class Fake:
    name = {!r}
    def open(self, address, settings): pass
@hookimpl
def pyroplug_name_storages():
    return [Fake()]
"""


def changed(old: str, new: str) -> str:
    """The good serializer with something else in it."""
    assert old in GOOD
    return GOOD.replace(old, new)


class Mistake(NamedTuple):
    """:ivar source: of the module ``acme_made_up``, which the entry point of acme-cbor 1.2 names.
    :ivar words: what the answer has to have in it, apart from the plugin and its distribution.
    """

    title: str
    source: str
    words: tuple[str, ...]
    target: str = "acme_made_up"


MARK = "from pyroplug.hookspecs import hookimpl"
HOOKS = ("pyroplug_serializers", "pyroplug_transports", "pyroplug_call_observers", "pyroplug_commands")
CONTRACT = ("Fake (", "acme_made_up.py)", "pyroplug.contracts.Serializer")
BLOCKING = ("PYROPLUG_BLOCK=acme",)

TABLE = [
    Mistake("the import fails", "1 / 0", ("its import raised ZeroDivisionError", "line 2", *BLOCKING)),
    Mistake(
        "a syntax error",
        "def f(:\n",
        ("SyntaxError: invalid syntax (/", "acme_made_up.py, line 2)", *BLOCKING),
    ),
    Mistake("a dependency is missing", "import absent_cbor", ("'absent_cbor'", "pip install absent_cbor")),
    Mistake(
        "the entry point names no module", "", ("'absent.plugin'", "correct the entry point"), "absent.plugin"
    ),
    Mistake(
        "the entry point names nothing in it",
        GOOD,
        ("'PLUGIN'", "acme_made_up:PLUGIN"),
        "acme_made_up:PLUGIN",
    ),
    Mistake(
        "the entry point names a class",
        "class Plugin:\n    @hookimpl\n    def pyroplug_serializers(self): return []\n",
        ("the class 'Plugin'", "PLUGIN = Plugin()"),
        "acme_made_up:Plugin",
    ),
    Mistake("no hook", "def helper(): pass\n", ("implements no pyroplug hook", MARK, *HOOKS)),
    Mistake(
        "the mark is forgotten", changed("@hookimpl\n", ""), ("pyroplug_serializers is not marked", MARK)
    ),
    Mistake(
        "a hook is misspelled",
        changed("pyroplug_serializers", "pyroplug_serialisers"),
        ("'pyroplug_serialisers'", "did you mean pyroplug_serializers?", *HOOKS),
    ),
    Mistake(
        "a hook takes what it is not given",
        changed("pyroplug_serializers()", "pyroplug_serializers(config)"),
        ("config", "pyroplug_serializers()", "pyroplug_commands(cli)"),
    ),
    Mistake("a hook raises", HOOK.format("1 / 0"), ("its pyroplug_serializers raised", "line 5", *BLOCKING)),
    Mistake(
        "a hook returns nothing", HOOK.format("None"), ("pyroplug_serializers returned None", "return a list")
    ),
    Mistake("a hook returns one object", changed("[Fake()]", "Fake()"), ("type 'Fake'", "return a list")),
    Mistake(
        "a hook returns a class",
        changed("[Fake()]", "[Fake]"),
        ("is a class", "return Fake() instead of Fake"),
    ),
    Mistake(
        "a hook is a wrapper",
        changed("@hookimpl", "@hookimpl(wrapper=True)").replace("return [Fake()]", "yield"),
        ("pyroplug_serializers is a hook wrapper", "a plain @hookimpl"),
    ),
    Mistake(
        "a method is missing",
        changed("    def codec(self, settings, classes): pass\n", ""),
        ("has no 'codec'", *CONTRACT),
    ),
    Mistake("an attribute is missing", changed("    wire_id = 70\n", ""), ("has no 'wire_id'", *CONTRACT)),
    Mistake(
        "a method takes too few arguments",
        changed("(self, settings, classes)", "(self, settings)"),
        ("has codec(settings), but is called as codec(settings, classes)", *CONTRACT),
    ),
    Mistake(
        "a method is asynchronous",
        changed("    def codec", "    async def codec"),
        ("asynchronous", *CONTRACT),
    ),
    Mistake(
        "the wire id is too large", changed("= 70", "= 700"), ("700", "'wire_id'", "from 1 to 255", *CONTRACT)
    ),
    Mistake(
        "a set instead of a frozen one",
        changed("frozenset()", "set()"),
        ("'carries'", "a frozenset", *CONTRACT),
    ),
    Mistake("a name with a space", changed("'acme'", "'ac me'"), ("'ac me'", "without spaces", *CONTRACT)),
    Mistake(
        "a wire id of ours",
        changed("= 70", "= 4"),
        (
            "id 4 is taken by 'msgpack' of plugin 'msgpack' (pyroplug ",
            "PYROPLUG_BLOCK=msgpack",
            "64 to 127",
            "128 to 255",
        ),
    ),
    Mistake(
        "a name of ours",
        changed("'acme'", "'json'"),
        (
            "the name 'json' is taken by 'json' of plugin 'json' (pyroplug ",
            "PYROPLUG_BLOCK=json",
            "choose another name",
        ),
    ),
    Mistake(
        "a scheme with its colon",
        TRANSPORT.format("'acme:'"),
        ("'acme:'", "without spaces, colons and slashes"),
    ),
    Mistake(
        "a second transport for host:port",
        TRANSPORT.format("None"),
        ("host:port is taken by 'tcp' of plugin 'transports'", "PYROPLUG_BLOCK=transports"),
    ),
    Mistake(
        "a name service without a context",
        NAME_SERVICE.replace("delay, context", "delay"),
        ("has resolve(uri, delay), but is called as resolve(uri, delay, context)", "contracts.NameService"),
    ),
    Mistake(
        "a name service that finds no server",
        NAME_SERVICE.replace("def locate", "def located"),
        ("has no 'locate'", "contracts.NameService"),
    ),
    Mistake(
        "the name service of ours",
        NAME_SERVICE.replace("acme", "pyro"),
        ("the name 'pyro' is taken by 'pyro' of plugin 'nameserver'", "PYROPLUG_BLOCK=nameserver"),
    ),
    Mistake(
        "a name storage with its colon",
        NAME_STORAGE.format("acme:"),
        ("'acme:'", "without spaces, commas and colons", "contracts.NameStorage"),
    ),
    Mistake("an item in small letters", ITEM.format("'depth', 1, 'x'"), ("'depth'", "text in upper case")),
    Mistake(
        "an item's default of no type",
        ITEM.format("'DEPTH', {}, 'x'"),
        ("'DEPTH'", "a truth value, number, text"),
    ),
    Mistake(
        "an item of the kernel's",
        ITEM.format("'COMMTIMEOUT', 1, 'x'"),
        ("the name 'COMMTIMEOUT' is taken by", "pyroplug", "change the name"),
    ),
    Mistake(
        "a command of ours",
        COMMAND.format("demo"),
        ("the command 'demo' belongs to pyroplug", "another name", *BLOCKING),
    ),
    Mistake(
        "commands fail",
        COMMAND.format("x") + "    1 / 0\n",
        ("its pyroplug_commands raised", "line 7", *BLOCKING),
    ),
]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """With pyroplug's own plugins, by their real entry points, and whatever a test puts there."""
    with installed(tmp_path) as site:
        from importlib import metadata

        ours = {
            point.name: point.value
            for point in metadata.entry_points(group="pyroplug")
            if point.dist and point.dist.name == "pyroplug"
        }
        site.distribution("pyroplug", ours)
        yield site


def complaints() -> list[str]:
    """What ``pyroplug list-plugins`` has to complain about, and that it goes on."""
    code, out, err = run("list-plugins")
    assert code == 0
    assert "serializer json" in out
    return [text.strip() for text in err.split("warning: ")[1:]]


@pytest.mark.parametrize("mistake", TABLE, ids=lambda it: it.title)
def test_a_mistake_is_answered(site: Site, mistake: Mistake) -> None:
    site.module("acme_made_up", mistake.source)
    site.distribution("acme-cbor", {"acme": mistake.target}, "1.2")
    (told,) = complaints()
    assert told.startswith("plugin 'acme' (acme-cbor 1.2): ")
    problem, hint = told.split("\nhint: ")
    assert "\n" not in problem
    for word in mistake.words:
        assert word in told
    assert str(Path(plugins.__file__).parent) not in told, "our own files are not to blame"
    assert hint.endswith((".", *BLOCKING))


def test_the_table_tells_lines_as_the_author_counts_them() -> None:
    assert HEADER.count("\n") == 1


def test_no_mistake_no_complaint(site: Site) -> None:
    site.plugin("acme", GOOD)
    assert complaints() == []


# What is not a plugin's alone --------------------------------------------------------------------------


def test_two_distributions_have_a_plugin_of_one_name(site: Site) -> None:
    for distribution in ("acme-cbor", "zenith-cbor"):
        site.distribution(distribution, {"cbor": "absent"}, "1.2")
    for told, other in zip(complaints(), ("zenith-cbor 1.2", "acme-cbor 1.2"), strict=True):
        assert f"shares its name with plugin 'cbor' ({other})" in told
        assert "PYROPLUG_BLOCK=acme-cbor:cbor or PYROPLUG_BLOCK=zenith-cbor:cbor" in told


def test_a_plugin_has_the_name_of_one_of_ours(site: Site) -> None:
    site.distribution("acme-json", {"json": "absent"})
    (told,) = complaints()
    assert "its name is taken by plugin 'json' (pyroplug " in told
    assert "PYROPLUG_BLOCK=pyroplug:json" in told


@pytest.mark.parametrize("group", ["pyroplug.plugins", "pyroplugs", "pyro-plug", "pyroplug_serializers"])
def test_the_group_of_entry_points_is_misspelled(site: Site, group: str) -> None:
    folder = site.distribution("acme-cbor", {"acme": "absent"})
    (folder / "entry_points.txt").write_text(f"[console_scripts]\nx = y\n\n[{group}]\nacme = absent\n")
    (told,) = complaints()
    assert told.startswith(f"acme-cbor has entry points in the group {group!r}, where nobody looks")
    assert "[project.entry-points.pyroplug]" in told


@pytest.mark.parametrize("text", [None, "", "[console_scripts]\nx = y\n"])
def test_the_entry_point_is_forgotten(site: Site, text: str | None) -> None:
    folder = site.distribution("pyroplug-cbor", {})
    if text is None:
        (folder / "entry_points.txt").unlink()
    else:
        (folder / "entry_points.txt").write_text(text)
    (told,) = complaints()
    assert told.startswith("pyroplug-cbor is installed and has no plugin")
    assert "[project.entry-points.pyroplug]" in told
    assert "install it again" in told


def test_others_are_left_alone(site: Site) -> None:
    for name, group in (
        ("pytest-x", "pytest11"),
        ("x", "pyramid.scaffold"),
        ("my-pyroplug", "console_scripts"),
    ):
        (site.distribution(name, {}) / "entry_points.txt").write_text(f"[{group}]\nx = y\n")
    assert complaints() == []


def test_a_block_that_matches_nothing(site: Site) -> None:
    err = run("list-plugins", "--block", "jsn")[2]
    assert "'jsn' is to be blocked" in err
    assert "json" in err


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (None, ("no installed plugin offers it", "did you mean 'json'?")),
        (
            "1 / 0",
            ("plugin 'jsonn' (acme 1.0) is not in use (failed)", "ZeroDivisionError", "PYROPLUG_BLOCK=jsonn"),
        ),
        (
            changed("= 70", "= 700").replace("acme", "jsonn"),
            ("plugin 'jsonn' (acme 1.0) offers it, but", "700"),
        ),
    ],
)
def test_a_daemon_does_not_start_without_what_it_names(
    site: Site, source: str | None, why: tuple[str, ...]
) -> None:
    if source is not None:
        site.plugin("jsonn", source)
    with pytest.raises(PluginUnavailableError) as caught:
        Daemon(config=settings(SERIALIZER="jsonn"), plugins=PluginSet(warn=lambda text: None))
    for word in ("serializer 'jsonn' is not available", "available: json, marshal, msgpack, serpent", *why):
        assert word in str(caught.value)


# At work ---------------------------------------------------------------------------------------------


def settings(**changes: Any) -> Configuration:
    made = Configuration(environ={})
    for name, value in {"HOST": "127.0.0.1", **changes}.items():
        setattr(made, name, value)
    return made


def made_up(kind: Kind, **members: Any) -> PluginSet:
    """Our own plugins, and one with one object called ``acme``, which has all that its contract asks for."""
    contract: dict[str, Any] = {
        name: lambda *arguments: None for name in vars(kind.contract) if name[0] != "_"
    }
    facts = {"name": "acme", "wire_id": 200, "carries": frozenset(), "aliases": frozenset(), "scheme": "acme"}
    thing = SimpleNamespace(
        **{**contract, **{name: facts[name] for name in facts.keys() & contract}, **members}
    )
    plugin = SimpleNamespace(**{kind.hook: hookimpl(lambda: [thing])})
    return PluginSet(plugins={"acme": plugin}, warn=lambda text: None)


def failing(*arguments: Any) -> Any:
    raise ZeroDivisionError("oops")


DAEMONS: list[tuple[Kind, str, dict[str, Any], dict[str, Any]]] = [
    (Kind.SERIALIZER, "codec", {"SERIALIZER": "acme"}, {}),
    (Kind.SERVER, "create", {"SERVERTYPE": "acme"}, {}),
    (Kind.HANDSHAKE_VALIDATOR, "open", {"HANDSHAKE_VALIDATORS": ["acme"]}, {}),
    (Kind.CALL_OBSERVER, "open", {"CALL_OBSERVERS": ["acme"]}, {}),
    (Kind.TRANSPORT, "listen", {}, {"listen": ["./acme:x"]}),
]
METHOD_OF = {
    Kind.SERIALIZER: contracts.Codec,
    Kind.SERVER: contracts.Server,
    Kind.TRANSPORT: contracts.Listener,
}


@pytest.mark.parametrize(
    ("kind", "method", "items", "arguments"), DAEMONS, ids=lambda it: getattr(it, "slug", "")
)
@pytest.mark.parametrize("make", [lambda *_: None, lambda *_: object(), failing])
def test_what_a_daemon_is_given_is_looked_at(
    kind: Kind, method: str, items: dict[str, Any], arguments: dict[str, Any], make: Callable[..., Any]
) -> None:
    with pytest.raises(PluginError) as caught:
        Daemon(config=settings(**items), plugins=made_up(kind, **{method: make}), **arguments)
    told, hint = str(caught.value), caught.value.hint or ""
    assert f"the {kind.label} 'acme'" in told
    assert f"{method}()" in told
    if make is failing:
        assert "ZeroDivisionError: oops" in told
        assert __file__ in told
    elif kind in METHOD_OF:
        assert f"pyroplug.contracts.{METHOD_OF[kind].__name__}" in hint
        assert "has no '" in told
    else:
        assert "returns" in hint


def test_a_transport_that_connects_nothing() -> None:
    with (
        Proxy("PYRO:x@./acme:x", config=settings(), plugins=made_up(Kind.TRANSPORT)) as proxy,
        pytest.raises(PluginError, match=r"the transport 'acme' gave no connection with \./acme:x") as caught,
    ):
        proxy._pyroBind()
    assert "connect()" in (caught.value.hint or "")


def test_a_proxys_serializer_without_a_codec() -> None:
    plugins = made_up(Kind.SERIALIZER)
    with (
        Proxy("PYRO:x@127.0.0.1:9", config=settings(SERIALIZER="acme"), plugins=plugins) as proxy,
        pytest.raises(PluginError, match="the serializer 'acme' gave None from its codec"),
    ):
        proxy._pyroBind()


LOOKING = [
    (
        lambda *_: None,
        "says that PYRONAME:x is at None, which is no address",
        "pyroplug.contracts.NameService",
    ),
    (
        lambda *_: "PYRONAME:x",
        "which is no direct address: it has to look on",
        "pyroplug.contracts.NameService",
    ),
    (failing, "failed: its resolve() raised ZeroDivisionError: oops", "what a contract allows it to raise"),
]


@pytest.mark.parametrize(("resolve", "wrong", "advice"), LOOKING)
def test_a_name_service_that_gives_no_address(resolve: Callable[..., Any], wrong: str, advice: str) -> None:
    plugins = made_up(Kind.NAME_SERVICE, resolve=resolve)
    with (
        Proxy("PYRONAME:x", config=settings(NAME_SERVICE="acme"), plugins=plugins) as proxy,
        pytest.raises(PluginError) as caught,
    ):
        proxy._pyroBind()
    assert "the name service 'acme' " in str(caught.value)
    assert wrong in str(caught.value)
    assert advice in (caught.value.hint or "")


@pytest.mark.parametrize("make", [lambda *_: None, lambda *_: object(), failing])
def test_a_name_storage_that_opens_nothing(make: Callable[..., Any]) -> None:
    made = made_up(Kind.NAME_STORAGE, open=make)
    with pytest.raises(PluginError, match=r"the name storage 'acme' .* its open\(\)") as caught:
        obtain(Kind.NAME_STORAGE, "acme", made.get(Kind.NAME_STORAGE, "acme").open, "", settings())
    told, hint = str(caught.value), caught.value.hint or ""
    if make is failing:
        assert "ZeroDivisionError: oops" in told
        assert __file__ in told
    else:
        assert "has no 'get'" in told
        assert "pyroplug.contracts.NameStore" in hint
