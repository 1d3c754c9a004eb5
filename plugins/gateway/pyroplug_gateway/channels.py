"""One client's connection, under waitress: what it may send, how long it may take, and when it makes room.

Nothing here answers requests.
"""

from __future__ import annotations

import time

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError

__all__ = ["channel_class"]


class Parser(HTTPRequestParser):  # type: ignore[misc]  # it has no types
    """Refuses requests of which another server, in between, may understand something else."""

    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(header_plus)
        host = self.headers.get("HOST")
        if (host is None and self.version == "1.1") or "," in (host or ""):
            raise ParsingError("there is to be one Host")
        if self.chunked and "CONTENT_LENGTH" in self.headers:
            raise ParsingError("there are both Content-Length and Transfer-Encoding")
        if "TRANSFER_ENCODING" in self.headers:  # it was taken away if it is understood
            raise ParsingError("this version of HTTP has no Transfer-Encoding")


def channel_class(request_time: float, most: int) -> type[HTTPChannel]:
    """How connections are made that end when a request takes too long to arrive, or its answer to be taken.

    :param request_time: seconds.
    :param most: connections; one more, and the one that has been quiet for the longest time is ended.
    """

    class Channel(HTTPChannel):  # type: ignore[misc]  # it has no types
        parser_class = Parser
        _began = 0.0

        def __init__(self, server: object, *arguments: object, **options: object) -> None:
            super().__init__(server, *arguments, **options)
            if len(self.server.active_channels) > most:
                waiting = [
                    it for it in self.server.active_channels.values() if not (it.requests or it.will_close)
                ]
                quiet = min(waiting, key=lambda it: it.last_activity, default=self)
                quiet.will_close = True

        def received(self, data: bytes) -> bool:
            done: bool = super().received(data)
            if self.request is None:
                self._began = 0.0
            elif not self._began:
                self._began = time.time()
            return done

        def readable(self) -> bool:
            now = time.time()
            stuck = self.total_outbufs_len and now - self.last_activity > request_time
            if stuck or (self._began and now - self._began > request_time):
                self._began = 0.0
                self.handle_close()
                return False
            found: bool = super().readable()
            return found

    return Channel
