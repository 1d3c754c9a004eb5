"""All hook specifications of pyroplug, and the marker for implementing them.

A plugin is a module, or an instance, that an entry point of the group ``pyroplug`` names::

    from pyroplug.hookspecs import hookimpl

    @hookimpl
    def pyroplug_serializers():
        return [MySerializer()]

The hooks that collect are called once, when a set of plugins is built, one plugin after the other: none
of them takes arguments, none sees another's result, and a failure concerns its own plugin alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    import click

    from .contracts import (
        CallObserver,
        ConfigItem,
        HandshakeValidator,
        NameService,
        NameStorage,
        ResourceTracker,
        Serializer,
        ServerModel,
        Transport,
    )

__all__ = ["PROJECT", "hookimpl"]

PROJECT = "pyroplug"
"""The name of the entry-point group, and the prefix of every hook."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a function as the implementation of the hook whose name it has."""


@hookspec
def pyroplug_serializers() -> Iterable[Serializer]:
    """The serialization formats that this plugin brings."""
    raise NotImplementedError


@hookspec
def pyroplug_transports() -> Iterable[Transport]:
    """The transports that this plugin brings."""
    raise NotImplementedError


@hookspec
def pyroplug_servers() -> Iterable[ServerModel]:
    """The server models that this plugin brings."""
    raise NotImplementedError


@hookspec
def pyroplug_handshake_validators() -> Iterable[HandshakeValidator]:
    """The handshake validators that this plugin brings."""
    raise NotImplementedError


@hookspec
def pyroplug_resource_trackers() -> Iterable[ResourceTracker]:
    """The resource trackers that this plugin brings."""
    raise NotImplementedError


@hookspec
def pyroplug_call_observers() -> Iterable[CallObserver]:
    """The call observers that this plugin brings."""
    raise NotImplementedError


@hookspec
def pyroplug_name_services() -> Iterable[NameService]:
    """The ways of looking names up that this plugin brings."""
    raise NotImplementedError


@hookspec
def pyroplug_name_storages() -> Iterable[NameStorage]:
    """The storages for a name server's names that this plugin brings."""
    raise NotImplementedError


@hookspec
def pyroplug_config_items() -> Iterable[ConfigItem]:
    """The configuration items that this plugin brings. Items of all kinds share one set of names."""
    raise NotImplementedError


@hookspec
def pyroplug_commands(cli: click.Group) -> None:
    """Add subcommands to the command ``pyroplug``; called when that command starts."""
    raise NotImplementedError
