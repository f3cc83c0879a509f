"""The notification queue: logged once, posted until it is taken."""

import json

import pytest

from fluent_connect.app.config.sections import NotificationsSection
from fluent_connect.app.notices import Notifier
from fluent_connect.clients.transport import Answer, Request
from fluent_connect.jobs.notice import Notice, put
from fluent_connect.model.errors import MalformedError, RefusedError, UnreachableError
from fluent_connect.model.outcome import Done
from fluent_connect.model.parcel import Parcel
from fluent_connect.queues.store import Delivery

NOTICE = Notice(id="n-1", title="3 events failed", account="ACME", retailer="7", source="monitor")


class Wire:
    """Answers with one status, and keeps what was sent."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.sent: list[Request] = []

    async def send(self, request: Request, timeout: float) -> Answer:  # noqa: ASYNC109
        assert timeout > 0
        self.sent.append(request)
        return Answer(self.status, b"no")

    async def close(self) -> None:
        """Nothing is open."""


def section(**fields: str) -> NotificationsSection:
    return NotificationsSection.model_validate(fields)


def delivery(parcel: Parcel | None = None, tries: int = 1) -> Delivery:
    return Delivery("notification-queue", parcel or put(NOTICE).parcel, tries, None, "1.1", 0.0)


async def test_without_a_webhook_a_notice_is_logged(capsys: pytest.CaptureFixture[str]) -> None:
    outcome = await Notifier(section(), wire := Wire())(delivery())
    assert (outcome.fate, wire.sent) == (Done("logged"), [])
    assert "3 events failed" in capsys.readouterr().out


async def test_a_webhook_is_told_with_its_token_in_words_that_chats_show() -> None:
    wire = Wire()
    told = section(url="https://hooks.example.com/x", token="t-1")
    outcome = await Notifier(told, wire)(delivery())
    assert outcome.fate == Done("posted")
    (request,) = wire.sent
    assert (request.method, request.url) == ("POST", "https://hooks.example.com/x")
    assert request.headers["Authorization"] == "Bearer t-1"
    body = json.loads(request.body or b"")
    assert body["text"] == "WARNING: 3 events failed (ACME/7)"
    assert (body["id"], body["source"]) == ("n-1", "monitor")


@pytest.mark.parametrize(("status", "error"), [(503, UnreachableError), (404, RefusedError)])
async def test_what_the_webhook_does_not_take_is_an_error_of_its_kind(
    status: int, error: type[Exception], capsys: pytest.CaptureFixture[str]
) -> None:
    notifier = Notifier(section(url="https://hooks.example.com"), Wire(status))
    outcome = await notifier(delivery(tries=2))
    assert isinstance(outcome.error, error)
    assert "3 events failed" not in capsys.readouterr().out, "it was logged at the first try"


async def test_what_is_no_notice_is_malformed() -> None:
    outcome = await Notifier(section(), Wire())(delivery(Parcel("x", "", b"{}")))
    assert isinstance(outcome.error, MalformedError)
