"""A shared key in the query of the URL: for senders that can set nothing else."""

import hmac
from collections.abc import Sequence
from urllib.parse import parse_qsl

from fluent_connect.ingest.verify.scheme import Knock
from fluent_connect.model.errors import ConfigError

_MOST_FIELDS = 20


class QuerySecret:
    """Whoever knows one of the keys may knock. We keep no query; proxies on the way may log it."""

    needs_body = False

    def __init__(self, keys: Sequence[str], parameter: str) -> None:
        if not all(keys):
            raise ConfigError("an empty key in the query would let everybody in")
        if not parameter:
            raise ConfigError("the query's key has no name")
        self._keys = tuple(key.encode() for key in keys)
        self._parameter = parameter

    def passes(self, knock: Knock, now: float) -> bool:  # noqa: ARG002
        """Say whether the query holds the parameter once, and one of the keys in it."""
        try:
            query = knock.query.decode("ascii")
            fields = parse_qsl(query, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
        except ValueError:
            return False
        given = [value for name, value in fields if name == self._parameter]
        if len(given) != 1:
            return False
        passed = False
        for key in self._keys:
            passed |= hmac.compare_digest(given[0].encode(), key)
        return passed
