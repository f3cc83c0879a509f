import json
from collections.abc import Mapping
from typing import Any

import pytest

from fluent_connect.ingest.verify.published import Certificates, Published
from fluent_connect.ingest.verify.scheme import Knock
from fluent_connect.ingest.verify.sns import Sns, SnsForm, host
from fluent_connect.model.errors import ConfigError, MalformedError, RetryableError
from unit.ingest.signers import CERTIFICATE, NOW, TOPIC, certificate, published, rsa_key, sns

FORM = SnsForm(topics=[TOPIC])
BOTH = SnsForm(topics=[TOPIC], versions=["1", "2"])


def passes(
    message: Mapping[str, Any], form: SnsForm = FORM, known: Published | None = None
) -> bool:
    body = json.dumps(message).encode()
    return Sns(form, known or published()).passes(Knock({}, body), NOW)


@pytest.mark.parametrize(
    "kind", ["Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation"]
)
def test_what_sns_signed_passes(kind: str) -> None:
    assert passes(sns(kind))
    assert passes(sns(kind, Subject="ä subject"))
    assert passes(sns(kind, version="1"), BOTH)


def test_sha_1_needs_a_switch() -> None:
    assert not passes(sns(version="1"))
    assert not passes(sns(version="3"), BOTH)


def test_a_version_cannot_be_passed_off_as_the_other() -> None:
    assert not passes({**sns(version="1"), "SignatureVersion": "2"}, BOTH)
    assert not passes({**sns(version="2"), "SignatureVersion": "1"}, BOTH)


@pytest.mark.parametrize(
    "name", ["Message", "MessageId", "Timestamp", "Subject", "Type", "TopicArn"]
)
def test_each_field_that_is_signed_counts(name: str) -> None:
    message = sns(Subject="s")
    for changed in (message[name] + " ", message[name][:-1], "", None, 1):
        assert not passes({**message, name: changed})


def test_only_topics_of_the_list_pass() -> None:
    assert not passes(sns(TopicArn=TOPIC + "2"))
    assert not passes(sns(TopicArn=TOPIC.replace("123456789012", "210987654321")))


def test_only_messages_of_the_last_hour_pass() -> None:
    assert passes(sns(at=NOW - 3599))
    assert not passes(sns(at=NOW - 3602))
    assert passes(sns(at=NOW + 299))
    assert not passes(sns(at=NOW + 301))
    assert not passes(sns(Timestamp="yesterday"))


@pytest.mark.parametrize(
    "url",
    [
        CERTIFICATE.replace("https", "http"),
        CERTIFICATE.replace("eu-west-1", "eu-west-2"),
        CERTIFICATE.replace("amazonaws.com", "amazonaws.com.evil.example"),
        CERTIFICATE.replace("sns.eu-west-1", "sns.eu-west-1@evil.example"),
        CERTIFICATE.replace(".com/", ".com:443/"),
        CERTIFICATE.replace(".com/", ".com./"),
        CERTIFICATE.replace(".pem", ".key"),
        CERTIFICATE + "?x=.pem",
        CERTIFICATE + "#.pem",
        CERTIFICATE + "\n",
        CERTIFICATE.replace("/Simple", "/../Simple"),
        CERTIFICATE.replace("/Simple", "/bucket/Simple"),
        "https://s3.eu-west-1.amazonaws.com/sns.pem",
        "https://SNS.eu-west-1.amazonaws.com/a.pem",
        "https://127.0.0.1/a.pem",
        "https://2130706433/a.pem",
        "file:///etc/ssl/a.pem",
        "",
    ],
)
def test_certificates_come_from_the_one_host_of_the_topics_region(url: str) -> None:
    known = published()
    assert not passes(sns(SigningCertURL=url), known=known)
    assert known.certificates.wanted == ()


def test_a_certificate_that_is_not_here_is_asked_for_and_nobody_is_refused() -> None:
    known = Published()
    asked: list[int] = []
    known.certificates.wake = lambda: asked.append(1)
    with pytest.raises(RetryableError, match="being fetched"):
        passes(sns(), known=known)
    assert known.certificates.wanted == (CERTIFICATE,)
    assert asked == [1]
    known.certificates.take(CERTIFICATE, certificate())
    assert passes(sns(), known=known)
    assert not known.certificates.wanted


