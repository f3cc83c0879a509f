"""Amazon SNS over HTTP: RSA over some of the fields, versions 1 (SHA-1) and 2 (SHA-256).

The signed fields and their order are AWS's ("Verifying the signatures of Amazon SNS messages").
"""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from fluent_connect.ingest.verify.certificate import Certificate, Digest
from fluent_connect.ingest.verify.published import Published
from fluent_connect.ingest.verify.scheme import Knock
from fluent_connect.model.errors import ConfigError

_DIGESTS: Mapping[str, Digest] = {"1": "sha1", "2": "sha256"}
_TOPIC = re.compile(
    r"arn:(aws|aws-cn|aws-us-gov):sns:([a-z0-9-]{3,32}):(\d{12}):([\w-]{1,256}(\.fifo)?)", re.ASCII
)
_PEM_PATH = r"/[A-Za-z0-9_-]{1,128}\.pem"
_EARLY = 300.0


class SnsForm(msgspec.Struct, frozen=True, kw_only=True):
    """Which topics let in.

    topics:   their ARNs, whole.
    versions: of the signature; "1" is SHA-1, which nobody should need any more.
    max_age:  seconds since the message's timestamp; SNS itself gives up after an hour.
    """

    topics: Sequence[str] = ()
    versions: Sequence[str] = ("2",)
    max_age: float = 3600.0


class Envelope(msgspec.Struct):
    """What SNS says around a message. Members that are signed keep their spelling."""

    kind: str = msgspec.field(name="Type")
    message_id: str = msgspec.field(name="MessageId")
    topic: str = msgspec.field(name="TopicArn")
    message: str = msgspec.field(name="Message")
    timestamp: str = msgspec.field(name="Timestamp")
    version: str = msgspec.field(name="SignatureVersion")
    signature: str = msgspec.field(name="Signature")
    certificate: str = msgspec.field(name="SigningCertURL")
    subject: str | None = msgspec.field(default=None, name="Subject")
    subscribe: str | None = msgspec.field(default=None, name="SubscribeURL")
    token: str | None = msgspec.field(default=None, name="Token")


_envelope = msgspec.json.Decoder(Envelope).decode


class Sns:
    """Whoever has SNS send from one of the topics may knock."""

    needs_body = True

    def __init__(self, form: SnsForm, published: Published) -> None:
        unknown = [each for each in form.versions if each not in _DIGESTS]
        if unknown or not form.versions:
            raise ConfigError("signature versions of SNS are 1 and 2")
        self._hosts = {topic: host(topic) for topic in form.topics}
        self._versions = frozenset(form.versions)
        self._max_age = form.max_age
        self._certificates = published.certificates

    def passes(self, knock: Knock, now: float) -> bool:
        """Say whether SNS signed the body for one of the topics, not long ago.

        Raise RetryableError while the certificate is not here.
        """
        told = self.read(knock)
        if told is None or not self._timely(told, now):
            return False
        certificate = self._certificates.at(told.certificate)
        return self._ours(certificate, told, now) and _signed(certificate, told)

    def read(self, knock: Knock) -> Envelope | None:
        """Return the envelope if it could be one of our topics'; nothing of it is proven."""
        try:
            told = _envelope(knock.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        known = self._hosts.get(told.topic)
        if known is None or told.version not in self._versions:
            return None
        right = re.fullmatch(f"https://{re.escape(known)}{_PEM_PATH}", told.certificate)
        return told if right else None

    def confirmation(self, told: Envelope) -> str | None:
        """Return the URL that confirms a subscription, if it is one and at the topic's own host."""
        start = f"https://{self._hosts[told.topic]}/?Action=ConfirmSubscription&"
        url = told.subscribe or ""
        plain = url.isascii() and url.isprintable() and " " not in url
        return (
            url
            if told.kind == "SubscriptionConfirmation" and plain and url.startswith(start)
            else None
        )

    def _timely(self, told: Envelope, now: float) -> bool:
        try:
            sent = datetime.strptime(told.timestamp, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
        except ValueError:
            return False
        return -_EARLY <= now - sent.timestamp() <= self._max_age

    def _ours(self, certificate: Certificate, told: Envelope, now: float) -> bool:
        names = {"sns.amazonaws.com", self._hosts[told.topic]}
        return bool(names & certificate.names) and certificate.begins <= now <= certificate.ends


def host(topic: str) -> str:
    """Return the one host that SNS of the topic's region has. Raise ConfigError if it is no ARN."""
    found = _TOPIC.fullmatch(topic)
    if found is None:
        raise ConfigError(f"{topic!r} is not the ARN of a topic")
    end = "amazonaws.com.cn" if found[1] == "aws-cn" else "amazonaws.com"
    return f"sns.{found[2]}.{end}"


def _signed(certificate: Certificate, told: Envelope) -> bool:
    try:
        signature = base64.b64decode(told.signature, validate=True)
    except (binascii.Error, ValueError):
        return False
    text = _canonical(told)
    if text is None or base64.b64encode(signature).decode() != told.signature:
        return False
    return certificate.signed(signature, text, _DIGESTS[told.version])


def _canonical(told: Envelope) -> bytes | None:
    """Return what is signed; None if the kind is none of SNS's, or lacks a field of it."""
    fields: list[tuple[str, str | None]]
    if told.kind == "Notification":
        subject = [] if told.subject is None else [("Subject", told.subject)]
        fields = [("Message", told.message), ("MessageId", told.message_id), *subject]
        fields += [("Timestamp", told.timestamp)]
    elif told.kind in {"SubscriptionConfirmation", "UnsubscribeConfirmation"}:
        fields = [("Message", told.message), ("MessageId", told.message_id)]
        fields += [("SubscribeURL", told.subscribe), ("Timestamp", told.timestamp)]
        fields += [("Token", told.token)]
    else:
        return None
    fields += [("TopicArn", told.topic), ("Type", told.kind)]
    if any(value is None for _, value in fields):
        return None
    return "".join(f"{name}\n{value}\n" for name, value in fields).encode()
