"""The web page: which objects there are. Its files are in ``templates``."""

from __future__ import annotations

from werkzeug.wrappers import Request

from .answers import Answer
from .calls import Calls
from .directory import Directory
from .failures import Failure
from .settings import Settings

__all__ = ["Page"]

_HTML = "text/html; charset=utf-8"
_SAFE = (
    ("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'; base-uri 'none'"),
    ("Referrer-Policy", "no-referrer"),  # the key may be in the address
)


class Page:
    """Answers for the page and its files."""

    def __init__(self, settings: Settings, directory: Directory, calls: Calls) -> None:
        import jinja2

        self._settings, self._directory, self._calls = settings, directory, calls
        loader = jinja2.PackageLoader("pyroplug_gateway", "templates")
        self._templates = jinja2.Environment(loader=loader, autoescape=True)

    def index(self, request: Request, authorized: bool) -> Answer:
        """The page itself.

        :param authorized: the caller knows the key, or there is none.
        """
        names, trouble = [], ""
        if authorized:
            try:
                names = self._directory.names()
            except Failure as failure:
                trouble = failure.text
        template = self._templates.get_template("index.html")
        text = template.render(
            names=names, trouble=trouble, authorized=authorized, pattern=self._settings.expose
        )
        return Answer(text.encode(), _HTML, 200 if authorized else 403, _SAFE)

    def asset(self, path: str) -> Answer:
        """A file that the page needs. Raises :exc:`Failure`: 404."""
        raise Failure(404, "there is no such file")