@pytest.mark.parametrize(
    "made",
    [
        certificate(name="sns.example.com"),
        certificate(name="amazonaws.com"),
        certificate(name="sns.eu-west-2.amazonaws.com"),
        certificate(ends=NOW - 1),
        certificate(begins=NOW + 1),
        certificate(key=rsa_key(1)),
    ],
)
def test_a_certificate_of_another_name_time_or_key_is_refused(made: bytes) -> None:
    known = Published()
    known.certificates.take(CERTIFICATE, made)
    assert not passes(sns(), known=known)


def test_a_certificate_of_the_region_will_do() -> None:
    known = Published()
    known.certificates.take(CERTIFICATE, certificate(name="sns.eu-west-1.amazonaws.com"))
    assert passes(sns(), known=known)


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"<xml>" + certificate() + b"</xml>",
        certificate() + certificate(),
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
        b"-----BEGIN CERTIFICATE-----\n\xff\n-----END CERTIFICATE-----",
    ],
)
def test_what_is_not_exactly_one_certificate_is_not_kept(wrong: bytes) -> None:
    with pytest.raises(MalformedError):
        Certificates().take(CERTIFICATE, wrong)


def test_strange_urls_cannot_fill_the_memory() -> None:
    known = Published()
    for number in range(200):
        url = CERTIFICATE.replace("0af", f"0af{number}")
        with pytest.raises(RetryableError):
            passes(sns(SigningCertURL=url), known=known)
    assert len(known.certificates.wanted) == 64
    for url in known.certificates.wanted:
        known.certificates.give_up(url)
    for number in range(200):
        known.certificates.take(f"{CERTIFICATE}{number}", certificate())
    assert len(known.certificates._known) == 64


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b"\xff", b"[" * 50_000, b'{"Type":1}', b"null"]
)
def test_what_is_no_envelope_of_sns_is_refused_without_an_error(body: bytes) -> None:
    assert not Sns(FORM, published()).passes(Knock({}, body), NOW)


@pytest.mark.parametrize("signature", ["", "bad", "é", " ", "A" * 344, "AAAA=", "*"])
def test_a_signature_that_is_none_is_refused_without_an_error(signature: str) -> None:
    assert not passes({**sns(), "Signature": signature})


def test_a_signature_has_one_spelling() -> None:
    message = sns()
    given = message["Signature"]
    assert not passes({**message, "Signature": given + "\n"})
    assert not passes({**message, "Signature": given.rstrip("=")})
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    bare = given.rstrip("=")
    other = bare[:-1] + last[last.index(bare[-1]) ^ 1] + given[len(bare) :]
    assert not passes({**message, "Signature": other})


@pytest.mark.parametrize("topic", ["", "arn", "arn:aws:sqs:eu-west-1:123456789012:x", TOPIC + "*"])
def test_a_topic_is_a_whole_arn(topic: str) -> None:
    with pytest.raises(ConfigError, match="ARN"):
        Sns(SnsForm(topics=[topic]), Published())


@pytest.mark.parametrize("versions", [[], ["3"], ["1", "x"]])
def test_versions_are_one_and_two(versions: list[str]) -> None:
    with pytest.raises(ConfigError, match="versions"):
        Sns(SnsForm(topics=[TOPIC], versions=versions), Published())


def test_partitions_have_their_own_hosts() -> None:
    assert host("arn:aws-cn:sns:cn-north-1:123456789012:t") == "sns.cn-north-1.amazonaws.com.cn"
    assert host("arn:aws-us-gov:sns:us-gov-west-1:123456789012:t.fifo") == (
        "sns.us-gov-west-1.amazonaws.com"
    )


def test_only_the_topics_own_host_is_asked_to_confirm() -> None:
    scheme = Sns(FORM, published())
    start = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&"
    for url, right in (
        (f"{start}Token=t", True),
        (f"{start}Token=t x", False),
        (f"{start}Token=t\r\nx: y", False),
        (start.replace("https", "http"), False),
        (start.replace("eu-west-1", "eu-west-2"), False),
        (start.replace(".com/", ".com@evil.example/"), False),
        (start.replace("Confirm", "Delete"), False),
        (None, False),
    ):
        body = json.dumps({**sns("SubscriptionConfirmation"), "SubscribeURL": url}).encode()
        told = scheme.read(Knock({}, body))
        assert told is not None
        assert (scheme.confirmation(told) == url) == (right or url is None)
    told = scheme.read(Knock({}, json.dumps(sns("UnsubscribeConfirmation")).encode()))
    assert told is not None
    assert scheme.confirmation(told) is None
