"""What a probe of `doctor` finds, and how a probe is kept from taking too long."""

import asyncio
from collections.abc import Awaitable
from typing import Literal

import msgspec

from fluent_connect.app.cli.masking import text
from fluent_connect.model.errors import ConnectError

State = Literal["ok", "warn", "fail", "skip"]
LONGEST = 3.0
"""Seconds that one probe may take."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One line of `doctor`: what was measured, what is expected, and how to mend it."""

    group: str
    name: str
    state: State
    measured: str
    expected: str = ""
    fix: str = ""


async def bounded(doing: Awaitable[Finding], group: str, name: str, fix: str) -> Finding:
    """Return what a probe finds; a failure, in the other side's words, if it raises or is slow."""
    try:
        async with asyncio.timeout(LONGEST):
            return await doing
    except TimeoutError:
        measured = f"no answer within {LONGEST:g} s"
    except ConnectError as error:
        measured = text(str(error))
    return Finding(group=group, name=name, state="fail", measured=measured, fix=fix)


def skipped(group: str, name: str, why: str) -> Finding:
    """Return the finding of a probe that there was no point in."""
    return Finding(group=group, name=name, state="skip", measured=why)
