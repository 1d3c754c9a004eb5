"""What a proxy shows of its channel under Pyro's names."""

from __future__ import annotations

from typing import Any, Generic, Protocol, TypeVar, overload

from .channel import Channel

__all__ = ["ChannelAttribute"]

V = TypeVar("V")


class HasChannel(Protocol):
    """A proxy, as far as it is needed here."""

    @property
    def _pyroChannel(self) -> Channel: ...


class ChannelAttribute(Generic[V]):
    """An attribute of a proxy that its channel has."""

    def __init__(self, name: str, doc: str) -> None:
        self._name = name
        self.__doc__ = doc

    @overload
    def __get__(self, proxy: None, owner: type) -> ChannelAttribute[V]: ...
    @overload
    def __get__(self, proxy: HasChannel, owner: type) -> V: ...
    def __get__(self, proxy: HasChannel | None, owner: type) -> Any:
        return self if proxy is None else getattr(proxy._pyroChannel, self._name)

    def __set__(self, proxy: HasChannel, value: V) -> None:
        setattr(proxy._pyroChannel, self._name, value)
