"""The gateway as a WSGI application: from a request to the room that answers it, and back.

Nothing here talks to remote objects; ``calls`` does.
"""

from __future__ import annotations

import hmac
import json
import logging
from collections.abc import Callable, Iterable, Iterator
from contextvars import Context
from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import Map, Rule

from pyroplug.api import current_context

from . import access_log
from .answers import Answer
from .calls import META, Call, Calls
from .directory import Directory
from .failures import Failure, described
from .headers import CORRELATION_ID, Cors, Hosts, correlation_id
from .nameserver import NameServer
from .openapi import OpenApi
from .page import Page
from .parameters import GatewayRequest, key_of, options_of, parameters_of
from .pool import Pool
from .settings import Settings

__all__ = ["HEALTH", "Gateway"]

log = logging.getLogger(__name__)

HEALTH = "/healthz"
"""Where whoever watches the gateway asks how it is."""
_READ = ["GET", "OPTIONS"]  # HEAD comes with GET
_CALL = ["GET", "POST", "OPTIONS"]


_MAP = Map(
    [
        Rule("/", endpoint="root", methods=_READ),
        Rule("/pyro", endpoint="root", methods=_READ),
        Rule("/pyro/", endpoint="page", methods=_READ),
        Rule("/pyro/openapi.json", endpoint="openapi", methods=_READ),
        Rule(HEALTH, endpoint="health", methods=_READ),
        Rule("/assets/<path:path>", endpoint="asset", methods=_READ),
    ],
    merge_slashes=False,
    strict_slashes=False,
)
_CALLS = "/pyro/"
"""Where calls are. No rule says so: names of objects may have anything in them."""
_STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
_PING_TIME = 2.0
"""Seconds that the name server has to answer when somebody asks for the gateway's health."""

Environ = dict[str, Any]
StartResponse = Callable[..., Any]


