"""With what each contestant is compared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .contestant import RAW, REAL_PYRO5, Contestant, Who
from .series import Key

__all__ = ["pyro5_of", "raws_of", "references", "with_references"]

_LOOPS = ("multiplex", "loop")
_SHARED = ("msgpack", "marshal", "json", "serpent")


def raws_of(who: Who, threads: bool = False) -> list[Who]:
    """Limits for a contestant, best first: using its serializer, or else msgpack.

    All are over the same transport, with a loop if the contestant has one.

    :param threads: with threads, whatever the contestant has.
    """
    model = "loop" if who.model in _LOOPS and not threads else "threads"
    return [Who(RAW, name, model, who.transport) for name in dict.fromkeys((_shared(who), "msgpack"))]


def pyro5_of(who: Who) -> Who:
    """Real Pyro5 used in the same way; with msgpack and threads, if there is no such way."""
    return Who(REAL_PYRO5, _shared(who), "multiplex" if who.model in _LOOPS else "threadpool", who.transport)


def _shared(who: Who) -> str:
    return who.serializer if who.serializer in _SHARED else "msgpack"


def references(
    who: Who, workload: str, able: Iterable[Contestant], threads: bool = False, raw_workload: str = ""
) -> dict[str, Key]:
    """Both of them, as far as there are any.

    :param able: those that do the workload.
    :param raw_workload: what the limit does, if that is called something else.
    """
    names = {each.who for each in able}
    found: dict[str, Key] = {}
    raw = next((each for each in raws_of(who, threads) if each in names), None)
    if raw is not None:
        found[RAW] = raw.name, raw_workload or workload
    pyro5 = pyro5_of(who)
    if pyro5 in names:
        found[REAL_PYRO5] = pyro5.name, workload
    return found


def with_references(chosen: Sequence[Contestant], everybody: Sequence[Contestant]) -> list[Contestant]:
    """Those chosen, and all that any workload compares them with."""
    wanted = {each.who for each in chosen}
    for each in chosen:
        wanted.update((pyro5_of(each.who), *raws_of(each.who), *raws_of(each.who, threads=True)))
    return [each for each in everybody if each.who in wanted]
