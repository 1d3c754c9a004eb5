"""With what each contestant is compared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .contestant import RAW, REAL_PYRO5, Contestant, Who
from .series import Key

__all__ = ["pyro5_of", "raw_of", "references", "with_references"]

_LOOPS = ("multiplex", "loop")
_SHARED = ("msgpack", "marshal", "json", "serpent")


def raw_of(who: Who, threads: bool = False, serializer: bool = False) -> Who:
    """The limit for a contestant: over the same transport, with a loop if the contestant has one.

    :param threads: compare with threads, whatever the contestant has.
    :param serializer: compare with the same serializer, and not with msgpack.
    """
    loop = who.model in _LOOPS and not threads
    name = who.serializer if serializer and who.serializer in _SHARED else "msgpack"
    return Who(RAW, name, "loop" if loop else "threads", who.transport)


def pyro5_of(who: Who) -> Who:
    """Real Pyro5 used in the same way; with msgpack and threads, if there is no such way."""
    name = who.serializer if who.serializer in _SHARED else "msgpack"
    return Who(REAL_PYRO5, name, "multiplex" if who.model in _LOOPS else "threadpool", who.transport)


def references(
    who: Who,
    workload: str,
    present: Iterable[Contestant],
    threads: bool = False,
    serializer: bool = False,
    raw_workload: str | None = None,
) -> dict[str, Key]:
    """Both of them, as far as they are present.

    :param raw_workload: what the limit does, if that is called something else.
    """
    names = {each.who for each in present}
    found: dict[str, Key] = {}
    raw, pyro5 = raw_of(who, threads, serializer), pyro5_of(who)
    if raw in names:
        found[RAW] = raw.name, raw_workload or workload
    if pyro5 in names:
        found[REAL_PYRO5] = pyro5.name, workload
    return found


def with_references(chosen: Sequence[Contestant], everybody: Sequence[Contestant]) -> list[Contestant]:
    """Those chosen, and all that any workload compares them with."""
    wanted = {each.who for each in chosen}
    for each in chosen:
        wanted.add(pyro5_of(each.who))
        wanted.update(
            raw_of(each.who, threads, serializer) for threads in (False, True) for serializer in (False, True)
        )
    return [each for each in everybody if each.who in wanted]
