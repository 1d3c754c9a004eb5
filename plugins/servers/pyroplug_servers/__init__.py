"""The built-in server models: a pool of threads, and one loop for everything.

Here is what the plugin offers. ``models`` has the models by name, ``threadpool`` and ``multiplex`` are their
servers; what those share is in ``base`` and the modules it is put together from. Nothing here opens a socket
or starts a thread.
"""

from __future__ import annotations

from pyroplug.contracts import ConfigItem, ServerModel
from pyroplug.hookspecs import hookimpl

from .models import MultiplexModel, ThreadPoolModel

__all__ = ["MultiplexModel", "ThreadPoolModel"]


@hookimpl
def pyroplug_servers() -> list[ServerModel]:
    """The thread pool and the multiplexer."""
    return [ThreadPoolModel(), MultiplexModel()]


@hookimpl
def pyroplug_config_items() -> list[ConfigItem]:
    """The items that these server models read."""
    return [
        ConfigItem("THREADPOOL_SIZE", 80, "most threads that a threadpool server answers calls with", 1),
        ConfigItem("THREADPOOL_SIZE_MIN", 4, "threads that a threadpool server keeps when all is quiet", 1),
        ConfigItem("ONEWAY_THREADS", 32, "most threads that a server runs one-way calls with", 1),
        ConfigItem(
            "MAX_CONNECTIONS", 10_000, "most clients that are connected to a server; 0 for no limit", 0
        ),
        ConfigItem(
            "MAX_GREETINGS",
            "100:30:1000",
            "connections not accepted yet: begin:rate:full, see the plugin's page; 0 for no limit",
        ),
        ConfigItem(
            "HANDSHAKE_TIMEOUT", 10.0, "seconds from connecting to being accepted by a server; 0 for ever", 0
        ),
        ConfigItem(
            "MESSAGE_TIMEOUT",
            30.0,
            "seconds that a message has to arrive at a server, or an answer to be taken; 0 for ever",
            0,
        ),
    ]
