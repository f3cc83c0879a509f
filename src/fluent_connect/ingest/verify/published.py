"""Keys that senders publish: as they were last fetched. Fetching is done elsewhere and ahead.

Asking never waits. What cannot be told from what is here is asked for, and raises RetryableError.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from fluent_connect.ingest.news import News
from fluent_connect.ingest.verify.certificate import Certificate
from fluent_connect.model.errors import MalformedError, RetryableError

LONGEST_KEPT = 86_400.0
"""Seconds after which keys that could not be fetched again are trusted no more."""
_RETRY = 30.0
_ASKED_AGAIN = 60.0
_MOST_ASKED = 256
_MOST_CERTIFICATES = 64
_LEAST_BITS = 2048
_MOST_KEYS = 100

Wake = Callable[[], None]


class BeingFetchedError(RetryableError):
    """It cannot be told yet, but perhaps in a moment: what it needs is on its way."""


class _Jwks(msgspec.Struct):
    keys: list[dict[str, Any]]


_jwks = msgspec.json.Decoder(_Jwks).decode


class KeySet:
    """The key set (RFC 7517) at one URL. Only public keys of RSA and elliptic curves count."""

    def __init__(self, url: str, *, private: bool = False, news: News | None = None) -> None:
        self.url = url
        self.private = private
        """Whether it may live at a private address."""
        self.body = b""
        """As it was fetched last."""
        self.fetched: float | None = None
        """When it was asked for last with success, in seconds since the epoch."""
        self.away = False
        """Whether it is not to be had in a moment: it could not be fetched, or only just was."""
        self.wake: Wake = _asleep
        self._news = news or News()
        self._keys: Mapping[str, Any] = {}
        self._asked: dict[str, float] = {}

    def key(self, kid: str, now: float) -> Any:
        """Return the key; None if the issuer has published none of that id ("": the only one).

        Raise RetryableError while that cannot be told: nothing was fetched yet, or not for a day,
        or not since the id was first seen. An id that was not there is looked for again a minute
        later: what issuers publish takes its time to be seen everywhere.
        """
        if self.fetched is None or now - self.fetched > LONGEST_KEPT:
            raise self._wanted("the issuer's keys could not be fetched")
        if kid == "" and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        found = self._keys.get(kid)
        if found is not None or kid == "":
            return found
        if self._asked.get(kid, now) < self.fetched:
            if now - self.fetched < _ASKED_AGAIN:
                return None
            del self._asked[kid]
        self._asked.setdefault(kid, now)
        while len(self._asked) > _MOST_ASKED:
            del self._asked[next(iter(self._asked))]
        raise self._wanted("the issuer's keys are being fetched again")

    def take(self, body: bytes, now: float) -> None:
        """Trust what was fetched from now on, and nothing that is not in it.

        now: when it was asked for; an id that was seen later may be missing in it by right.
        Raise MalformedError if it holds no usable key; what is trusted stays then.
        """
        keys = dict(_usable(body))
        if not keys:
            raise MalformedError(f"no usable key at {self.url}")
        self._keys = keys
        self.body, self.fetched = body, now
        self.rest(away=False)

    def rest(self, *, away: bool) -> None:
        """Have those who wait look again; `away`: nobody need wait for the keys for now."""
        self.away = away
        self._news.tell()

    def _wanted(self, why: str) -> RetryableError:
        self.wake()
        kind = RetryableError if self.away else BeingFetchedError
        return kind(why, retry_after=_RETRY)


class Certificates:
    """Signing certificates by URL, each fetched once. Callers ask only for URLs that they trust."""

    def __init__(self, news: News | None = None) -> None:
        self.wake: Wake = _asleep
        self._news = news or News()
        self._known: dict[str, Certificate] = {}
        self._wanted: dict[str, None] = {}
        self._away: dict[str, None] = {}

    @property
    def wanted(self) -> Sequence[str]:
        """Return the URLs that were asked for and are not here, in the order of asking."""
        return tuple(self._wanted)

    @property
    def known(self) -> Mapping[str, bytes]:
        """Return those that are here, in PEM, by URL."""
        return {url: each.text for url, each in self._known.items()}

    def at(self, url: str) -> Certificate:
        """Return the certificate. Raise RetryableError while it is not here."""
        found = self._known.get(url)
        if found is None:
            if len(self._wanted) < _MOST_CERTIFICATES:
                self._wanted[url] = None
            self.wake()
            kind = RetryableError if url in self._away else BeingFetchedError
            raise kind("the signing certificate is being fetched", retry_after=_RETRY)
        return found

    def take(self, url: str, body: bytes) -> None:
        """Keep what was fetched. Raise MalformedError if it is not exactly one certificate."""
        from fluent_connect.ingest.verify import rsa_signature  # noqa: PLC0415 - 12 MB, for SNS

        certificate = rsa_signature.certificate(body)
        while len(self._known) >= _MOST_CERTIFICATES:
            del self._known[next(iter(self._known))]
        self._known[url] = certificate
        self._wanted.pop(url, None)
        self._away.pop(url, None)
        self._news.tell()

    def drop_ended(self, now: float) -> None:
        """Forget those that hold no longer."""
        self._known = {url: each for url, each in self._known.items() if each.ends > now}

    def give_up(self, url: str) -> None:
        """Forget that the URL was asked for; who asks again has it fetched again, but not waits."""
        self._wanted.pop(url, None)
        while len(self._away) >= _MOST_CERTIFICATES:
            del self._away[next(iter(self._away))]
        self._away[url] = None
        self._news.tell()


class Published:
    """All that doors need of others: key sets by URL, certificates, and what is to be confirmed.

    ask: given each URL that is to be confirmed; must not wait. news: of what was fetched.
    """

    def __init__(self) -> None:
        self.news = News()
        self.key_sets: dict[str, KeySet] = {}
        self.certificates = Certificates(self.news)
        self.ask: Callable[[str], None] = _unheard

    def key_set(self, url: str, *, private: bool = False) -> KeySet:
        """Return the key set at the URL, the same one for all doors."""
        return self.key_sets.setdefault(url, KeySet(url, private=private, news=self.news))

    def confirm(self, url: str) -> None:
        """Have the URL fetched that ends a handshake."""
        self.ask(url)


def _usable(body: bytes) -> Iterator[tuple[str, Any]]:
    """Yield the public keys for signatures, by id; what cannot be used is passed over."""
    from joserfc import jwk  # noqa: PLC0415 - 50 ms at start, for doors that need it
    from joserfc.errors import JoseError  # noqa: PLC0415

    try:
        entries = _jwks(body).keys
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedError(f"no key set: {error}") from error
    for entry in entries[:_MOST_KEYS]:
        if not _fits(entry):
            continue
        try:
            key = jwk.import_key(entry)
        except (JoseError, ValueError, TypeError, LookupError, AttributeError):
            continue  # Of a kind that is not known here, or malformed: others may be used.
        kid = entry.get("kid", "")
        yield (kid if isinstance(kid, str) else ""), key


def _fits(entry: Mapping[str, Any]) -> bool:
    """Say whether the entry may be a public key for signatures, and long enough."""
    if "d" in entry or entry.get("use", "sig") != "sig":
        return False
    modulus = entry.get("n")
    if entry.get("kty") == "RSA":
        return isinstance(modulus, str) and len(modulus) * 6 >= _LEAST_BITS
    return entry.get("kty") == "EC"


def _asleep() -> None:
    """Wake nobody: nothing is fetched here."""


def _unheard(url: str) -> None:
    """Confirm nothing: nobody is there who could."""
