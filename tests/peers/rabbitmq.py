"""The RabbitMQ that tests use: the running one, with queues of their own names."""

import os
import socket
from contextlib import closing
from functools import cache

import aio_pika

_HOST, _PORT = os.environ.get("FC_TEST_RABBITMQ", "127.0.0.1:5672").split(":")
SERVER = f"rabbitmq://guest:guest@{_HOST}:{_PORT}"


@cache
def why_not() -> str | None:
    """Return why there is no server to test with; in CI there has to be one."""
    if os.environ.get("CI"):
        return None
    with closing(socket.socket()) as probe:
        probe.settimeout(1.0)
        if probe.connect_ex((_HOST, int(_PORT))) == 0:
            return None
    return f"no RabbitMQ at {_HOST}:{_PORT} (FC_TEST_RABBITMQ)"


def urls(prefix: str, *queues: str, server: str = SERVER) -> dict[str, str]:
    """Return the URL of each queue, all with names of this test alone."""
    return {queue: f"{server}/{prefix}.{queue}" for queue in queues}


async def clear(places: dict[str, str]) -> None:
    """Delete the queues, and what took what they gave up."""
    connection = await aio_pika.connect(SERVER.replace("rabbitmq:", "amqp:"))
    async with connection:
        channel = await connection.channel()
        for url in places.values():
            name = url.rpartition("/")[2]
            await channel.queue_delete(name)
            await channel.queue_delete(f"{name}.dead")
