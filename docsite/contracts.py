"""Writes ``docs/contracts.md`` from the source of ``pyroplug.contracts``: ``python -m docsite.contracts``."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

__all__ = ["PAGE", "page"]

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "contracts.md"
SOURCE = ROOT / "pyroplug" / "contracts"
MODULES = (
    "serializers",
    "transports",
    "servers",
    "handshake",
    "resources",
    "observers",
    "naming",
    "settings",
    "payloads",
)
INTRODUCTION = """\
# Contracts

What a plugin's objects have to have, and what they are given. This page is made from the docstrings in
`pyroplug/contracts/`, by `python -m docsite.contracts`.

An object inherits from nothing here: it satisfies a contract by having its members. Arguments before a `/`
are passed by position, so that yours may have other names. Each method says what it may raise; anything else
that escapes is reported as a fault of the plugin. [Hooks](hooks.md) says how a plugin offers its objects, and
[Testing a plugin](testing-plugins.md) how to see that they keep their contract. All names are imported from
`pyroplug.contracts`.
"""


def page() -> str:
    """The page's text."""
    parts = [INTRODUCTION]
    for module in MODULES:
        tree = ast.parse((SOURCE / f"{module}.py").read_text("utf-8"))
        parts += [f"## {module.capitalize()}\n", f"{_prose(ast.get_docstring(tree) or '')}\n"]
        parts += [text for name, text in _members(tree) if name in _public(tree)]
    return "\n".join(parts)


def _public(tree: ast.Module) -> list[str]:
    """What the module has in ``__all__``."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            names: list[str] = ast.literal_eval(node.value)
            return names
    return []


def _members(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """The public names and what is written about each."""
    for node, after in zip(tree.body, [*tree.body[1:], None], strict=True):
        if isinstance(node, ast.ClassDef):
            yield node.name, "\n".join(_class(node))
        elif isinstance(node, ast.FunctionDef):
            yield node.name, "\n".join([f"### {node.name}\n", *_function(node)])
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
            about = after.value if isinstance(after, ast.Expr) else None
            text = about.value if isinstance(about, ast.Constant) and isinstance(about.value, str) else ""
            code = ast.unparse(node)
            yield ast.unparse(target), f"### {ast.unparse(target)}\n\n{_fence(code)}\n{_prose(text)}\n"


def _class(node: ast.ClassDef) -> Iterator[str]:
    yield f"### {node.name}\n"
    bases = [ast.unparse(base) for base in node.bases]
    fields = [ast.unparse(item) for item in node.body if isinstance(item, ast.AnnAssign)]
    if "NamedTuple" in bases:
        yield _fence("\n".join([f"class {node.name}(NamedTuple):", *(f"    {field}" for field in fields)]))
    inherited = [base for base in bases if base not in ("Protocol", "NamedTuple")]
    if inherited:
        yield f"It has all that `{'` and `'.join(inherited)}` has.\n"
    yield f"{_prose(ast.get_docstring(node) or '')}\n"
    for item in node.body:
        if isinstance(item, ast.FunctionDef) and (
            not item.name.startswith("__") or item.name == "__getattr__"
        ):
            yield from _function(item)


def _function(node: ast.FunctionDef) -> Iterator[str]:
    if any(ast.unparse(it) == "property" for it in node.decorator_list):
        returns = ast.unparse(node.returns) if node.returns else "Any"
        yield _fence(f"{node.name}: {returns}")
    else:
        yield _fence(signature(node))
    yield f"{_prose(ast.get_docstring(node) or '')}\n"


def signature(node: ast.FunctionDef) -> str:
    """The function's first line, without its colon."""
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"def {node.name}({ast.unparse(node.args)}){returns}"


def _fence(code: str) -> str:
    code = code.replace("'", '"')  # as the source has it
    return f"```python\n{code}\n```\n"


def _prose(text: str) -> str:
    """A docstring in Markdown: fields become a list, roles become code."""
    text = inspect.cleandoc(text).replace("``", "`")
    text = re.sub(r":\w+:`~?([^`]+)`", lambda role: f"`{role[1].removeprefix('pyroplug.errors.')}`", text)
    lines: list[str] = []
    listed = False
    for line in text.splitlines():
        field = re.match(r":(?:ivar|param) (\w+): (.*)", line)
        if field:
            lines += ([""] if not listed and lines and lines[-1] else []) + [f"- `{field[1]}`: {field[2]}"]
            listed = True
        elif listed and line.startswith(" "):
            lines.append(f"  {line.strip()}")
        else:
            listed = False
            lines.append(line)
    return "\n".join(lines).strip()


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
