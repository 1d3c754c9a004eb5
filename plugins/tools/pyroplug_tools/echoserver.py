"""The object that says everything again, for those who try things out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, NamedTuple

from pyroplug.api import URI, Daemon, config, expose, locate_ns, oneway, start_ns

__all__ = ["OBJECT", "EchoServer", "Options", "Started", "start"]

OBJECT = "test.echoserver"
"""The id of the object, and its name."""
SLOW = 5.0
"""Seconds that the slow methods take."""


@expose
class EchoServer:
    """Says everything again, fails on demand, is slow on demand.

    :ivar verbose: whether each call is printed.
    """

    _verbose = False
    _must_shutdown = False

    def echo(self, message: Any) -> Any:
        """The message."""
        self._tell("echo", message)
        return message

    def error(self) -> None:
        """Raise ``ValueError``."""
        self._tell("error")
        raise ValueError("an error, as was asked for")

    def error_with_text(self) -> None:
        """Raise ``ValueError``, with a text."""
        self._tell("error_with_text")
        raise ValueError("the message of the error")

    @oneway
    def oneway_echo(self, message: Any) -> None:
        """Take a message, for clients that wait for nothing."""
        self._tell("oneway_echo", message)

    def slow(self) -> str:
        """A text, after five seconds."""
        self._tell("slow")
        time.sleep(SLOW)
        return "Finally, an answer!"

    @oneway
    def oneway_slow(self) -> None:
        """Do nothing for five seconds, for clients that wait for nothing."""
        self._tell("oneway_slow")
        time.sleep(SLOW)

    def generator(self) -> Iterator[str]:
        """Three texts, when they are asked for."""
        yield from ("one", "two", "three")

    def nan(self) -> float:
        """What is not a number."""
        return float("nan")

    def inf(self) -> float:
        """Infinity."""
        return float("inf")

    def __dunder__(self) -> str:
        """A method whose name has the form of Python's own, and which can be called."""
        return "should be allowed (dunder)"

    def shutdown(self) -> None:
        """End the server."""
        self._tell("shutdown")
        self._must_shutdown = True

    @property
    def verbose(self) -> bool:
        """Whether each call is printed."""
        return self._verbose

    @verbose.setter
    def verbose(self, onoff: bool) -> None:
        self._verbose = bool(onoff)

    def _tell(self, method: str, *message: Any) -> None:
        if self._verbose:
            said = "".join(f": {one!a}" for one in message)
            print(f"{time.asctime()} {method}{said}", flush=True)


class Options(NamedTuple):
    """How an echo server runs.

    :ivar host: where it listens, as does ``port``, 0 for any that is free.
    :ivar unixsocket: a socket file to listen at instead.
    :ivar naming: register it with the name server.
    :ivar nameserver: start a name server as well, and register it there.
    :ivar verbose: print each call.
    :ivar quiet: print nothing.
    """

    host: str = "localhost"
    port: int = 0
    unixsocket: str | None = None
    naming: bool = False
    nameserver: bool = False
    verbose: bool = False
    quiet: bool = False


class Started(NamedTuple):
    """An echo server that listens.

    :ivar close: ends it all.
    """

    daemon: Daemon
    echo: EchoServer
    uri: URI
    close: Callable[[], None]

    def needed(self) -> bool:
        """Whether nobody has told it to shut down: the condition of its loop."""
        return not self.echo._must_shutdown


def start(options: Options) -> Started:
    """Make one; its daemon's ``requestLoop`` is left to do.

    :raises NamingError: no name server answers, or none can be started.
    :raises AddressError: an address cannot be listened on.
    """
    quiet = options.quiet and not options.verbose
    settings = config.copy()
    settings.SERVERTYPE = "multiplex"
    with ExitStack() as stack:
        daemon = stack.enter_context(Daemon(options.host, options.port, options.unixsocket, config=settings))
        echo = EchoServer()
        echo._verbose = options.verbose
        uri = daemon.register(echo, OBJECT)
        told = [f"object name: {OBJECT}", f"echo uri: {uri}"]
        where = _name_server(options.host, stack) if options.nameserver else ()
        if options.naming or options.nameserver:
            with locate_ns(*where) as names:
                names.register(OBJECT, uri)
                told.append(f"name server: {names._pyroUri}")
        elif options.verbose:
            told.append("no name server knows it")
        if not quiet:
            print("\n".join([*told, "echo server running."]), flush=True)
        return Started(daemon, echo, uri, stack.pop_all().close)


def _name_server(host: str, stack: ExitStack) -> tuple[str | None, int | None]:
    """Run one in threads of this process: where it is."""
    uri, daemon, responder = start_ns(host)
    stack.callback(daemon.close)
    loop = threading.Thread(target=daemon.requestLoop, name="name server", daemon=True)
    loop.start()
    stack.callback(loop.join, 5)
    stack.callback(daemon.shutdown)
    if responder is not None:
        stack.callback(responder.close)
        responder.runInThread()
    return uri.host, uri.port
