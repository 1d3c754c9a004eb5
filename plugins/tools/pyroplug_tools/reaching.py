"""The object that is meant on a command line: its address, its proxy, and what to tell if it is not there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from pyroplug.api import URI, Proxy
from pyroplug.commands import UNREACHABLE, Failure, visible
from pyroplug.errors import (
    CommunicationError,
    MessageTooLargeError,
    NamingError,
    PluginUnavailableError,
    PyroError,
    RemoteError,
    SerializeError,
)

__all__ = ["address", "reached", "reporting", "telling"]

_is_uri = re.compile(r"PYRO(NAME|META)?:", re.IGNORECASE).match


def address(_ctx: click.Context, _param: click.Parameter, value: str) -> URI:
    """A command's argument as a URI: a name alone is one that a name server knows.

    :raises click.BadParameter: it is none.
    """
    try:
        return URI(value if _is_uri(value) else f"PYRONAME:{value}")
    except PyroError as error:
        raise click.BadParameter(str(error)) from error


@contextmanager
def reporting() -> Iterator[None]:
    """Have errors end the command, with the status that tells an absent server from what it has refused."""
    try:
        yield
    except (CommunicationError, NamingError) as error:
        raise Failure(error, _status(error)) from error
    except PluginUnavailableError as error:
        raise Failure(error, 2) from error


@contextmanager
def telling(traceback: bool = False) -> Iterator[None]:
    """Have what the server raises end the command, told from what happened on the way to it.

    :param traceback: show where in the server it was raised.
    """
    try:
        yield
    except click.ClickException:
        raise
    except Exception as error:
        lines: list[str] | None = getattr(error, "_pyroTraceback", None)
        if lines is None and isinstance(error, CommunicationError):
            raise Failure(error, _status(error)) from error
        if traceback and lines:
            click.echo(visible("".join(lines).rstrip("\n")), err=True)
        raise Failure(_named(error)) from error


def _status(error: Exception) -> int:
    return 1 if isinstance(error, (SerializeError, MessageTooLargeError)) else UNREACHABLE


def _named(error: BaseException) -> str:
    """The class and the text, as the end of a traceback has them."""
    cls = type(error)
    known = cls.__module__ in ("builtins", PyroError.__module__)
    name = cls.__name__ if known else f"{cls.__module__}.{cls.__name__}"
    text = str(error)
    return f"{name}: {text}" if text and not isinstance(error, RemoteError) else text or name


@contextmanager
def reached(uri: URI, serializer: str | None, timeout: float | None) -> Iterator[Proxy[Any]]:
    """A proxy that is connected, for as long as the block lasts.

    :param serializer: its name; ``None`` for the configured one.
    :param timeout: seconds that each call may take; ``None`` for what the configuration says.
    :raises Failure: there is no connection to be had.
    """
    with reporting():
        proxy: Proxy[Any] = Proxy(uri)
        proxy._pyroSerializer = serializer
        if timeout is not None:
            proxy._pyroTimeout = timeout
        proxy._pyroBind()
    with proxy:
        yield proxy
