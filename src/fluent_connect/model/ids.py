"""Ids that sort by the time they were made, so that indexes over them grow at one end."""

import os
import time


def new_id() -> str:
    """Return an id of 32 hexadecimal digits: 48 bits of milliseconds, 80 of chance."""
    return f"{time.time_ns() // 1_000_000:012x}{os.urandom(10).hex()}"
