"""User name and password (RFC 7617)."""

import base64
import hmac
from collections.abc import Mapping

from fluent_connect.ingest.verify.scheme import Knock
from fluent_connect.model.errors import ConfigError


class Basic:
    """Whoever knows the password of one of the users may knock."""

    needs_body = False

    def __init__(self, users: Mapping[str, str]) -> None:
        for user, password in users.items():
            if not password:
                raise ConfigError(f"the user {user!r} has no password")
            if ":" in user:
                raise ConfigError(f"the name of the user {user!r} may not hold a colon")
        self._pairs = tuple(
            base64.b64encode(f"{user}:{password}".encode()) for user, password in users.items()
        )

    def passes(self, knock: Knock, now: float) -> bool:  # noqa: ARG002
        """Say whether the credentials are those of a user."""
        scheme, _, encoded = knock.headers.get(b"authorization", b"").partition(b" ")
        if scheme.lower() != b"basic":
            return False
        given = encoded.strip()
        passed = False
        for pair in self._pairs:
            passed |= hmac.compare_digest(given, pair)
        return passed
