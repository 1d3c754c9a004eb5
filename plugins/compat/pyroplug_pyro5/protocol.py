"""The wire protocol's version, and its kinds and flags of messages as plain numbers.

Messages themselves are made and read in :mod:`pyroplug.wire`, in another way than Pyro5's.
"""

from __future__ import annotations

from pyroplug.protocol import PROTOCOL_VERSION, Flags, MessageType

__all__ = [
    "FLAGS_BATCH",
    "FLAGS_COMPRESSED",
    "FLAGS_CORR_ID",
    "FLAGS_EXCEPTION",
    "FLAGS_ITEMSTREAMRESULT",
    "FLAGS_KEEPSERIALIZED",
    "FLAGS_ONEWAY",
    "MSG_CONNECT",
    "MSG_CONNECTFAIL",
    "MSG_CONNECTOK",
    "MSG_INVOKE",
    "MSG_PING",
    "MSG_RESULT",
    "PROTOCOL_VERSION",
]

MSG_CONNECT = int(MessageType.CONNECT)
MSG_CONNECTOK = int(MessageType.CONNECTOK)
MSG_CONNECTFAIL = int(MessageType.CONNECTFAIL)
MSG_INVOKE = int(MessageType.INVOKE)
MSG_RESULT = int(MessageType.RESULT)
MSG_PING = int(MessageType.PING)

FLAGS_EXCEPTION = int(Flags.EXCEPTION)
FLAGS_COMPRESSED = int(Flags.COMPRESSED)
FLAGS_ONEWAY = int(Flags.ONEWAY)
FLAGS_BATCH = int(Flags.BATCH)
FLAGS_ITEMSTREAMRESULT = int(Flags.ITEM_STREAM_RESULT)
FLAGS_KEEPSERIALIZED = int(Flags.KEEP_SERIALIZED)
FLAGS_CORR_ID = int(Flags.CORRELATION_ID)
