"""The whole walk: to the name server, from the name to an address, and on to the object."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pyroplug.api import URI
from pyroplug.uri import NAMESERVER_NAME

from .findings import Finding, Outcome, Situation, skipped
from .names import SCOPE as NAME_SERVER
from .names import Where, find, look_up
from .servers import LAST_STEP, examine

__all__ = ["OBJECT", "diagnose", "reached"]

OBJECT = "object"


def diagnose(target: URI | None, where: Where, situation: Situation) -> Iterator[Finding]:
    """Walk to an object: the findings, as they are made.

    :param target: whose way it is; ``None`` for the name server itself.
    :param where: the name server, unless the target says where it is.
    """
    if target is not None and target.protocol == "PYRO":
        yield from examine(target, situation, OBJECT)
        return
    if target is not None and target.location is not None:
        where = Where(target.host or target.location, target.port)
    names = yield from find(where, situation)
    if names is None:
        if target is not None:
            yield skipped("not looked up, because of: name server").at("name", OBJECT)
        return
    with names:
        location = str(names._pyroUri.location)
        if target is None:
            found: URI | None = URI(f"PYRO:{NAMESERVER_NAME}@{location}")
        else:
            finding, found = look_up(target, names)
            yield finding.at("name", OBJECT)
    if target is None:
        assert found is not None
        # Of its address something was said when it was found.
        yield from (it for it in examine(found, situation, NAME_SERVER) if it.step != "address")
    elif found is not None:
        yield from examine(found, situation, OBJECT, location)


def reached(findings: Sequence[Finding]) -> bool:
    """Whether calls get through: the walk has come to its last step, and nothing has failed on the way."""
    return (
        bool(findings)
        and findings[-1].step == LAST_STEP
        and all(it.outcome is not Outcome.FAILED for it in findings)
    )
