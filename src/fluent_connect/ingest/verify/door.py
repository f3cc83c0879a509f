"""A door of the endpoint: who may knock there, and how much may come through at once."""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from fluent_connect.ingest.verify.api_key import ApiKey
from fluent_connect.ingest.verify.basic import Basic
from fluent_connect.ingest.verify.hmac_body import HmacBody, HmacForm
from fluent_connect.ingest.verify.open import Open
from fluent_connect.ingest.verify.query_secret import QuerySecret
from fluent_connect.ingest.verify.scheme import Scheme
from fluent_connect.ingest.verify.standard_webhooks import StandardWebhooks
from fluent_connect.model.errors import ConfigError

DEFAULT = "default"
LARGEST_BODY = 10 * 1024 * 1024


class Door(msgspec.Struct, frozen=True, kw_only=True):
    """Who may knock (any scheme that passes), and what is kept of the request.

    schemes: none at all = undecided: the door answers 503 until it has a secret.
    keep:    names of further headers to keep (lower case), those that an external system's
             mapping reads.
    """

    name: str
    schemes: Sequence[Scheme] = ()
    body_limit: int = LARGEST_BODY
    keep: frozenset[str] = frozenset()

    @property
    def early(self) -> Sequence[Scheme]:
        """Return the schemes that are asked before the body is read."""
        return [each for each in self.schemes if not each.needs_body]

    @property
    def late(self) -> Sequence[Scheme]:
        """Return the schemes that prove the body too."""
        return [each for each in self.schemes if each.needs_body]


class Secrets(msgspec.Struct, frozen=True, kw_only=True):
    """What the configuration knows of a door's secrets, whatever scheme they are for."""

    secrets: Sequence[str] = ()
    keys: Sequence[str] = ()
    users: Mapping[str, str] = {}
    header: str = "x-api-key"
    parameter: str = "key"
    tolerance: float = 300.0
    hmac: HmacForm = HmacForm()


def schemes(names: Sequence[str], given: Secrets) -> Sequence[Scheme]:
    """Return the schemes of these names that have a secret; `none` needs none.

    `api-key` takes `keys`, else `secrets`. Raise ConfigError for a name that is not known, or for
    a secret that is no secret.
    """
    made: list[Scheme] = []
    for name in names:
        build = SCHEMES.get(name)
        if build is None:
            raise ConfigError(f"the scheme {name!r} is not known (known: {', '.join(SCHEMES)})")
        scheme = build(given)
        if scheme is not None:
            made.append(scheme)
    return tuple(made)


def _api_key(given: Secrets) -> Scheme | None:
    keys = given.keys or given.secrets
    return ApiKey(keys, given.header) if keys else None


def _basic(given: Secrets) -> Scheme | None:
    return Basic(given.users) if given.users else None


def _standard_webhooks(given: Secrets) -> Scheme | None:
    return StandardWebhooks(given.secrets, given.tolerance) if given.secrets else None


def _hmac(given: Secrets) -> Scheme | None:
    return HmacBody(given.secrets, given.hmac, given.tolerance) if given.secrets else None


def _query(given: Secrets) -> Scheme | None:
    return QuerySecret(given.keys, given.parameter) if given.keys else None


def _open(_: Secrets) -> Scheme | None:
    return Open()


SCHEMES: Mapping[str, Callable[[Secrets], Scheme | None]] = {
    "api-key": _api_key,
    "basic": _basic,
    "hmac": _hmac,
    "query-key": _query,
    "standard-webhooks": _standard_webhooks,
    "none": _open,
}
"""How each scheme is made of what the configuration knows; a new one is a file and a line here."""
