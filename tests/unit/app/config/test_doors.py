from collections.abc import Sequence
from pathlib import Path

import pytest

from fluent_connect.app.build import doors
from fluent_connect.app.config.load import examine
from fluent_connect.app.config.mistakes import Mistake, errors
from fluent_connect.ingest.verify.bearer import Bearer
from fluent_connect.ingest.verify.hmac_body import HmacBody
from fluent_connect.ingest.verify.published import Published
from fluent_connect.ingest.verify.pubsub import PubSub
from fluent_connect.ingest.verify.sns import Sns
from fluent_connect.ingest.verify.standard_webhooks import StandardWebhooks
from unit.app.conftest import ENVIRON

ARN = "arn:aws:sns:eu-central-1:123456789012:t"
RIGHT = {
    "secrets: [s], hmac: { prefix: sha256= }": HmacBody,
    "secrets: [s]": StandardWebhooks,
    "oidc: { issuer: i, audience: a, jwks-url: https://i/keys }": Bearer,
    "entra: { tenant: t, audience: a }": Bearer,
    "google-pubsub: { audience: a, service-account: s@x }": PubSub,
    f'sns: {{ topics: ["{ARN}"] }}': Sns,
}
WRONG = {
    "scheme: sns": "would let nobody in by sns",
    'scheme: sns, sns: { topics: ["arn:x"] }': "is not the ARN of a topic",
    f'sns: {{ topics: ["{ARN}"], versions: ["3"] }}': "versions of SNS are 1 and 2",
    "scheme: oidc": "would let nobody in by oidc",
    "scheme: oidc, oidc: { jwks-url: https://i/keys }": "without its issuer and its audience",
    "oidc: { issuer: i, audience: a, jwks-url: https://i/k, algorithms: [HS256] }": "algorithms",
    "oidc: { issuer: i, audience: a, jwks-url: i/k }": "http:// or https:// URL",
    "oidc: { issuer: i, audience: a, jwks-url: https://i/k, claims: { x: [] } }": "a claim without",
    "google-pubsub: { audience: a }": "name the service account",
    "entra: { audience: a }": "tenant of Entra is not named",
    "entra: { tenant: t, audience: a, roles: [] }": "any application of the tenant",
    "scheme: query-key": "would let nobody in by query-key",
    'scheme: query-key, keys: [k], query-parameter: ""': "has no name",
    "secrets: [s], hmac: { digest: md5 }": "sha1, sha256, sha512",
    'secrets: [s], hmac: { signed: "{timestamp}" }': "holds {body} once",
    "secrets: [s], hmac: { sined: x }": "sined",
    "scheme: sms": "no scheme is called 'sms'",
}


def read(text: str, folder: Path) -> Sequence[Mistake]:
    (folder / "application-connector.yml").write_text(
        f"fluent-connect:\n  doors:\n    default: {{ {text} }}\n"
    )
    return errors(examine(folder, (), ENVIRON).mistakes)


@pytest.mark.parametrize(("text", "kind"), RIGHT.items())
def test_the_scheme_follows_from_what_is_written(text: str, kind: type, tmp_path: Path) -> None:
    assert not read(text, tmp_path)
    known = Published()
    made = doors(examine(tmp_path, (), ENVIRON).config.doors, known)["default"]
    assert [type(each) for each in made.schemes] == [kind]
    assert bool(known.key_sets) == (kind in {Bearer, PubSub})


@pytest.mark.parametrize(("text", "mistake"), WRONG.items())
def test_a_door_that_proves_nothing_is_a_mistake_with_its_place(
    text: str, mistake: str, tmp_path: Path
) -> None:
    (told,) = read(text, tmp_path)
    assert mistake in f"{told.what} {told.why}"
    assert told.place.file.endswith("application-connector.yml")
    assert told.place.line == 3
    assert told.fix


def test_what_a_door_decides_reaches_the_endpoint(tmp_path: Path) -> None:
    read("keys: [k], origins: a.example, open-handshake: true, rate: 5, body-limit: 1KiB", tmp_path)
    door = doors(examine(tmp_path, (), ENVIRON).config.doors)["default"]
    assert (tuple(door.origins), door.open_handshake) == (("a.example",), True)
    assert (door.rate, door.body_limit) == (5.0, 1024)
