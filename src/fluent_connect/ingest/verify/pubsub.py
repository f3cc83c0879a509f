"""Google Pub/Sub push: a token of Google's, made out to the service account of the subscription."""

from collections.abc import Sequence

import msgspec

from fluent_connect.ingest.verify.bearer import Bearer, BearerForm, Claim
from fluent_connect.ingest.verify.published import Published
from fluent_connect.ingest.verify.scheme import Knock
from fluent_connect.model.errors import ConfigError

KEYS = "https://www.googleapis.com/oauth2/v3/certs"
ISSUERS = ("https://accounts.google.com", "accounts.google.com")


class PubSubForm(msgspec.Struct, frozen=True, kw_only=True):
    """Which pushes let in.

    audiences:        what the subscription says, else the push URL.
    service_accounts: e-mails that the subscription signs in as.
    subscriptions:    `projects/…/subscriptions/…` as the body must name it; none = any.
    """

    audiences: Sequence[str] = ()
    service_accounts: Sequence[str] = ()
    subscriptions: Sequence[str] = ()
    leeway: float = 60.0


class _Push(msgspec.Struct):
    subscription: str


_push = msgspec.json.Decoder(_Push).decode


class PubSub:
    """Whoever shows Google's token for the service account may knock, for its subscriptions.

    The token does not cover the body: the subscription's name is the sender's own word.
    """

    def __init__(self, form: PubSubForm, published: Published) -> None:
        if not (all(form.service_accounts) and form.service_accounts):
            raise ConfigError("any of Google's customers could knock: name the service account")
        self._subscriptions = frozenset(form.subscriptions)
        self.needs_body = bool(self._subscriptions)
        claims = (
            Claim(("email",), frozenset(form.service_accounts)),
            Claim(("email_verified",), frozenset({"true"})),
        )
        bearer = BearerForm(
            issuers=ISSUERS,
            audiences=form.audiences,
            key_set=KEYS,
            leeway=form.leeway,
            claims=claims,
        )
        self._bearer = Bearer(bearer, published.key_set(KEYS))

    def passes(self, knock: Knock, now: float) -> bool:
        """Say whether token and subscription are right. Raise RetryableError as Bearer does."""
        if not self._bearer.passes(knock, now):
            return False
        if not self._subscriptions:
            return True
        try:
            return _push(knock.body).subscription in self._subscriptions
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return False
