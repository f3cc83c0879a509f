"""A certificate that senders sign by, as it was read."""

from collections.abc import Callable
from typing import Literal

import msgspec

Digest = Literal["md5", "sha1", "sha256", "sha512"]
Signed = Callable[[bytes, bytes, Digest], bool]
"""Given a signature and the bytes: says whether a key's owner signed exactly these."""


class Certificate(msgspec.Struct, frozen=True):
    """A signing certificate as PEM, whose it is, what it signed, and from when to when it holds."""

    text: bytes
    names: frozenset[str]
    signed: Signed
    begins: float
    ends: float
