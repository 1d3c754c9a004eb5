"""What subcommands of ``pyroplug`` are made with, the kernel's own and those of plugins."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any

import click

from pyroplug.errors import ConfigError, PyroError

__all__ = ["UNREACHABLE", "Failure", "as_program", "errors_for_people", "later", "ready_to_end", "visible"]

UNREACHABLE = 3
"""The exit status where something is not wrong with what was asked for: nobody was there to ask."""


_KEPT = frozenset("\n\t")


def visible(text: str) -> str:
    """A text that came from elsewhere as a terminal may have it: what is not printable is escaped.

    Line ends and tabs stay.
    """
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or one in _KEPT else ascii(one)[1:-1] for one in text)


class Failure(click.ClickException):
    """Ends a command: an error's text on standard error instead of a traceback, and an exit status.

    :ivar exit_code: the status.
    """

    exit_code: int  # type: ignore[misc]  # not the same for all of them

    def __init__(self, error: BaseException | str, exit_code: int = 1) -> None:
        super().__init__(str(error))
        self.exit_code = exit_code

    def show(self, file: IO[Any] | None = None) -> None:
        """Write it."""
        click.echo(f"error: {visible(self.message)}", file=file, err=True)


@contextmanager
def errors_for_people() -> Iterator[None]:
    """Have pyroplug's own errors end a command as failures: those of the configuration with status 2.

    Subcommands need not ask for it, as ``pyroplug`` does it for all of them.
    """
    try:
        yield
    except ConfigError as error:
        raise Failure(error, 2) from error
    except PyroError as error:
        raise Failure(error) from error


@contextmanager
def as_program() -> Iterator[None]:
    """Likewise, and have failures end the process: for a command that is run without ``pyroplug`` around it.

    :raises SystemExit: with the failure's status, when its text was written.
    """
    try:
        with errors_for_people():
            yield
    except click.ClickException as error:
        error.show()
        raise SystemExit(error.exit_code) from error


def later(name: str, target: str, summary: str) -> click.Command:
    """A command whose module is imported when it is used, and not where commands are listed.

    ::

        @hookimpl
        def pyroplug_commands(cli):
            cli.add_command(later("greet", "acme.greet:greet", "Greet everybody."))

    :param target: the module, and the click command in it.
    :param summary: the line that lists of commands show.
    """
    return _Later(name, target, summary)


@contextmanager
def ready_to_end() -> Iterator[Callable[[], bool]]:
    """Have SIGTERM wait until the daemon's loop can take it: from outside, the two look the same.

    Who reads a URI that was printed may end the server at once, before its loop has begun. What is given
    here is the loop's condition, whose first call says that it has.
    """
    import signal  # not above: lists of commands have no use for it

    waiting = None
    if hasattr(signal, "pthread_sigmask"):
        waiting = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})

    def begun() -> bool:
        nonlocal waiting
        if waiting is not None:
            before, waiting = waiting, None
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return True

    try:
        yield begun
    finally:
        begun()


class _Later(click.Command):
    """Stands for a command, and becomes it where it is used."""

    def __init__(self, name: str, target: str, summary: str) -> None:
        super().__init__(name, help=summary, short_help=summary)
        self._target = target

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        return self._command().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        return ctx.command.invoke(ctx)

    def _command(self) -> click.Command:
        module, _, attribute = self._target.partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command
