"""A shared key in a header."""

import hmac
from collections.abc import Sequence

from fluent_connect.ingest.verify.scheme import Knock
from fluent_connect.model.errors import ConfigError


class ApiKey:
    """Whoever knows one of the keys may knock. Several keys: they can be changed one by one."""

    needs_body = False

    def __init__(self, keys: Sequence[str], header: str = "x-api-key") -> None:
        if not all(keys):
            raise ConfigError("an empty API key would let everybody in")
        self._keys = tuple(key.encode() for key in keys)
        self._header = header.lower().encode()

    def passes(self, knock: Knock, now: float) -> bool:  # noqa: ARG002
        """Say whether the header holds one of the keys, in a time that tells nothing of them."""
        given = knock.headers.get(self._header)
        if given is None:
            return False
        passed = False
        for key in self._keys:
            passed |= hmac.compare_digest(given, key)
        return passed
