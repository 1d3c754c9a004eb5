"""The wire protocol, for programs that ask which one is spoken here: ``PROTOCOL_VERSION`` and its words."""

from __future__ import annotations

from .wire import HEADER_SIZE, PROTOCOL_VERSION, Flags, Message, MessageType

__all__ = ["HEADER_SIZE", "PROTOCOL_VERSION", "Flags", "Message", "MessageType"]
