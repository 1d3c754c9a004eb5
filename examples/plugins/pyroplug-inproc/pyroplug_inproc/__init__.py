"""Daemons and proxies in one process: the transport ``inproc``, and the server model ``inproc`` for it.

Here is what the plugin offers; ``connection`` moves bytes, ``transport`` listens and connects, ``server``
serves.
"""

from __future__ import annotations

from pyroplug.contracts import ServerModel, Transport
from pyroplug.hookspecs import hookimpl

from .server import InprocServerModel
from .transport import InprocTransport

__all__ = ["InprocServerModel", "InprocTransport"]


@hookimpl
def pyroplug_transports() -> list[Transport]:
    """The one transport."""
    return [InprocTransport()]


@hookimpl
def pyroplug_servers() -> list[ServerModel]:
    """The one server model: others watch file descriptors, and here are none."""
    return [InprocServerModel()]
