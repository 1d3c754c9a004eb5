"""``docs/hooks.md``: each hook with its signature, and an example that is a plugin."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from types import ModuleType

import click
import pytest

from pyroplug import hookspecs
from pyroplug.plugins import PluginSet, Status

PAGE = (Path(__file__).parent.parent / "docs" / "hooks.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
HOOKS = [name for name in vars(hookspecs) if name.startswith("pyroplug_")]


def test_each_hook_has_a_heading_and_nothing_else_has() -> None:
    assert list(SECTIONS) == HOOKS


@pytest.mark.parametrize("hook", HOOKS)
def test_its_signature_is_the_real_one(hook: str) -> None:
    signature = str(inspect.signature(getattr(hookspecs, hook))).replace("'", "")
    assert f"```text\ndef {hook}{signature}\n```" in SECTIONS[hook]


@pytest.mark.parametrize("hook", HOOKS)
def test_its_example_is_a_plugin(hook: str) -> None:
    (source,) = re.findall(r"^```python\n(.*?)^```", SECTIONS[hook], re.MULTILINE | re.DOTALL)
    plugin = ModuleType("acme")
    exec(compile(source, f"the example of {hook}", "exec"), vars(plugin))
    warnings: list[str] = []
    plugins = PluginSet(autoload=False, plugins={"acme": plugin}, warn=warnings.append)
    plugins.add_commands(cli := click.Group("pyroplug"))
    (record,) = plugins.records
    assert (record.status, warnings) == (Status.ACTIVE, [])
    assert {it.kind.hook for it in record.provides} | {"pyroplug_commands" for _ in cli.commands} == {hook}
