"""Ports for servers that a test starts again and again."""

import errno
import random
import socket

_KEPT = range(20_000, 32_000)
"""Below what systems give to connections (Linux: from 32768): nobody gets one while we are down."""


def free_port() -> int:
    """Return a port of this machine that nobody listens on, and that none is given by chance."""
    for port in random.sample(_KEPT, len(_KEPT)):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
                continue
            return port
    raise OSError(errno.EADDRINUSE, f"no port from {_KEPT.start} to {_KEPT.stop} is free")
