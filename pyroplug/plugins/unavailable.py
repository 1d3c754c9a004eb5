"""What to tell somebody who asks for something that no plugin provides, or none that is in use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyroplug.errors import PluginUnavailableError

from .kinds import Kind, PluginRecord, Provided, Status

__all__ = ["unavailable"]

_LISTING = "pyroplug list-plugins"


def unavailable(
    records: Sequence[PluginRecord], kind: Kind, attribute: str, value: Any
) -> PluginUnavailableError:
    """The error for what was asked for: why it is not there, what there is, and what to do.

    :param attribute: by which it was looked for.
    :param value: the value of that attribute.
    """
    usable = [it for record in records for it in _of(record, kind) if it.status is Status.ACTIVE]
    reason, hint = (
        _from_offers(records, kind, attribute, value)
        or _from_plugins(records, attribute, value)
        or _from_absence(records, [name for it in usable for name in _known_by(it, "name")], value)
    )
    listed = sorted(it.name if attribute == "name" else f"{it.name} ({it.key})" for it in usable)
    there = f"available: {', '.join(listed)}" if listed else f"no {kind.label} is available"
    return PluginUnavailableError(
        f"{_wanted(kind, attribute, value)} is not available: {reason}; {there}",
        kind=kind.label,
        name=str(value),
        available=sorted(it.name for it in usable),
        hint=hint,
    )


def _wanted(kind: Kind, attribute: str, value: Any) -> str:
    if attribute == "name":
        return f"{kind.label} {value!r}"
    trait = next(trait for trait in kind.traits if trait.attribute == attribute)
    return f"a {kind.label} with {trait.show(value) if trait.show else repr(value)}"


def _known_by(it: Provided, attribute: str) -> list[Any]:
    """The values by which it is found: its name and aliases, or its wire id, or its scheme."""
    claims = it.kind.claims({**it.facts, "name": it.name})
    return [value for trait, value in claims if trait.attribute == attribute]


def _of(record: PluginRecord, kind: Kind) -> list[Provided]:
    return [it for it in record.provides if it.kind is kind]


_Answer = tuple[str, str | None]


def _from_offers(records: Sequence[PluginRecord], kind: Kind, attribute: str, value: Any) -> _Answer | None:
    """It is offered, and not in use."""
    found = [
        (record, it)
        for record in records
        for it in _of(record, kind)
        if it.status is not Status.ACTIVE and value in _known_by(it, attribute)
    ]
    if not found:
        return None
    reason = "; ".join(f"{record.who} offers it, but {it.problem}" for record, it in found)
    return reason, found[0][1].hint


def _from_plugins(records: Sequence[PluginRecord], attribute: str, value: Any) -> _Answer | None:
    """A plugin of this very name is not in use: what it offers is mostly called as it is."""
    named = [record for record in records if _is_out(record) and attribute == "name" and record.name == value]
    if not named:
        return None
    return "; ".join(map(_state, named)), named[0].hint or f"see: {_LISTING}"


def _from_absence(records: Sequence[PluginRecord], names: Sequence[str], value: Any) -> _Answer:
    """Nothing is known of it."""
    from difflib import get_close_matches  # for when something is wrong

    near = get_close_matches(str(value), names, n=1)
    guess = f"did you mean {near[0]!r}? " if near else ""
    out = [record for record in records if _is_out(record)]
    if out:
        hint = f"{guess}It may be offered by one of those; see: {_LISTING}"
        return f"no plugin in use offers it, and some are not in use: {'; '.join(map(_state, out))}", hint
    return "no installed plugin offers it", f"{guess}Install one that does; what there is shows: {_LISTING}"


def _is_out(record: PluginRecord) -> bool:
    return not record.provides and record.status is not Status.ACTIVE


def _state(record: PluginRecord) -> str:
    return f"{record.who} is not in use ({record.status.value})" + (
        f": {record.problem}" if record.problem else ""
    )
