"""What programs use: ``from pyroplug.api import Daemon, Proxy, expose``.

The names are those of Pyro5's module of the same name, and mean the same.
"""

from __future__ import annotations

from .batch import BatchProxy
from .blobs import SerializedBlob
from .config import config
from .context import current_context
from .daemon import Daemon
from .daemon_object import DaemonObject
from .exposure import behavior, callback, expose, idempotent, oneway
from .naming import locate_ns, resolve, start_ns, start_ns_loop
from .proxy import Proxy
from .serving import serve
from .tags import type_meta
from .uri import URI
from .values import (
    SerializerBase,
    register_class_to_dict,
    register_dict_to_class,
    unregister_class_to_dict,
    unregister_dict_to_class,
)

__all__ = [
    "URI",
    "BatchProxy",
    "Daemon",
    "DaemonObject",
    "Proxy",
    "SerializedBlob",
    "SerializerBase",
    "behavior",
    "callback",
    "config",
    "current_context",
    "expose",
    "idempotent",
    "locate_ns",
    "oneway",
    "register_class_to_dict",
    "register_dict_to_class",
    "resolve",
    "serve",
    "start_ns",
    "start_ns_loop",
    "type_meta",
    "unregister_class_to_dict",
    "unregister_dict_to_class",
]

if config.LOGLEVEL:
    from .logs import set_up_logging

    set_up_logging(config)
