"""``pyroplug nsc``: names are listed, looked up, registered and removed from a shell."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import click

from pyroplug.api import URI, locate_ns
from pyroplug.commands import UNREACHABLE, Failure
from pyroplug.errors import CommunicationError, MessageTooLargeError, NamingError, PyroError, SerializeError
from pyroplug_nameserver.control import Entry, Names, shown

__all__ = ["SCHEMA", "State", "nsc"]

SCHEMA = 1
"""The number of the JSON documents' form; it grows when something in it is renamed, removed or redefined."""

_F = TypeVar("_F", bound=Callable[..., Any])


@dataclass
class State:
    """One run of the command.

    :ivar options: what was typed, before the subcommand or after it.
    :ivar proxy: of the name server, if it is known already.
    :ivar piped: the answer to a question may come from something else than a terminal, as with Pyro5.
    :ivar careless: one name is removed without a question, as with Pyro5.
    """

    options: dict[str, Any] = field(default_factory=dict)
    proxy: Any = None
    piped: bool = False
    careless: bool = False

    def tell(self, text: str) -> None:
        """What is of interest only to those who want to know everything."""
        if self.options.get("verbose"):
            click.echo(text, err=True)

    @contextmanager
    def names(self) -> Iterator[Names]:
        """The name server; what goes wrong with it ends the command."""
        with _reporting():
            if self.proxy is not None:
                yield Names(self.proxy)
                return
            with self._located() as proxy:
                found = Names(proxy)
                self.tell(f"name server: {found.uri}")
                yield found

    def _located(self) -> Any:
        path = self.options.get("unixsocket")
        self.tell("looking for the name server")
        try:
            return locate_ns(
                f"./u:{path}" if path else self.options.get("host", ""), self.options.get("port")
            )
        except NamingError as error:
            raise Failure(error, UNREACHABLE) from error

    def show(self, lines: Sequence[str], names: Names, /, **facts: Any) -> None:
        """What came of it: lines for people, or facts for programs."""
        if self.options.get("as_json"):
            document = {"schema": SCHEMA, "name_server": names.uri, **facts}
            click.echo(json.dumps(document, indent=2))
        elif lines:
            click.echo("\n".join(lines))

    def list(self, entries: Sequence[Entry], names: Names) -> None:
        """Names, with their tags."""
        lines = [line for entry in entries for line in entry.lines()]
        self.show(lines, names, names=[entry._asdict() for entry in entries])
        self.tell(f"{len(entries)} name{'s' * (len(entries) != 1)}")

    def confirm(self, question: str) -> None:
        """Ask whether it is meant, unless that was said. Ends the command if not."""
        if self.options.get("yes"):
            return
        if not (self.piped or sys.stdin.isatty()):
            raise Failure(
                f"nothing was removed: nobody can be asked whether that is meant ({question})"
                "\nhint: say --yes where there is no terminal",
                2,
            )
        if not click.confirm(question, err=True):
            raise Failure("nothing was removed")


@contextmanager
def _reporting() -> Iterator[None]:
    try:
        yield
    except CommunicationError as error:
        here = isinstance(error, (SerializeError, MessageTooLargeError))
        raise Failure(error, 1 if here else UNREACHABLE) from error
    except PyroError as error:
        raise Failure(error) from error
    except Exception as error:
        if not hasattr(error, "_pyroTraceback"):
            raise
        raise Failure(f"the name server has failed: {type(error).__name__}: {error}") from error


