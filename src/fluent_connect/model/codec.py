"""How values of the model become bytes and come back."""

from typing import Any, TypeVar

import msgspec

from fluent_connect.model.errors import MalformedError
from fluent_connect.model.message import Message

T = TypeVar("T")

encode = msgspec.json.Encoder().encode
_message = msgspec.json.Decoder(Message)
_untyped = msgspec.json.Decoder()


def decode_message(body: bytes) -> Message:
    """Return the message in `body`. Raise MalformedError if it holds none."""
    try:
        return _message.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedError(f"not a message: {error}") from error


def decode_json(body: bytes | str) -> Any:
    """Return the JSON value in `body` as plain Python. Raise MalformedError if it is not JSON.

    NaN, infinities, lone surrogates and bytes that are no UTF-8 are not JSON; a byte order mark
    is tolerated. Nesting is bounded by the decoder.
    """
    if isinstance(body, bytes) and body.startswith(b"\xef\xbb\xbf"):
        body = body[3:]
    try:
        return _untyped.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedError(f"not JSON: {error}") from error
