"""``docs/configuration.md``: its table has exactly the items that there are."""

from __future__ import annotations

import re
from pathlib import Path

from pyroplug.config import Configuration, default_of, shown, type_name
from pyroplug.contracts import ConfigItem
from pyroplug.plugins import Kind, default_plugins

PAGE = Path(__file__).parent.parent / "docs" / "configuration.md"


def row(item: ConfigItem, plugin: str | None) -> str:
    """An item's line in the table."""
    kind = type_name(item)
    if item.choices:
        kind += f": {', '.join(map(str, item.choices))}"
    elif item.minimum is not None:
        kind += (
            f", at least {item.minimum}" if item.maximum is None else f", {item.minimum} to {item.maximum}"
        )
    kind += ", secret" if item.secret else ""
    cells = (f"`{item.name}`", kind, f"`{shown(item, default_of(item))}`", plugin or "kernel", item.summary)
    return f"| {' | '.join(cells)} |"


def test_the_table_has_every_item_and_no_other() -> None:
    plugins = {
        it.name: record.name
        for record in default_plugins().records
        for it in record.provides
        if it.kind is Kind.CONFIG_ITEM
    }
    items = Configuration(environ={}).items()
    expected = [row(items[name], plugins.get(name)) for name in sorted(items)]
    written = [line for line in PAGE.read_text().splitlines() if re.match(r"\| `[A-Z]", line)]
    missing = "\n".join(line for line in expected if line not in written)
    wrong = "\n".join(line for line in written if line not in expected)
    assert not missing, f"put these lines into the table of {PAGE.name}:\n{missing}"
    assert not wrong, f"these lines of {PAGE.name} are of no item, or of one that has changed:\n{wrong}"
    assert written == expected, "the table is to be sorted by name"


def test_items_that_the_text_speaks_of_exist() -> None:
    items = Configuration(environ={}).items()
    known = {*items, *(f"PYRO_{name}" for name in items), "PYROPLUG_BLOCK", "PYROPLUG_AUTOLOAD"}
    text = "\n".join(line for line in PAGE.read_text().splitlines() if not re.match(r"\| `[A-Z]", line))
    spoken = {word for word in re.findall(r"\b[A-Z][A-Z0-9_]{3,}\b", text) if "_" in word}
    assert spoken - known <= {"PYRO_NAME", "PYROPLUG_NAME", "ONEWAY_THREADED"}