def _remember(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    """Options may stand before the subcommand and after it; the one after it counts."""
    options = ctx.ensure_object(State).options
    if value not in (None, False):
        options[str(param.name)] = value


def _option(*names: str, **settings: Any) -> Callable[[_F], _F]:
    return click.option(*names, expose_value=False, callback=_remember, **settings)


_OPTIONS = (
    _option("-n", "--host", metavar="HOST", help="Where the name server is, instead of looking for it."),
    _option(
        *("-p", "--port"),
        type=click.IntRange(0, 65535),
        metavar="PORT",
        help="The name server's port; without --host here, and the UDP port to ask the network at.",
    ),
    _option("-u", "--unixsocket", metavar="PATH", help="The socket file that the name server listens at."),
    _option("-v", "--verbose", is_flag=True, help="Tell on standard error what is done."),
    _option("--json", "as_json", is_flag=True, help="Print a JSON document."),
)
_YES = _option("--yes", is_flag=True, help="Remove without asking.")


def _command(name: str) -> Callable[[Callable[..., None]], click.Command]:
    """A subcommand, which takes the options of the whole as well, and gets the state of the run first."""

    def command(function: Callable[..., None]) -> click.Command:
        made = click.pass_obj(function)
        for option in reversed(_OPTIONS):
            made = option(made)
        return nsc.command(name)(made)

    return command


@click.group("nsc")
def nsc() -> None:
    """List, look up, register and remove names.

    It speaks with the name server that the configuration says, or that answers in the network.
    """


for _one in _OPTIONS:
    _one(nsc)


# Questions --------------------------------------------------------------------------------------------


@_command("ping")
def ping(state: State) -> None:
    """See whether the name server answers."""
    with state.names() as names:
        before = time.perf_counter()
        names.ping()
        seconds = time.perf_counter() - before
        told = f"the name server {names.uri} answers, after {seconds * 1000:.1f} ms"
        state.show([told], names, seconds=seconds)


@_command("list")
@click.argument("prefix", default="")
def list_prefix(state: State, prefix: str) -> None:
    """List all names, or those that begin with PREFIX."""
    with state.names() as names:
        state.list(names.prefixed(prefix), names)


@_command("listmatching")
@click.argument("pattern")
def list_matching(state: State, pattern: str) -> None:
    """List the names that a regular expression matches."""
    with state.names() as names:
        state.list(names.matching(pattern), names)


@_command("lookup")
@click.argument("name")
def lookup(state: State, name: str) -> None:
    """Print the address that a name stands for."""
    with state.names() as names:
        found = names.lookup(name)
        state.show([shown(found.uri), *found.tag_lines()], names, **found._asdict())


@_command("yplookup_all")
@click.argument("tags", nargs=-1, required=True)
def lookup_all(state: State, tags: Sequence[str]) -> None:
    """List the names that have all of the tags."""
    with state.names() as names:
        state.list(names.tagged(tags, every=True), names)


@_command("yplookup_any")
@click.argument("tags", nargs=-1, required=True)
def lookup_any(state: State, tags: Sequence[str]) -> None:
    """List the names that have any of the tags."""
    with state.names() as names:
        state.list(names.tagged(tags, every=False), names)


# Changes ----------------------------------------------------------------------------------------------


@_command("register")
@click.argument("name")
@click.argument("uri")
@click.option("--replace", is_flag=True, help="Also if the name stands for something already.")
def register(state: State, name: str, uri: str, replace: bool) -> None:
    """Have a name stand for an object."""
    try:
        address = str(URI(uri))
    except PyroError as error:
        raise click.BadParameter(str(error), param_hint="'URI'") from error
    with state.names() as names:
        names.register(name, address, replace=replace)
        state.show([f"registered {shown(name)}"], names, name=name, uri=address)


@_command("setmeta")
@click.argument("name")
@click.argument("tags", nargs=-1)
def set_tags(state: State, name: str, tags: Sequence[str]) -> None:
    """Replace a name's tags; without TAGS it has none."""
    with state.names() as names:
        names.set_tags(name, tags)
        told = f"{shown(name)} has {'these tags now' if tags else 'no tags any more'}"
        state.show([told], names, name=name, tags=sorted(set(tags)))


@_command("remove")
@click.argument("name")
@_YES
def remove(state: State, name: str) -> None:
    """Forget a name."""
    with state.names() as names:
        if not state.careless:
            state.confirm(f"remove {shown(name)}?")
        names.remove(name)
        state.show([f"removed {shown(name)}"], names, removed=1)


@_command("removematching")
@click.argument("pattern")
@_YES
def remove_matching(state: State, pattern: str) -> None:
    """Forget the names that a regular expression matches."""
    with state.names() as names:
        if not state.options.get("yes"):
            found = [entry.name for entry in names.matching(pattern)]
            click.echo("\n".join(f"  {shown(name)}" for name in found), err=True)
            state.confirm(f"remove {'these names' if found else 'what matches'} ({len(found)})?")
        removed = names.remove_matching(pattern)
        state.show([f"removed {removed} name{'s' * (removed != 1)}"], names, removed=removed)
