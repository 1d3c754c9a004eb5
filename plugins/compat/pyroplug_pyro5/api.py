"""What programs use. As with Pyro5, importing it makes the other modules attributes of the package."""

from __future__ import annotations

from pyroplug.api import (
    URI,
    BatchProxy,
    Daemon,
    DaemonObject,
    Proxy,
    SerializedBlob,
    SerializerBase,
    behavior,
    callback,
    config,
    current_context,
    expose,
    oneway,
    register_class_to_dict,
    register_dict_to_class,
    serve,
    type_meta,
    unregister_class_to_dict,
    unregister_dict_to_class,
)

from . import callcontext, client, configure, errors, protocol, serializers, server, socketutil  # noqa: F401
from .core import locate_ns, resolve
from .nameserver import start_ns, start_ns_loop

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
