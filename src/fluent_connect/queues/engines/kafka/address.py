"""What the URL of a queue on Kafka says."""

import ssl
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from fluent_connect.model.errors import ConfigError
from fluent_connect.queues.address import shown

_KNOWN = frozenset({"group", "sasl", "partitions", "session", "cafile"})
_PARTITIONS = 12
_SESSION = 10.0


class Server(msgspec.Struct, frozen=True):
    """A cluster, and how one signs in to it."""

    brokers: str
    tls: bool = False
    cafile: str | None = None
    sasl: str = "PLAIN"
    username: str | None = None
    password: str | None = None

    def settings(self) -> dict[str, Any]:
        """Return what every client of this cluster is made with."""
        signed = self.username is not None
        protocol = ("SASL_" if signed else "") + ("SSL" if self.tls else "PLAINTEXT")
        settings: dict[str, Any] = {
            "bootstrap_servers": self.brokers.split(","),
            "security_protocol": protocol,
            "metadata_max_age_ms": 30_000,
            "request_timeout_ms": 10_000,
        }
        if self.tls:
            settings["ssl_context"] = ssl.create_default_context(cafile=self.cafile)
        if signed:
            settings["sasl_mechanism"] = self.sasl
            settings["sasl_plain_username"] = self.username
            settings["sasl_plain_password"] = self.password
        return settings


class Address(msgspec.Struct, frozen=True):
    """A topic of a cluster, and the consumer group that shares its partitions.

    session: seconds after which a member that says nothing is taken for dead.
    """

    server: Server
    topic: str
    group: str
    partitions: int = _PARTITIONS
    session: float = _SESSION


def address(name: str, url: str) -> Address:
    """Return where the queue `name` lives.

    `kafka://user:password@host:9092,other:9092/topic`, `kafka+tls://` over TLS; without a topic it
    is called `name`. Settings: `group`, `sasl` (PLAIN, SCRAM-SHA-256, SCRAM-SHA-512), `partitions`
    (of a topic that is made), `session`, `cafile`.
    """
    parts = urlsplit(url)
    told = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    user, _, brokers = parts.netloc.rpartition("@")
    topic = unquote(parts.path.strip("/")) or name
    if not brokers or "/" in topic:
        message = "write kafka://host:9092/topic"
        raise ConfigError(f"{shown(url)} leads to no topic of Kafka: {message}")
    if unknown := sorted(told.keys() - _KNOWN):
        raise ConfigError(
            f"{shown(url)}: no setting {unknown[0]}; known: {', '.join(sorted(_KNOWN))}"
        )
    username, _, password = user.partition(":")
    server = Server(
        ",".join(each if ":" in each else f"{each}:9092" for each in brokers.split(",")),
        tls=parts.scheme.endswith("+tls"),
        cafile=told.get("cafile"),
        sasl=told.get("sasl", "PLAIN"),
        username=unquote(username) if user else None,
        password=unquote(password) if user else None,
    )
    return Address(
        server,
        topic,
        told.get("group", f"fluent-connect.{topic}"),
        int(_number(url, told, "partitions", _PARTITIONS)),
        _number(url, told, "session", _SESSION),
    )


def _number(url: str, told: dict[str, str], key: str, otherwise: float) -> float:
    try:
        number = float(told.get(key, otherwise))
    except ValueError:
        number = 0.0
    if number <= 0:
        raise ConfigError(f"{shown(url)}: {key} takes a number above 0, not {told[key]!r}")
    return number
