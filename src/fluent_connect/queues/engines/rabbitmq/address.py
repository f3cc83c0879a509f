"""What the URL of a queue on RabbitMQ says."""

from urllib.parse import quote, unquote, urlsplit

import msgspec

from fluent_connect.model.errors import ConfigError
from fluent_connect.queues.address import shown

_HEARTBEAT = "heartbeat=15"
"""Seconds: a connection that is cut without a word is noticed within two of them."""


class Address(msgspec.Struct, frozen=True):
    """A queue, and the AMQP URL of its server and virtual host."""

    server: str
    queue: str


def address(name: str, url: str) -> Address:
    """Return where the queue `name` lives.

    `rabbitmq://user:password@host:5672/vhost/queue`; without a queue it is called `name`, without
    a virtual host it is in `/`. `rabbitmq+tls://` is over TLS; `?cafile=…` and what else aio-pika
    knows is handed on.
    """
    parts = urlsplit(url)
    steps = parts.path.removeprefix("/").split("/")
    if not parts.hostname or len(steps) > 2:  # noqa: PLR2004 - virtual host and queue
        told = "write rabbitmq://user@host:5672/vhost/queue"
        raise ConfigError(f"{shown(url)} leads to no queue of RabbitMQ: {told}")
    vhost = unquote(steps[0]) if len(steps) > 1 else "/"
    scheme = "amqps" if parts.scheme.endswith("+tls") else "amqp"
    query = (
        parts.query
        if "heartbeat=" in parts.query
        else "&".join(filter(None, (parts.query, _HEARTBEAT)))
    )
    server = f"{scheme}://{parts.netloc}/{quote(vhost, safe='')}?{query}"
    return Address(server, unquote(steps[-1]) or name)
