"""Everything that takes part, in the order of the tables."""

from __future__ import annotations

from benchmarks.contestant import Contestant

from .pyroplug_itself import Pyroplug
from .raw_sockets import RawSockets
from .real_pyro5 import RealPyro5

__all__ = ["LIBRARIES", "line_up"]

LIBRARIES: dict[str, type[Contestant]] = {each.library: each for each in (RawSockets, RealPyro5, Pyroplug)}

_SERIALIZERS = ("msgpack", "marshal", "json", "serpent")
_MODELS = ("threadpool", "multiplex")


def line_up() -> list[Contestant]:
    """All contestants, none of them connected."""
    found: list[Contestant] = [RawSockets("msgpack", "threads", transport) for transport in ("tcp", "unix")]
    for library in (RealPyro5, Pyroplug):
        found += [library(serializer, model) for model in _MODELS for serializer in _SERIALIZERS]
    return found + [Pyroplug("msgpack", model, "unix") for model in _MODELS]
