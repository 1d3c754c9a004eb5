"""The sizes and times that are nobody's to configure, each with its reason."""

from __future__ import annotations

SCRATCH = 64 << 10
"""Bytes lent for one receive; larger messages get memory of their own from the session."""

STAY = 0.05
"""Seconds that a worker waits for a connection's next request: calls in a row need no poller."""

SMALL_PIECE = 4096
"""Bytes; a worker does not stay for the rest of a message that arrives in smaller pieces than this."""

OUTBOX = 1 << 20
"""Bytes that may wait for a slow reader before nothing more is read from it."""

FLUSH_BUFFERS = 64
"""How many waiting buffers one system call sends."""

ACCEPTS = 64
"""How many connections one turn accepts, so that a crowd of newcomers does not hold up the others."""

SPARE_FILES = 32
"""How many of the descriptors that the process may open are not for clients."""

SPARE_GREETERS = 16
"""How many may greet when only spare descriptors are left."""

OPEN_FILES = "open files (ulimit -n)"
"""What the system's limit of descriptors is called among those that refuse."""

LEAST_RATE = 4096
"""Bytes in a second at which a large message goes on to be waited for, and an answer to be sent."""

ACCEPT_PAUSE = 0.2
"""Seconds without accepting after the system had no room; a newcomer that waits would make the loop spin."""

LINGER = 2.0
"""Seconds that a peer gets to take the last answer before the connection is closed."""

LINGER_BYTES = 64 << 20
"""Bytes of its own that the peer may still send in that time."""

DISCARDS = 16
"""How many pieces of unread bytes are thrown away where there is no time to linger."""

LINGER_CONNECTIONS = 256
"""How many connections may be in that state; beyond, they are closed at once."""

HOUSEKEEPING = 3.0
"""Seconds between two rounds of housekeeping; less where POLLTIMEOUT is."""

URGENT = 0.1
"""Seconds between two looks at the clock while something short is under way."""

WORKER_IDLE = 5.0
"""Seconds after which a thread with nothing to do ends."""

ONEWAY_QUEUE = 1000
"""How many one-way calls may wait for a thread; a quarter of them may be one connection's."""

ONEWAY_QUEUE_BYTES = 64 << 20
"""How many bytes may wait with them; again, a quarter of them for one connection. Small calls are counted
only: as many as one connection may have waiting, of a size that makes them ``ONEWAY_LEAST_BYTES``."""

ONEWAY_LEAST = 8
"""One-way calls that any connection may have waiting, however many others have."""

ONEWAY_LEAST_BYTES = 1 << 20
"""Bytes that may wait with them."""

ONEWAY_SHARE = 3
"""How many threads a connection may have for each one that is free: 24 of 32, if it is alone."""

STUCK = 1.0
"""Seconds without one of them ending, after which threads for one-way calls are said to be busy."""

GLANCE = 0.02
"""Seconds between two looks at whether the calls that were running are over."""

MARGIN = 0.5
"""Seconds that closing may take beyond the grace that running calls get."""
