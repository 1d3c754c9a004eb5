"""The wire protocol, for programs that ask which one is spoken here, and for those that speak it themselves.

``encode`` makes the bytes of a message.
"""

from __future__ import annotations

from .wire import HEADER_SIZE, PROTOCOL_VERSION, Flags, Message, MessageType, encode

__all__ = ["HEADER_SIZE", "PROTOCOL_VERSION", "Flags", "Message", "MessageType", "encode"]