class Gateway:
    """Calls of remote objects by HTTP. A WSGI application, for any number of threads.

    It makes no connection before one is needed, and changes no configuration but a copy of its own.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        """
        :param settings: ``None`` for what the configuration says.
        :raises ConfigError: a setting is unusable.
        """
        self.settings = settings = Settings.of() if settings is None else settings
        configuration = settings.configuration.copy()
        configuration.SERIALIZER = "json"
        configuration.COMMTIMEOUT = settings.timeout
        configuration.MAX_RETRIES = 0
        self._pool = Pool(
            configuration,
            most=settings.connections,
            most_each=settings.connections_per_object,
            idle_time=settings.idle_time,
        )
        nameserver = None
        if settings.nameserver is not None:
            nameserver = NameServer(settings.nameserver, self._pool, configuration)
        self.directory = Directory(settings, nameserver)
        self.calls = Calls(settings, self.directory, self._pool)
        self._openapi = OpenApi(settings, self.directory, self.calls)
        self._page = Page(settings, self.directory, self.calls)
        self._cors = Cors(settings.cors)
        self._hosts = Hosts(settings.hosts)
        self._rooms: dict[str, Callable[..., Answer]] = {
            "root": self._root,
            "page": self._index,
            "asset": self._asset,
            "openapi": self._description,
            "health": self._health,
            "call": self._called,
        }

    def close(self) -> None:
        """End the connections that are kept."""
        self._pool.close()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        finish = access_log.begin(environ)
        # Of its own: what a thread's requests say beside their calls is none of the next one's business.
        answer, correlation = Context().run(self._answered, environ)
        body = answer.body
        headers = [("Content-Type", answer.content_type), *answer.headers, *self._cors.headers(environ)]
        headers += [(CORRELATION_ID, correlation), ("X-Content-Type-Options", "nosniff")]
        head = environ["REQUEST_METHOD"] == "HEAD"
        if isinstance(body, bytes):
            if answer.status != HTTPStatus.NOT_MODIFIED:  # its length would be the file's
                headers.append(("Content-Length", str(len(body))))
            start_response(_STATUS_LINES[answer.status], headers)
            if finish is not None:
                finish(answer.status, len(body), correlation)
            return [] if head else [body]
        start_response(_STATUS_LINES[answer.status], headers)
        return _Stream(body, lambda size: finish and finish(answer.status, size, correlation))

    def _answered(self, environ: Environ) -> tuple[Answer, str]:
        """The answer, and the correlation id; nothing is raised."""
        correlation = None
        try:
            correlation = correlation_id(environ)
            return self._answer(environ, correlation), str(correlation)
        except Failure as failure:
            told = failure
            if failure.__cause__ is not None and failure.status >= 500:
                # What the client is not told: addresses, and what is wrong there.
                log.warning("%s: %s", failure.text, access_log.printable(str(failure.__cause__)))
        except Exception:
            log.exception("a request failed by a fault of the gateway's")
            told = Failure(500, "the gateway failed")
        answer = Answer(described(told), status=told.status, headers=told.headers)
        return answer, str(correlation or uuid4())

    def _answer(self, environ: Environ, correlation: UUID) -> Answer:
        request = GatewayRequest(environ, populate_request=False)
        request.max_content_length = request.max_form_memory_size = self.settings.max_body
        endpoint, values = _routed(environ)
        if endpoint != "health":  # whoever watches may use any name
            self._hosts.check(environ)
        if request.method == "OPTIONS":
            allowed = ", ".join(_CALL if endpoint == "call" else _READ)
            return Answer(headers=(("Allow", allowed), *self._cors.preflight(environ)))
        if endpoint == "call":
            current_context.correlation_id = correlation
        answer: Answer = self._rooms[endpoint](request, **values)
        return answer

    def _root(self, request: GatewayRequest) -> Answer:
        return Answer(status=302, headers=(("Location", f"{quote(request.root_path)}/pyro/"),))

    def _index(self, request: GatewayRequest) -> Answer:
        return self._page.index(request, self._knows_key(request))

    def _asset(self, request: GatewayRequest, path: str) -> Answer:
        return self._page.asset(request, path)

    def _description(self, request: GatewayRequest) -> Answer:
        self._check_key(request)
        return Answer(self._openapi.bytes(request.root_path), headers=(_NO_STORE,))

    def _called(self, request: GatewayRequest, name: str, method: str) -> Answer:
        self._cors.check(request.environ)
        self._check_key(request)
        if not self.directory.allows(name):
            raise Failure(403, "access to the requested object is not allowed")
        if method == META:
            return self.calls.meta(name, details="details" in request.query)
        args, kwargs = parameters_of(request, self.settings.max_depth)
        harmless = request.method == "GET" and not self.settings.get_calls
        oneway = "oneway" in options_of(request)
        return self.calls.call(Call(name, method, args, kwargs, oneway=oneway, harmless=harmless))

    def _knows_key(self, request: GatewayRequest) -> bool:
        key = self.settings.key
        return not key or hmac.compare_digest(key_of(request), key)

    def _check_key(self, request: GatewayRequest) -> None:
        if not self._knows_key(request):
            raise Failure(403, "the gateway's key is missing, or wrong")

    def _health(self, _request: GatewayRequest) -> Answer:
        self._pool.sweep()  # where nobody calls, whoever watches has idle connections ended
        told = {"status": "ok", "nameserver": "ok" if self.directory.nameserver else "none"}
        status = 200
        try:
            self.directory.ping(_PING_TIME)
        except Failure:
            told, status = {"status": "unavailable", "nameserver": "unreachable"}, 503
        return Answer(json.dumps(told).encode(), status=status, headers=(_NO_STORE,))


_NO_STORE = ("Cache-Control", "no-store")


def _routed(environ: Environ) -> tuple[str, dict[str, Any]]:
    """Which of the routes a request takes, and what its path says."""
    try:
        path = environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8")
    except UnicodeError:
        raise Failure(400, "the path is not UTF-8") from None
    name, _, member = path.removeprefix(_CALLS).rpartition("/") if path.startswith(_CALLS) else ("", "", "")
    if name and member:
        # The last slash counts: names may have some, encoded or not, which the server does not tell apart.
        if environ["REQUEST_METHOD"] not in _CALL:
            raise _not_allowed(_CALL)
        return "call", {"name": name, "method": member}
    try:
        endpoint, values = _MAP.bind("gateway").match(path, environ["REQUEST_METHOD"])
    except MethodNotAllowed as error:
        raise _not_allowed(error.valid_methods or ()) from None
    except HTTPException:
        raise Failure(404, "there is nothing here; calls are at /pyro/OBJECT/METHOD") from None
    return endpoint, dict(values)


def _not_allowed(methods: Iterable[str]) -> Failure:
    allowed = ", ".join(sorted(methods))
    return Failure(
        405, f"the HTTP method is none of those that are taken here: {allowed}", (("Allow", allowed),)
    )


class _Stream:
    """A body of lines, which tells how much it was when it is over."""

    def __init__(self, lines: Any, finish: Callable[[int], object]) -> None:
        self._lines, self._finish, self._size = lines, finish, 0

    def __iter__(self) -> Iterator[bytes]:
        for line in self._lines:
            self._size += len(line)
            yield line

    def close(self) -> None:
        self._lines.close()
        self._finish(self._size)
