"""What a request says beside its path: parameters, options, and the key."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import IO, Any
from urllib.parse import parse_qsl

from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException
from werkzeug.formparser import FormDataParser
from werkzeug.wrappers import Request

from .failures import Failure

__all__ = ["KEY", "GatewayRequest", "key_of", "options_of", "parameters_of"]

KEY = "$key"
_FORM = "application/x-www-form-urlencoded"
_FORMS = frozenset((_FORM, "multipart/form-data"))
_JSON = "application/json"
_MOST_FIELDS = 1000
_CLASS = "__class__"
"""Makes an object of some class of whatever has a member of this name, on the remote side."""


class GatewayRequest(Request):
    """A request whose query and form have texts, in UTF-8, and no files."""

    @cached_property
    def query(self) -> MultiDict[str, str]:
        """The query's fields. Raises as ``parameters_of`` does."""
        return _fields(self.query_string)

    @cached_property
    def fields(self) -> MultiDict[str, str]:
        """The form's. Raises as ``parameters_of`` does."""
        _check_coding(self)
        if self.mimetype == _FORM:
            return _fields(_body(self))
        parser = FormDataParser(
            stream_factory=_no_files,
            max_form_memory_size=self.max_form_memory_size,
            max_form_parts=_MOST_FIELDS,
            silent=False,
        )
        try:
            found = parser.parse(self.stream, self.mimetype, self.content_length, self.mimetype_params)
        except HTTPException as error:
            raise _too_much(error) from error
        except ValueError as error:
            raise Failure(400, "the form is damaged") from error
        return found[1]


def _fields(text: bytes) -> MultiDict[str, str]:
    if text.count(b"&") >= _MOST_FIELDS:
        raise Failure(413, f"there are more than {_MOST_FIELDS} parameters; JSON may have as many as fit")
    try:
        return MultiDict(parse_qsl(text.decode(), keep_blank_values=True, errors="strict"))
    except ValueError:  # UnicodeDecodeError is one
        raise Failure(400, "parameters are to be in UTF-8") from None


def _no_files(
    total_content_length: int | None,
    content_type: str | None,
    filename: str | None,
    content_length: int | None = None,
) -> IO[bytes]:
    raise Failure(415, "files are not taken as parameters")


def options_of(request: Request) -> frozenset[str]:
    """The words of ``X-Pyro-Options``."""
    text = request.environ.get("HTTP_X_PYRO_OPTIONS")
    return frozenset(word.strip() for word in text.split(",")) if text else frozenset()


def key_of(request: GatewayRequest) -> bytes:
    """The gateway's key, as the caller has it; empty for none. Raises as ``parameters_of`` does."""
    header = request.environ.get("HTTP_X_PYRO_GATEWAY_KEY")
    if header:
        return bytes(header, "latin-1")  # what WSGI has made a text of
    try:
        key = request.query.get(KEY) if request.query_string else None
    except Failure:
        key = None  # whoever knows it is told what is wrong, and nobody else
    if key is None and request.method == "POST" and request.mimetype in _FORMS:
        key = request.fields.get(KEY)
    return (key or "").encode("utf-8", "surrogatepass")


def parameters_of(request: GatewayRequest, max_depth: int) -> tuple[Sequence[Any], Mapping[str, Any]]:
    """Positional and keyword arguments.

    :param max_depth: of JSON.
    :raises Failure: 400: they cannot be understood; 413: there is too much; 415: they are in another format.
    """
    pairs: list[tuple[str, list[str]]] = list(request.query.lists()) if request.query_string else []
    if request.method != "POST" or not _has_body(request):
        return (), _single(pairs)
    if request.mimetype in _FORMS:
        pairs += request.fields.lists()
        return (), _single(pairs)
    if request.mimetype != _JSON:
        raise Failure(415, "parameters are to be a form, or application/json")
    _check_coding(request)
    body = _json(_body(request), max_depth)
    kwargs = _single(pairs)
    if type(body) is list:
        return body, kwargs
    if type(body) is not dict:
        raise Failure(400, "parameters as JSON are an object, or an array")
    if kwargs.keys() & body.keys():
        raise Failure(400, "a parameter is in the query string and in the body")
    body.pop(KEY, None)
    return (), {**kwargs, **body}


def _has_body(request: Request) -> bool:
    return bool(request.content_length) or "HTTP_TRANSFER_ENCODING" in request.environ


def _body(request: Request) -> bytes:
    try:
        return request.get_data(cache=False)
    except HTTPException as error:
        raise _too_much(error) from error


def _too_much(error: HTTPException) -> Failure:
    status = error.code or 400
    return Failure(status, "the request's body is too large" if status == 413 else "the body is damaged")


def _check_coding(request: Request) -> None:
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Failure(415, "bodies are taken as they are, not compressed")
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if charset not in ("utf-8", "utf8", "us-ascii"):
        raise Failure(415, "parameters are to be in UTF-8")


def _single(pairs: Iterable[tuple[str, list[str]]]) -> dict[str, Any]:
    """Values by name: a text where there is one, a list where there are more."""
    found: dict[str, list[str]] = {}
    for name, values in pairs:
        if name == _CLASS:
            raise _no_object()
        if name != KEY:
            found.setdefault(name, []).extend(values)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _no_object() -> Failure:
    return Failure(400, f"parameters are plain values: none of them may be called {_CLASS}")


# JSON ------------------------------------------------------------------------------------------------


def _json(body: bytes, max_depth: int) -> Any:
    try:
        value = _decoder.decode(body.decode("utf-8"))
    except (ValueError, RecursionError):  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        raise Failure(400, "the request's body is not valid JSON in UTF-8") from None
    if _depth(value, max_depth) > max_depth:
        raise Failure(400, f"JSON may be nested {max_depth} levels deep, and no deeper")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise Failure(400, "a JSON object has two members of one name")
    if _CLASS in made:
        raise _no_object()
    return made


def _number(text: str) -> float:
    value = float(text)
    if value - value != 0:
        raise ValueError("too large")
    return value


def _constant(_text: str) -> Any:
    raise ValueError("not JSON")


_decoder = json.JSONDecoder(object_pairs_hook=_object, parse_float=_number, parse_constant=_constant)


def _depth(value: Any, enough: int) -> int:
    """How deeply it is nested; anything above ``enough`` stands for more."""
    level, depth = [value], 0
    while depth <= enough:
        level = (
            [
                inner
                for outer in level
                for inner in (outer.values() if type(outer) is dict else outer)
                if type(inner) in (dict, list)
            ]
            if depth
            else [each for each in level if type(each) in (dict, list)]
        )
        if not level:
            return depth
        depth += 1
    return depth
