"""The names by which the page of tips calls things lead somewhere, also those that Pyro5 has elsewhere."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest

import pyroplug.api
import pyroplug.protocol

NAMES = [
    "api.Daemon",
    "client.Proxy._pyroHandshake",
    "client.Proxy._pyroRelease",
    "client.Proxy._pyroValidateHandshake",
    "client.SerializedBlob",
    "core.Daemon.clientDisconnect",
    "core.current_context",
    "current_context",
    "current_context.annotations",
    "current_context.client",
    "current_context.client_sock_addr",
    "current_context.correlation_id",
    "current_context.msg_flags",
    "current_context.response_annotations",
    "current_context.seq",
    "current_context.serializer_id",
    "current_context.track_resource",
    "current_context.untrack_resource",
    "message.Message",
    "protocol.PROTOCOL_VERSION",
    "server.Daemon.uriFor",
    "server.Daemon.validateHandshake",
    "socketutil.SocketConnection",
    "utils.httpgateway.pyro_app",
]


def lookup(name: str) -> Any:
    """What a dotted name stands for in ``pyroplug_pyro5``, which takes the place of ``Pyro5``."""
    import_module("pyroplug_pyro5.api")
    found: Any = import_module("pyroplug_pyro5")
    path = found.__name__
    for part in name.split("."):
        path = f"{path}.{part}"
        found = getattr(found, part) if hasattr(found, part) else import_module(path)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_name_of_the_page(name: str) -> None:
    lookup(name)


def test_they_are_the_same_as_in_the_api() -> None:
    for name in ("core.Daemon", "server.Daemon", "api.Daemon"):
        assert lookup(name) is pyroplug.api.Daemon
    for name in ("current_context", "core.current_context", "callcontext.current_context"):
        assert lookup(name) is pyroplug.api.current_context
    assert lookup("client.SerializedBlob") is pyroplug.api.SerializedBlob
    assert lookup("message.Message") is pyroplug.protocol.Message
