"""Public cases that do not end as their origin states, each with the reason; a test pins them."""

from collections.abc import Mapping

SKIPPED: Mapping[str, str] = {
    "standard-webhooks/verify/ignore-tolerance-old": "no interface of ours skips the time check",
    "standard-webhooks/verify/ignore-tolerance-new": "no interface of ours skips the time check",
    "standard-webhooks/verify/ignore-tolerance-now": "no interface of ours skips the time check",
    "standard-webhooks/verify/ignore-tolerance-timestamp-not-signed": (
        "no interface of ours skips the time check"
    ),
    "standard-webhooks/sign/2": "our senders take whole seconds as a number: nothing to refuse",
    "standard-webhooks/sign/3": "our senders take whole seconds as a number: nothing to refuse",
    "standard-webhooks/sign/4": "our senders take whole seconds as a number: nothing to refuse",
    "sns/ruby/lambda-valid": "SigningCertUrl is Lambda's spelling: SNS over HTTP never sends it",
    "cloudevents/binding/kafka-binary-content-mode": "Kafka's headers (ce_…) reach no HTTP door",
    "eventgrid/CloudEventBinaryData": (
        "its subject is empty: the conformance suite (invalidEmptySubject) says no, and wins"
    ),
    "jws/346": "PS384 by a key that is published for PS256: a key is used as it is published",
    "jws/350": "PS384 by a key that is published for PS256: a key is used as it is published",
    "jws/347": "its key is published for ES521, which is no algorithm: ES512 is",
    "jws/351": "its key is published for ES521, which is no algorithm: ES512 is",
    "jws/367": "letter by letter the token of 357, which is valid: what made it wrong was lost",
    "jws/370": "letter by letter the token of 357, which is valid: what made it wrong was lost",
    "jws/372": "a character that is no base64url is in it: RFC 7515 says no",
    "jws/373": "a character that is no base64url is in it: RFC 7515 says no",
}
"""The rest of what we do not implement is told by rule in the tests: shared secrets (HS…)."""
