"""``pyroplug call``: one call, as a shell has it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import click

from pyroplug.api import URI, Proxy
from pyroplug.commands import Failure
from pyroplug.errors import PyroError
from pyroplug.protocol import Flags
from pyroplug.uri import DAEMON_NAME
from pyroplug_tools.answers import as_json, as_text, write
from pyroplug_tools.arguments import UnclearError, keyword, value_of
from pyroplug_tools.reaching import address, reached, telling

__all__ = ["call"]

INTERRUPTED = 130
"""What shells say of a program that Ctrl-C has ended."""

_SHORT = 2.0
"""Seconds for a courtesy to the server, when the user wants to be gone."""

_is_negative = re.compile(r"-\.?\d").match
_GUARD = "\0"


class _Call(click.Command):
    """Takes negative numbers for arguments, and not for options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        valued = {
            name
            for option in self.params
            if isinstance(option, click.Option) and not option.is_flag
            for name in option.opts
        }
        before = ["", *args]
        guarded = [
            _GUARD + one if _is_negative(one) and last not in valued else one
            for last, one in zip(before, args, strict=False)
        ]
        return super().parse_args(ctx, guarded)


@click.command("call", cls=_Call)
@click.argument("uri", callback=address)
@click.argument("method")
@click.argument("arguments", metavar="[ARG]...", nargs=-1)
@click.option(
    "-k", "--kw", "keywords", multiple=True, metavar="NAME=VALUE", help="A keyword argument. May be repeated."
)
@click.option("--text", "plain", is_flag=True, help="Arguments are text, whatever they look like.")
@click.option("--json", "json_wanted", is_flag=True, help="Print the answer as JSON, in one line.")
@click.option("--oneway", is_flag=True, help="Do not wait for an answer.")
@click.option("--serializer", metavar="NAME", help="The serializer to use.")
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    help="How long the call may take.",
)
@click.option("--traceback", is_flag=True, help="Show where in the server an exception was raised.")
@click.pass_context
def call(
    ctx: click.Context,
    uri: URI,
    method: str,
    arguments: tuple[str, ...],
    keywords: tuple[str, ...],
    plain: bool,
    json_wanted: bool,
    oneway: bool,
    serializer: str | None,
    timeout: float | None,
    traceback: bool,
) -> None:
    """Call a method of an object, or read a property.

    URI is the object's address, or a name that a name server knows. An ARG is a JSON value or a Python
    literal; whatever is neither is text. The answer goes to standard output, and the items of a remote
    iterator go there one by one.
    """
    try:
        args = [one.removeprefix(_GUARD) for one in arguments]
        values = args if plain else [value_of(one) for one in args]
        named = dict(keyword(one, plain) for one in keywords)
    except UnclearError as error:
        raise click.UsageError("\nHint: ".join(filter(None, error.args)), ctx) from error
    try:
        with reached(uri, serializer, timeout) as proxy:
            with telling(traceback):
                answer = _ask(proxy, method, values, named, oneway)
            if isinstance(answer, Iterator):
                _print_items(proxy, answer, as_json if json_wanted else _item_as_text, traceback)
            elif json_wanted:
                write(as_json(answer))
            elif (text := as_text(answer)) is not None:
                write(text)
    except KeyboardInterrupt:
        ctx.exit(INTERRUPTED)


def _ask(proxy: Proxy[Any], name: str, args: Sequence[Any], named: dict[str, Any], oneway: bool) -> Any:
    """The answer of a method, or the value of a property."""
    if name in proxy._pyroAttrs:
        if args or named or oneway:
            raise Failure(
                f"{name} is a property of {proxy._pyroUri}: it can be read, and takes no arguments", 2
            )
        return proxy._pyroInvoke("__getattr__", (name,), None)
    if name not in proxy._pyroMethods:
        raise Failure(_unknown(proxy, name))
    return proxy._pyroInvoke(name, args, named, int(Flags.ONEWAY) if oneway else 0)


def _unknown(proxy: Proxy[Any], name: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, sorted(proxy._pyroMethods | proxy._pyroAttrs), n=1)
    hint = f"did you mean {near[0]}?" if near else "to see what it has:"
    return (
        f"the object {proxy._pyroUri} has no exposed method or property {name!r}\n"
        f"hint: {hint} pyroplug inspect {proxy._pyroUri}"
    )


def _print_items(
    proxy: Proxy[Any], items: Iterator[Any], shown: Callable[[Any], str], traceback: bool
) -> None:
    try:
        while True:
            with telling(traceback):
                try:
                    item = next(items)
                except StopIteration:
                    return
            write(shown(item))
    except BaseException:
        _close(proxy, items)
        raise


def _close(proxy: Proxy[Any], items: Any) -> None:
    """Have the server forget the rest, which it would keep for a while."""
    with suppress(PyroError):
        if proxy._pyroConnection is None:  # interrupted in the middle of an answer, which ends a connection
            proxy._pyroTimeout = _SHORT
            proxy._pyroBind()
        proxy._pyroInvoke("close_stream", (items.stream_id,), {}, int(Flags.ONEWAY), DAEMON_NAME)


def _item_as_text(item: Any) -> str:
    text = as_text(item)
    return "None" if text is None else text
