"""Everything that takes part, in the order of the tables."""

from __future__ import annotations

from benchmarks.contestant import Contestant

from .grpc_library import Grpc
from .pyro_libraries import Pyro5ToPyroplug, Pyroplug, PyroplugToPyro5, RealPyro5
from .raw_sockets import SERIALIZERS, RawSockets
from .rpyc_library import Rpyc
from .standard_library import HttpJson, Managers, XmlRpc
from .zerorpc_library import ZeroRpc

__all__ = ["LIBRARIES", "SERIALIZERS", "line_up"]

LIBRARIES: dict[str, type[Contestant]] = {
    each.library: each
    for each in (RawSockets, RealPyro5, Pyroplug, Rpyc, Grpc, Managers, XmlRpc, HttpJson, ZeroRpc)
}
"""Those that have a server of their own."""

_MODELS = ("threadpool", "multiplex")


def line_up() -> list[Contestant]:
    """All contestants, none of them connected."""
    found: list[Contestant] = [
        RawSockets(serializer, model, transport)
        for transport, serializers in (("tcp", SERIALIZERS), ("unix", SERIALIZERS[:2]))
        for serializer in serializers
        for model in ("threads", "loop")
    ]
    found += [RealPyro5(serializer, model) for model in _MODELS for serializer in SERIALIZERS]
    found += [RealPyro5("msgpack", model, "unix") for model in _MODELS]
    found += [Pyroplug(serializer, model) for model in _MODELS for serializer in SERIALIZERS]
    found += [Pyroplug(serializer, model, "unix") for model in _MODELS for serializer in SERIALIZERS[:2]]
    found += [mixed("msgpack", "threadpool") for mixed in (PyroplugToPyro5, Pyro5ToPyroplug)]
    found += [Rpyc("brine", "threads"), Grpc("msgpack", "threadpool"), Managers("pickle", "threads")]
    return [*found, XmlRpc("xml", "threads"), HttpJson("json", "threads"), ZeroRpc("msgpack", "greenlets")]
