"""From what is installed to what became of each plugin: find, block, load, judge.

It is imported when a set is built: a program that only imports the API has no need of it, nor of pluggy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pyroplug import __version__

from .admission import Entry, Offer, admit
from .clashes import judge_names, judge_offers
from .discovery import BLOCK, Blocks, Source, autoload_wanted, find, given
from .kinds import Kind, Status

__all__ = ["build", "tables"]

ByName = dict[Kind, dict[str, Any]]
Tables = dict[tuple[Kind, str], dict[Any, Any]]


def build(
    block: Iterable[str], autoload: bool | None, plugins: Mapping[str, object], load: bool
) -> tuple[list[Entry], list[str]]:
    """Every plugin, sorted, and complaints about blocked names that there are not.

    The arguments are those of :class:`~pyroplug.plugins.PluginSet`. Raises
    :exc:`~pyroplug.errors.ConfigError`.
    """
    sources = given(plugins)
    if autoload or (autoload is None and autoload_wanted()):
        sources += find()
    blocks = Blocks(block)
    entries = sorted(map(Entry, sources), key=_order)
    _block(entries, blocks)
    judge_names([entry for entry in entries if entry.status is Status.NOT_LOADED])
    if load:
        _load(entries)
    return entries, [_unmatched(name, entries) for name in blocks.unmatched]


def tables(entries: Iterable[Entry]) -> tuple[ByName, Tables]:
    """What is usable, sorted by name: by its name alone, and by each fact that identifies it."""
    usable = [offer for entry in entries for offer in entry.offers if offer.status is Status.ACTIVE]
    by_name: ByName = {}
    by_fact: Tables = {}
    for offer in sorted(usable, key=lambda offer: offer.name):
        by_name.setdefault(offer.kind, {})[offer.name] = offer.value
        for trait, fact in offer.kind.claims(offer.facts):
            by_fact.setdefault((offer.kind, trait.attribute), {})[fact] = offer.value
    return by_name, by_fact


def _order(entry: Entry) -> tuple[str, str, str]:
    return entry.source.name, entry.source.distribution or "", entry.source.target


def _block(entries: Iterable[Entry], blocks: Blocks) -> None:
    for entry in entries:
        name = blocks.match(entry.source)
        if name is not None:
            hint = f"to use it, take {name!r} out of {BLOCK}, and out of what the program or command blocks."
            entry.reject(Status.BLOCKED, f"blocked by {name!r}", hint)


def _load(entries: Iterable[Entry]) -> None:
    offers: list[Offer] = []
    for entry in entries:
        if entry.status is Status.NOT_LOADED:
            admit(entry)
            offers += entry.offers
    judge_offers(offers, _kernel_items() if any(offer.kind is Kind.CONFIG_ITEM for offer in offers) else ())


def _kernel_items() -> list[Offer]:
    """The kernel's own configuration items, which no plugin may redefine."""
    from pyroplug.config import KERNEL_ITEMS

    kernel = Source("kernel", distribution="pyroplug", version=__version__)
    return [Offer(kernel, Kind.CONFIG_ITEM, item, item.name, {"name": item.name}) for item in KERNEL_ITEMS]


def _unmatched(name: str, entries: Iterable[Entry]) -> str:
    names = {it for entry in entries for it in (entry.source.name, entry.source.block_name)}
    from difflib import get_close_matches  # for when something is wrong

    near = get_close_matches(name, sorted(names), n=1)
    guess = f"did you mean {near[0]!r}? " if near else ""
    return (
        f"{name!r} is to be blocked, and there is no such plugin\n"
        f"hint: {guess}What there is shows: pyroplug list-plugins"
    )
