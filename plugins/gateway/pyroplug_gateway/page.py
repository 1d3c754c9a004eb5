"""The web page on which people call objects. Its files are in ``templates`` and ``assets``.

It is a shell with the names of the objects. All else its scripts ask for, as any client of the gateway would.
"""

from __future__ import annotations

import hashlib
import json
from importlib import resources
from urllib.parse import quote

from werkzeug.wrappers import Request

from .answers import Answer
from .calls import Calls
from .directory import Directory
from .failures import Failure
from .settings import Settings

__all__ = ["Page"]

_HTML = "text/html; charset=utf-8"
_KINDS = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_POLICY = (
    # Nothing from elsewhere, and nothing that is written into the page itself.
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    # Browsers that know these refuse to make markup of any text, whoever asks.
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
)
_SAFE = (
    ("Content-Security-Policy", "; ".join(_POLICY)),
    ("Referrer-Policy", "no-referrer"),  # the key may be in the address
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
    ("Vary", "Accept"),
)
_MOST_IN_HTML = 500
"""Names that the page has from the start. It asks for the others, if there are more."""


class Page:
    """Answers for the page and its files."""

    def __init__(self, settings: Settings, directory: Directory, calls: Calls) -> None:
        import jinja2

        self._settings, self._directory = settings, directory
        loader = jinja2.PackageLoader("pyroplug_gateway", "templates")
        environment = jinja2.Environment(
            loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
        )
        self._template = environment.get_template("index.html")
        self._assets: dict[str, tuple[bytes, str]] = {}

    def index(self, request: Request, authorized: bool) -> Answer:
        """The page itself, or the names on it as JSON for those who accept nothing else.

        :param authorized: the caller knows the key, or there is none.
        :raises Failure: as ``Directory.names`` does, and 403, for JSON; the page tells of it.
        """
        best = request.accept_mimetypes.best_match(("text/html", "application/json"), "text/html")
        if best == "application/json":
            return self._names(authorized)
        names: list[str] = []
        trouble = ""
        if authorized:
            try:
                names = self._directory.names()
            except Failure as failure:
                trouble = failure.text
        text = self._template.render(
            names=[(name, _segment(name)) for name in names[:_MOST_IN_HTML]],
            total=len(names),
            trouble=trouble,
            authorized=authorized,
            keyed=bool(self._settings.key),
            pattern=self._settings.expose if authorized else "",
            nameserver=self._directory.nameserver is not None,
        )
        # A name may have half a surrogate pair, which no encoding has.
        return Answer(text.encode("utf-8", "replace"), _HTML, 200 if authorized else 403, _SAFE)

    def _names(self, authorized: bool) -> Answer:
        if not authorized:
            raise Failure(403, "the gateway's key is missing, or wrong")
        found = {
            "names": self._directory.names(),
            "expose": self._settings.expose,
            "nameserver": self._directory.nameserver is not None,
        }
        return Answer(json.dumps(found).encode(), headers=(("Cache-Control", "no-store"), ("Vary", "Accept")))

    def asset(self, request: Request, path: str) -> Answer:
        """A file that the page needs. Raises :exc:`Failure`: 404."""
        content, tag = self._asset(path)
        headers = (
            ("Cache-Control", "no-cache"),  # kept, and asked about each time: another version may be served
            ("Cross-Origin-Resource-Policy", "same-origin"),
            ("ETag", f'"{tag}"'),
        )
        kind = _KINDS[path[path.rindex(".") :]]
        if request.if_none_match.contains_weak(tag):
            return Answer(b"", kind, 304, headers)
        return Answer(content, kind, 200, headers)

    def _asset(self, path: str) -> tuple[bytes, str]:
        if not self._assets:
            # All of them at once: what is asked for is a key, and never a file's name.
            found = {}
            for file in resources.files("pyroplug_gateway").joinpath("assets").iterdir():
                if file.name.endswith(tuple(_KINDS)):
                    content = file.read_bytes()
                    found[file.name] = content, hashlib.sha256(content).hexdigest()[:20]
            self._assets = found  # as a whole, for other threads look there
        try:
            return self._assets[path]
        except KeyError:
            raise Failure(404, "there is no such file") from None


def _segment(name: str) -> str:
    """A part of a path."""
    return quote(name, safe="", errors="replace")
