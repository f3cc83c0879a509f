"""Ids that sort by the time they were made, so that indexes over them grow at one end."""

import random
import time

_random = random.Random(random.SystemRandom().getrandbits(128))  # noqa: S311 - ids are to differ, not to be secret


def new_id() -> str:
    """Return an id of 32 hexadecimal digits: 48 bits of milliseconds, 80 of chance."""
    return f"{time.time_ns() // 1_000_000:012x}{_random.getrandbits(80):020x}"
