"""Where a database is: what a `postgresql://` URL says, its password kept out of sight."""

from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import msgspec

from fluent_connect.model.errors import ConfigError
from fluent_connect.queues.address import shown

_SCHEME = "postgresql"
_OURS = frozenset({"pool", "schema"})
_DRIVERS = frozenset(
    {
        "application_name",
        "connect_timeout",
        "gsslib",
        "host",
        "krbsrvname",
        "options",
        "passfile",
        "port",
        "service",
        "servicefile",
        "ssl_max_protocol_version",
        "ssl_min_protocol_version",
        "sslcert",
        "sslcrl",
        "sslkey",
        "sslmode",
        "sslrootcert",
        "target_session_attrs",
        "user",
    }
)
_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_LARGEST_POOL = 50


class Place(msgspec.Struct, frozen=True):
    """A database and the schema in it.

    dsn:    the URL without our own options.
    schema: where the tables are; "" is the role's own search path.
    pool:   connections for searches; a process has two more for its work.
    """

    dsn: str
    schema: str = ""
    pool: int = 2

    @classmethod
    def of(cls, url: str) -> "Place":
        """Return what the URL says. Raise ConfigError for an option that nothing knows."""
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query, keep_blank_values=True))
        told = shown(url)
        if parts.scheme != _SCHEME:
            raise ConfigError(f"{told}: write postgresql://user@host/name")
        if unknown := sorted(options.keys() - _OURS - _DRIVERS):
            known = ", ".join(sorted(_OURS | _DRIVERS))
            raise ConfigError(f"{told}: unknown option {unknown[0]!r}; known are {known}")
        if (mode := options.get("sslmode", "prefer")) not in _MODES:
            raise ConfigError(f"{told}: sslmode is one of {', '.join(_MODES)}, not {mode!r}")
        if not parts.path.strip("/"):
            raise ConfigError(f"{told} names no database: write postgresql://user@host/name")
        rest = urlencode({k: v for k, v in options.items() if k not in _OURS}, quote_via=quote)
        dsn = urlunsplit((parts.scheme, parts.netloc, parts.path, rest, ""))
        return cls(dsn, options.get("schema", ""), _pool(options.get("pool", "2"), told))

    @property
    def shown(self) -> str:
        """Return the URL as it may be shown: without a password."""
        return shown(self.dsn)


def _pool(text: str, told: str) -> int:
    if text.isdigit() and 1 <= int(text) <= _LARGEST_POOL:
        return int(text)
    raise ConfigError(f"{told}: pool is a number from 1 to {_LARGEST_POOL}, not {text!r}")
