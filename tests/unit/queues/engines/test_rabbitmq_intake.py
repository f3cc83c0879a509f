"""What RabbitMQ hands out comes two ways, and in acknowledging one nothing of the other is lost."""

from typing import Any, ClassVar

from pamqp import body, commands, frame, header

from contracts.scene import Clock
from fluent_connect.queues.engines.rabbitmq.intake import Intake
from fluent_connect.queues.engines.rabbitmq.link import Link, Wired
from fluent_connect.queues.engines.rabbitmq.wire import Wire


class Peer:
    """Link, channel and queue in one, as far as an intake asks them; keeps what is acknowledged."""

    number = 1
    message_id = content_type = None
    headers: ClassVar[dict[str, object]] = {}
    body = b"got"
    is_closed = False

    def __init__(self) -> None:
        self.wire = Wire(Clock())
        self.reader = self.wire.reader()
        self.close_callbacks: set[object] = set()
        self.on_consumer_cancel_callbacks: set[object] = set()
        self.acknowledged: list[tuple[int, bool]] = []
        self.delivery_tag = 0

    async def wired(self, *, confirms: bool) -> Any:
        assert not confirms
        return Wired(self, self.wire, self.number, 4096)  # type: ignore[arg-type]

    async def set_qos(self, *, prefetch_count: int) -> None:
        assert prefetch_count > 0

    async def get_queue(self, _: str) -> "Peer":
        return self

    async def get_underlay_channel(self) -> "Peer":
        return self

    async def consume(self, _: object) -> None:
        self.hand_out(1)

    def hand_out(self, tag: int) -> None:
        """Send a message as to a consumer."""
        deliver = commands.Basic.Deliver("consumer", tag, False, "", "queue")
        written = (deliver, header.ContentHeader(0, 1), body.ContentBody(b"1"))
        self.reader.feed_data(b"".join(frame.marshal(each, self.number) for each in written))

    async def get(self, *, fail: bool) -> "Peer":
        """Answer with 2, after the consumer was handed 3 and 4."""
        assert not fail
        self.hand_out(3)
        self.hand_out(4)
        self.delivery_tag = 2
        return self

    async def basic_ack(self, tag: int, *, multiple: bool = False) -> None:
        self.acknowledged.append((tag, multiple))


async def test_one_that_came_late_is_not_acknowledged_with_those_after_it() -> None:
    peer: Any = Peer()
    link: Link = peer
    intake = Intake(link, "ct-queue", "queue")
    first, third = await intake.take(2, 0.0)
    await intake.ack([first.lease, third.lease])
    assert peer.acknowledged == [(1, False), (3, False)]
    rest = await intake.take(2, 1.0)
    assert [each.lease for each in rest] == ["1.4", "1.2"]
    await intake.ack([each.lease for each in rest])
    assert peer.acknowledged[2:] == [(4, True)]


async def test_all_that_is_out_is_acknowledged_in_one_frame() -> None:
    peer: Any = Peer()
    intake = Intake(peer, "ct-queue", "queue")
    taken = await intake.take(64, 0.0)
    await intake.ack([each.lease for each in taken])
    assert peer.acknowledged == [(4, True)]
