"""The handshake, as a proxy has it, and which serializers a server accepts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pyroplug.api import Proxy
from pyroplug.errors import CommunicationError, PyroError
from pyroplug.plugins import Kind
from pyroplug_doctor.findings import Situation

__all__ = ["accepted_serializers", "connected"]


def connected(uri: str, situation: Situation, serializer: str | None = None) -> Proxy[Any]:
    """A proxy that is connected, to be released.

    :param serializer: another one than the configured one.
    :raises PyroError: what a program would get, too.
    """
    settings = situation.settings
    if serializer is not None:
        settings = settings.copy()
        settings.SERIALIZER = serializer
    proxy: Proxy[Any] = Proxy(uri, config=settings, plugins=situation.plugins)
    proxy._pyroTimeout = situation.timeout
    try:
        proxy._pyroBind()
    except BaseException:
        proxy._pyroRelease()
        raise
    return proxy


def accepted_serializers(uri: str, situation: Situation) -> list[str]:
    """The names of those serializers, of all that are installed here, in which the server takes a hello."""
    names = situation.plugins.names(Kind.SERIALIZER)
    brief = replace(situation, timeout=situation.timeout / max(len(names), 1))
    accepted = []
    for name in names:
        try:
            proxy = connected(uri, brief, name)
        except (CommunicationError, PyroError):
            continue
        proxy._pyroRelease()
        accepted.append(name)
    return accepted
