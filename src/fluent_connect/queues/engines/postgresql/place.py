"""Where a database is: what a `postgresql://` URL says, its password kept out of sight."""

from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import msgspec

from fluent_connect.model.errors import ConfigError

_SCHEMES = frozenset({"postgresql", "postgres"})
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
        "sslpassword",
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
        shown = masked(url)
        if parts.scheme not in _SCHEMES:
            raise ConfigError(f"{shown}: write postgresql://user@host/name")
        if unknown := sorted(options.keys() - _OURS - _DRIVERS):
            known = ", ".join(sorted(_OURS | _DRIVERS))
            raise ConfigError(f"{shown}: unknown option {unknown[0]!r}; known are {known}")
        if (mode := options.get("sslmode", "prefer")) not in _MODES:
            raise ConfigError(f"{shown}: sslmode is one of {', '.join(_MODES)}, not {mode!r}")
        if not parts.path.strip("/"):
            raise ConfigError(f"{shown} names no database: write postgresql://user@host/name")
        rest = urlencode({k: v for k, v in options.items() if k not in _OURS}, quote_via=quote)
        dsn = urlunsplit((parts.scheme, parts.netloc, parts.path, rest, ""))
        return cls(dsn, options.get("schema", ""), _pool(options.get("pool", "2"), shown))

    @property
    def shown(self) -> str:
        """Return the URL as it may be shown: without a password."""
        return masked(self.dsn)


def masked(url: str) -> str:
    """Return a URL with `***` for its password, wherever it stands."""
    parts = urlsplit(url)
    netloc = parts.netloc
    if "@" in netloc:
        user, _, host = netloc.rpartition("@")
        name, colon, _ = user.partition(":")
        netloc = f"{name}:***@{host}" if colon else netloc
    query = "&".join(
        f"{each.partition('=')[0]}=***" if "password" in each.partition("=")[0] else each
        for each in parts.query.split("&")
    )
    return urlunsplit((parts.scheme, netloc, parts.path, query, parts.fragment))


def _pool(text: str, shown: str) -> int:
    if text.isdigit() and 1 <= int(text) <= _LARGEST_POOL:
        return int(text)
    raise ConfigError(f"{shown}: pool is a number from 1 to {_LARGEST_POOL}, not {text!r}")
