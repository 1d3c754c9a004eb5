"""What mkdocs calls while it builds the site: files outside ``docs/`` that a page links to become pages.

The pages' links are relative paths within the repository, so that they work there. In the site, what is
outside ``docs/`` is below ``project/``: Markdown as it is, other files as code, folders by their
``README.md``, or as lists. Nothing has to be listed here: whatever a page links to is brought in, and so on
from there.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

__all__ = ["on_files", "on_page_markdown"]

ROOT = Path(__file__).resolve().parent.parent
OUTSIDE = "project/"
"""Where in the site all pages are that come from outside ``docs/``."""
LANGUAGES = {".py": "python", ".toml": "toml", ".yml": "yaml", ".json": "json"}

_CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(!?\[(?:[^\[\]]|\[[^\[\]]*\])*\]\()([^)\s#]*)((?:#[^)\s]*)?\))")
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|/", re.IGNORECASE)

_origins: dict[str, str] = {}
"""Where in the repository a page of the site comes from."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add whatever the pages link to, and what is linked from there."""
    _origins.clear()
    waiting = [f"docs/{file.src_uri}" for file in files.documentation_pages()]
    seen = set(waiting)
    while waiting:
        origin = waiting.pop()
        _origins[_place(origin)] = origin
        text = _text(origin)
        if not origin.startswith("docs/"):
            files.append(File.generated(config, _place(origin), content=text))
        for target in _targets(origin, text):
            if target not in seen and not target.startswith("docs/"):
                seen.add(target)
                waiting.append(target)
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Have the links lead to the site's pages."""
    here = page.file.src_uri
    origin = _origins[here]

    def moved(link: str) -> str:
        target = _target(origin, link)
        if target is None:
            return link
        return posixpath.relpath(_place(target), posixpath.dirname(here) or ".")

    return _with_links(markdown, moved)


def _place(origin: str) -> str:
    """The page's file in the site."""
    if origin.startswith("docs/"):
        return origin.removeprefix("docs/")
    if origin.endswith(".md"):
        return OUTSIDE + origin
    return f"{OUTSIDE}{origin}/index.md" if (ROOT / origin).is_dir() else f"{OUTSIDE}{origin}.md"


def _target(origin: str, link: str) -> str | None:
    """What a page links to, as a path in the repository; ``None`` for a link that is left as it is."""
    if not link or _ELSEWHERE.match(link):
        return None
    target = posixpath.normpath(posixpath.join(posixpath.dirname(origin), link))
    path = ROOT / target
    if target.startswith("..") or not path.exists():
        return None  # mkdocs complains of it
    return posixpath.join(target, "README.md") if (path / "README.md").exists() else target


def _targets(origin: str, text: str) -> Iterator[str]:
    found: list[str] = []

    def note(link: str) -> str:
        target = _target(origin, link)
        found.extend([target] if target else [])
        return link

    _with_links(text, note)
    yield from found


def _with_links(text: str, change: Callable[[str], str]) -> str:
    """The text with its links changed, those in code aside."""
    pieces, end = [], 0
    plain = _CODE.sub(lambda code: "\0" * len(code[0]), text)
    for link in _LINK.finditer(plain):
        pieces += [text[end : link.start(2)], change(link[2])]
        end = link.end(2)
    return "".join([*pieces, text[end:]])


def _text(origin: str) -> str:
    path = ROOT / origin
    if path.is_dir():
        names = sorted(it.name for it in path.iterdir() if it.name[0] not in "._")
        listed = "\n".join(f"- [{name}]({path.name}/{name})" for name in names)
        return f"# {origin}\n\n{listed}\n"
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        return text
    return f"# {origin}\n\n````{LANGUAGES.get(path.suffix, 'text')}\n{text.rstrip()}\n````\n"
