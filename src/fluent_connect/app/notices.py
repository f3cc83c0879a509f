"""The notification queue: what operators are to be told is logged, and posted to a webhook."""

import structlog

from fluent_connect.app.config.sections import NotificationsSection
from fluent_connect.clients.statuses import error_of
from fluent_connect.clients.transport import Request, Transport
from fluent_connect.jobs.notice import Notice, decode
from fluent_connect.model.codec import encode
from fluent_connect.model.errors import ConnectError
from fluent_connect.model.outcome import Done, Outcome
from fluent_connect.queues.store import Delivery

_OK = range(200, 300)
_TIMEOUT = 10.0


class Notifier:
    """A station: log a notice once, and post it until the webhook has taken it."""

    def __init__(self, section: NotificationsSection, transport: Transport) -> None:
        self._section = section
        self._transport = transport
        self._log = structlog.get_logger("fluent_connect")

    async def __call__(self, delivery: Delivery) -> Outcome:
        """Return what became of the notice; every failure is in it, as its error."""
        try:
            notice = decode(delivery.parcel.body)
            if delivery.tries == 1:
                self._say(notice)
            if self._section.url is None:
                return Outcome(Done("logged"))
            await self._post(notice, self._section.url)
        except ConnectError as error:
            return Outcome(error=error)
        return Outcome(Done("posted"))

    def _say(self, notice: Notice) -> None:
        say = self._log.error if notice.level == "error" else self._log.warning
        place = f"{notice.account}/{notice.retailer}"
        say("notice", title=notice.title, source=notice.source, account=place, **_flat(notice))

    async def _post(self, notice: Notice, url: str) -> None:
        headers = {"Content-Type": "application/json", "User-Agent": "fluent-connect"}
        if self._section.token:
            headers["Authorization"] = f"Bearer {self._section.token}"
        body = encode(_posted(notice))
        answer = await self._transport.send(Request("POST", url, headers, body), _TIMEOUT)
        if answer.status not in _OK:
            raise error_of("notifications webhook", answer)


def _posted(notice: Notice) -> dict[str, object]:
    """Return what the webhook gets; `text` is what Slack and its like show."""
    place = f" ({notice.account}/{notice.retailer})" if notice.account else ""
    return {
        "text": f"{notice.level.upper()}: {notice.title}{place}",
        "id": notice.id,
        "title": notice.title,
        "level": notice.level,
        "account": notice.account,
        "retailer": notice.retailer,
        "source": notice.source,
        "details": notice.details,
    }


def _flat(notice: Notice) -> dict[str, object]:
    return {"details": encode(notice.details).decode()} if notice.details else {}
