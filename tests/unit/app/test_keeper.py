import asyncio
import json
from collections.abc import AsyncIterator, Callable

import pytest
import structlog
from structlog.testing import capture_logs

from fluent_connect.app.keeper import Keeper
from fluent_connect.ingest.verify.door import Door
from fluent_connect.ingest.verify.published import BeingFetchedError, Published
from fluent_connect.ingest.verify.sns import Sns, SnsForm
from fluent_connect.ingest.webhook import Limits
from fluent_connect.model.errors import RefusedError, RetryableError, UnreachableError
from unit.app.keeping import Web, until
from unit.ingest.signers import CERTIFICATE, NOW, TOPIC, certificate, key_set, public, rsa_key, sns
from unit.ingest.webhook_client import Client

URL = "https://issuer.example/keys"
CONFIRM = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=t&Token=hidden"


@pytest.fixture
def web() -> Web:
    return Web()


@pytest.fixture
def known() -> Published:
    return Published()


@pytest.fixture
async def started(web: Web, known: Published) -> AsyncIterator[Callable[[], asyncio.Task[None]]]:
    tasks: list[asyncio.Task[None]] = []

    def start() -> asyncio.Task[None]:
        keeper = Keeper(known, lambda: web, clock=lambda: NOW, pace=0.0001)
        tasks.append(asyncio.create_task(keeper.run()))
        return tasks[-1]

    yield start
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def has(known: Published, kid: str) -> bool:
    try:
        return known.key_set(URL).key(kid, NOW) is not None
    except RetryableError:
        return False


async def test_keys_are_fetched_ahead_and_again(
    web: Web, known: Published, started: Callable[[], object]
) -> None:
    known.key_set(URL)
    web.answers[URL] = [key_set(public(rsa_key(), "a")), key_set(public(rsa_key(), "b"))]
    started()
    await until(lambda: has(known, "a"))
    await until(lambda: has(known, "b"))
    assert not has(known, "a")


async def test_an_issuer_that_is_away_is_asked_again_and_what_is_known_stays(
    web: Web, known: Published, started: Callable[[], object]
) -> None:
    known.key_set(URL)
    away = UnreachableError("no answer")
    good = key_set(public(rsa_key(), "a"))
    web.answers[URL] = [away, b"<html>", good, away, b"{}", key_set(public(rsa_key(), "b"))]
    with capture_logs() as logs:
        structlog.reset_defaults()
        started()
        await until(lambda: has(known, "a"))
        await until(lambda: has(known, "b"))
    assert len(web.asked) >= 6
    assert [line["event"] for line in logs].count("keys of a door") <= 2


async def test_a_certificate_is_fetched_when_asked_for(
    web: Web, known: Published, started: Callable[[], object]
) -> None:
    web.answers[CERTIFICATE] = [RefusedError("answered 500"), b"no", certificate()]
    started()
    await until(lambda: known.certificates.wake.__name__ == "set")
    with pytest.raises(RetryableError):
        known.certificates.at(CERTIFICATE)
    await until(lambda: CERTIFICATE in known.certificates._known)
    assert web.asked == [CERTIFICATE] * 3


async def test_a_certificate_that_cannot_be_had_is_given_up_after_three_tries(
    web: Web, known: Published
) -> None:
    web.answers[CERTIFICATE] = [RefusedError("answered 404")]
    task = asyncio.create_task(Keeper(known, lambda: web, pace=0.001).run())
    await asyncio.sleep(0)
    await until(lambda: known.certificates.wake.__name__ == "set")
    for _ in range(5):
        with pytest.raises(RetryableError):
            known.certificates.at(CERTIFICATE)
        await until(lambda: not known.certificates.wanted)
    assert web.asked.count(CERTIFICATE) == 3
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert web.asked[-1] == "closed"


async def test_a_subscription_is_confirmed_in_the_background_and_its_token_not_told(
    web: Web, known: Published, started: Callable[[], object]
) -> None:
    web.answers[CONFIRM] = [UnreachableError("no answer"), b"<ok/>"]
    with capture_logs() as logs:
        started()
        await until(lambda: known.ask.__name__ == "_remember")
        known.confirm(CONFIRM)
        await until(lambda: len(web.asked) == 2 and logs)
    assert logs[-1]["event"] == "subscription of SNS confirmed"
    assert logs[-1]["topic"] == "t"
    assert "hidden" not in str(logs)


async def test_a_confirmation_that_fails_is_told_with_what_to_do(
    web: Web, known: Published, started: Callable[[], object]
) -> None:
    web.answers[CONFIRM] = [RefusedError("answered 403")]
    with capture_logs() as logs:
        started()
        await until(lambda: known.ask.__name__ == "_remember")
        for _ in range(40):
            known.confirm(CONFIRM)
        await until(lambda: len(web.asked) == 32 * 4)
        await until(lambda: len(logs) == 40)
    assert {line["why"] for line in logs} == {"too many at once", "answered 403"}
    assert "hidden" not in str(logs)


async def test_the_time_of_each_answer_is_told(web: Web, known: Published) -> None:
    told: list[tuple[float, float]] = []
    known.key_set(URL)
    web.date = NOW - 3600
    web.answers[URL] = [key_set(public(rsa_key(), "a"))]
    keeper = Keeper(known, lambda: web, clock=lambda: NOW, told=lambda a, b: told.append((a, b)))
    task = asyncio.create_task(keeper.run())
    await until(lambda: told)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert told == [(NOW - 3600, NOW)]


async def test_an_id_that_is_not_there_has_the_keys_fetched_at_once_but_not_twice_a_minute(
    web: Web, known: Published
) -> None:
    keys = known.key_set(URL)
    web.answers[URL] = [key_set(public(rsa_key(), kid)) for kid in "abc"]
    clock = iter(range(1, 1000))
    keeper = Keeper(known, lambda: web, clock=lambda: NOW + next(clock), pace=1.0)
    task = asyncio.create_task(keeper.run())
    await until(lambda: keys.fetched)
    with pytest.raises(BeingFetchedError):
        keys.key("b", NOW + 1.5)
    await until(lambda: keys._keys.keys() == {"b"})
    with pytest.raises(BeingFetchedError):
        keys.key("c", NOW + 2.5)
    await until(lambda: keys.away)
    with pytest.raises(RetryableError) as raised:
        keys.key("c", NOW + 2.6)
    assert not isinstance(raised.value, BeingFetchedError)
    assert web.asked == [URL, URL]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_nobody_has_to_come_again_when_aws_changes_its_certificate(
    web: Web, known: Published, started: Callable[[], object]
) -> None:
    newer = CERTIFICATE.replace("0af", "1b0")
    web.answers = {CERTIFICATE: [certificate()], newer: [certificate(key=rsa_key(1))]}
    door = Door(name="default", schemes=[Sns(SnsForm(topics=[TOPIC]), known)])
    client = Client(door, limits=Limits(keys=5.0))
    client.app._news = known.news
    started()
    await until(lambda: known.certificates.wake.__name__ == "set")
    messages = [sns(), sns(SigningCertURL=newer, key=rsa_key(1)), sns()]
    for message in messages:
        answers = await asyncio.gather(
            *(client.post(json.dumps(message).encode()) for _ in range(50))
        )
        assert {answer.status for answer in answers} == {202}
    assert web.asked == [CERTIFICATE, newer]
