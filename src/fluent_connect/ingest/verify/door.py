"""A door of the endpoint: who may knock there, and how much may come through at once."""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from fluent_connect.ingest.verify.api_key import ApiKey
from fluent_connect.ingest.verify.basic import Basic
from fluent_connect.ingest.verify.bearer import Bearer, BearerForm
from fluent_connect.ingest.verify.entra import EntraForm, entra
from fluent_connect.ingest.verify.fluent_signature import FluentForm, FluentSignature
from fluent_connect.ingest.verify.hmac_body import HmacBody, HmacForm
from fluent_connect.ingest.verify.open import Open
from fluent_connect.ingest.verify.published import Published
from fluent_connect.ingest.verify.pubsub import PubSub, PubSubForm
from fluent_connect.ingest.verify.query_secret import QuerySecret
from fluent_connect.ingest.verify.scheme import Scheme
from fluent_connect.ingest.verify.sns import Sns, SnsForm
from fluent_connect.ingest.verify.standard_webhooks import StandardWebhooks
from fluent_connect.model.errors import ConfigError

DEFAULT = "default"
FLUENT = "fluent"
"""The scheme of Fluent's own webhooks, and the door that the vendor's path leads to."""
LARGEST_BODY = 10 * 1024 * 1024


class Door(msgspec.Struct, frozen=True, kw_only=True):
    """Who may knock (any scheme that passes), and what is kept of the request.

    schemes: none at all = undecided: the door answers 503 until it has a secret.
    keep:    names of further headers to keep (lower case), those that an external system's
             mapping reads.
    origins: who may ask by `OPTIONS` whether it may send; none = whoever proves himself.
    open_handshake: the sender cannot prove himself in a handshake, only when it sends.
    rate:    proven requests a second that are taken; 0 = as many as come.
    accepted: the status of what is stored.
    """

    name: str
    schemes: Sequence[Scheme] = ()
    body_limit: int = LARGEST_BODY
    keep: frozenset[str] = frozenset()
    origins: Sequence[str] = ()
    open_handshake: bool = False
    rate: float = 0.0
    accepted: int = 202

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
    bearer: BearerForm | None = None
    pubsub: PubSubForm = PubSubForm()
    entra: EntraForm = EntraForm()
    sns: SnsForm = SnsForm()
    fluent: FluentForm = FluentForm()


def schemes(
    names: Sequence[str], given: Secrets, published: Published | None = None
) -> Sequence[Scheme]:
    """Return the schemes of these names that have a secret; `none` needs none.

    `api-key` takes `keys`, else `secrets`. `published`: the keys of others, shared by all doors.
    Raise ConfigError for a name that is not known, or for
    a secret that is no secret.
    """
    made: list[Scheme] = []
    known = published or Published()
    for name in names:
        build = SCHEMES.get(name)
        if build is None:
            raise ConfigError(f"the scheme {name!r} is not known (known: {', '.join(SCHEMES)})")
        scheme = build(given, known)
        if scheme is not None:
            made.append(scheme)
    return tuple(made)


def _api_key(given: Secrets, _: Published) -> Scheme | None:
    keys = given.keys or given.secrets
    return ApiKey(keys, given.header) if keys else None


def _basic(given: Secrets, _: Published) -> Scheme | None:
    return Basic(given.users) if given.users else None


def _standard_webhooks(given: Secrets, _: Published) -> Scheme | None:
    return StandardWebhooks(given.secrets, given.tolerance) if given.secrets else None


def _hmac(given: Secrets, _: Published) -> Scheme | None:
    return HmacBody(given.secrets, given.hmac, given.tolerance) if given.secrets else None


def _query(given: Secrets, _: Published) -> Scheme | None:
    return QuerySecret(given.keys, given.parameter) if given.keys else None


def _bearer(given: Secrets, published: Published) -> Scheme | None:
    form = given.bearer
    if form is None:
        return None
    return Bearer(form, published.key_set(form.key_set, private=form.private))


def _pubsub(given: Secrets, published: Published) -> Scheme | None:
    return PubSub(given.pubsub, published) if given.pubsub.audiences else None


def _entra(given: Secrets, published: Published) -> Scheme | None:
    return entra(given.entra, published) if given.entra.audiences else None


def _sns(given: Secrets, published: Published) -> Scheme | None:
    return Sns(given.sns, published) if given.sns.topics else None


def _fluent(given: Secrets, _: Published) -> Scheme | None:
    return FluentSignature(given.fluent) if given.fluent.keys else None


def _open(_: Secrets, __: Published) -> Scheme | None:
    return Open()


SCHEMES: Mapping[str, Callable[[Secrets, Published], Scheme | None]] = {
    "api-key": _api_key,
    "basic": _basic,
    "hmac": _hmac,
    "query-key": _query,
    "standard-webhooks": _standard_webhooks,
    "oidc": _bearer,
    "google-pubsub": _pubsub,
    "entra": _entra,
    "sns": _sns,
    FLUENT: _fluent,
    "none": _open,
}
"""How each scheme is made of what the configuration knows; a new one is a file and a line here."""
