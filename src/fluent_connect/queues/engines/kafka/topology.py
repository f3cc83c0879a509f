"""The topics that Kafka needs: made and checked by its admin interface."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from fluent_connect.queues.engines.kafka.address import Address, Server
from fluent_connect.queues.engines.kafka.link import failing
from fluent_connect.queues.store import Setting

_REPLICAS = 3
_IN_SYNC = 2
_RETENTION = 14 * 86_400_000
_LARGEST = 1_048_588
_FIX = "fluent-connect queues ensure"
_OURS = "nothing of ours, which stands in the journal; of what others put, "


async def declare(place: Address) -> None:
    """Make the topic, if it is missing."""
    with failing(f"make {place.topic}"):
        async with _admin(place.server) as admin:
            await _make(admin, place)


async def settle(name: str, place: Address, *, change: bool) -> Sequence[Setting]:
    """Return how the topic stands; `change`: make it if it is missing, and set it right.

    `name`: what we call the queue.
    """
    with failing(f"look at {place.topic}"):
        async with _admin(place.server) as admin:
            made = False
            if place.topic not in await admin.list_topics():
                if not change:
                    return [_missing(name, place)]
                await _make(admin, place)
                made = True
            (told,) = await admin.describe_topics([place.topic])
            found = await _configured(admin, place.topic)
            return [*_laid_out(name, place, told, made=made), *_kept(name, place, found)]


@asynccontextmanager
async def _admin(server: Server) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(**server.settings())
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()


async def _make(admin: AIOKafkaAdminClient, place: Address) -> None:
    brokers = len((await admin.describe_cluster())["brokers"])
    replicas = min(_REPLICAS, brokers)
    settings = {
        "min.insync.replicas": str(max(1, min(_IN_SYNC, replicas - 1))),
        "unclean.leader.election.enable": "false",
        "cleanup.policy": "delete",
        "retention.ms": str(_RETENTION),
        "max.message.bytes": str(_LARGEST),
    }
    topic = NewTopic(place.topic, place.partitions, replicas, topic_configs=settings)
    answer = await admin.create_topics([topic])
    for _, code, *rest in answer.topic_errors:
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:
            raise error(*(each for each in rest if each))


async def _configured(admin: AIOKafkaAdminClient, topic: str) -> Mapping[str, str] | None:
    """Return the topic's settings; None if the broker does not tell."""
    try:
        (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    except KafkaError:
        return None
    return {entry[0]: str(entry[1]) for *_, entries in answer.resources for entry in entries}


def _missing(name: str, place: Address) -> Setting:
    return Setting(
        queue=name,
        what=f"topic {place.topic}",
        wanted="there",
        found="no such topic",
        state="missing",
        lost="nothing: puts wait in the journal until it is there",
        fix=_FIX,
    )


def _laid_out(
    name: str, place: Address, told: Mapping[str, Any], *, made: bool
) -> Sequence[Setting]:
    partitions = told["partitions"]
    replicas = min((len(each["replicas"]) for each in partitions), default=0)
    enough = replicas >= _REPLICAS
    return [
        Setting(
            queue=name,
            what=f"topic {place.topic}",
            wanted="1 partition or more; more processes than partitions stand idle",
            found=f"{len(partitions)} partitions",
            state="made" if made else "ok",
        ),
        Setting(
            queue=name,
            what="replicas",
            wanted=str(_REPLICAS),
            found=str(replicas),
            state="ok" if enough else "doubt",
            lost="" if enough else f"{_OURS}what waits on a broker whose disk dies",
            fix="" if enough else "kafka-reassign-partitions, on three brokers",
        ),
    ]


def _kept(name: str, place: Address, found: Mapping[str, str] | None) -> Sequence[Setting]:
    """Return how the settings stand that decide what a confirmed put is worth."""
    if found is None:
        return [
            Setting(
                queue=name,
                what="settings of the topic",
                wanted=f"min.insync.replicas {_IN_SYNC}, unclean.leader.election.enable false",
                found="the broker does not tell",
                state="unknown",
                lost=f"{_OURS}what only a broker knew that is gone",
                fix=f"kafka-configs --describe --topic {place.topic}",
            )
        ]
    return [
        _judged(name, found, "min.insync.replicas", str(_IN_SYNC), "what only one broker knew"),
        _judged(
            name,
            found,
            "unclean.leader.election.enable",
            "false",
            "what the new leader had not read",
        ),
        _judged(
            name, found, "retention.ms", str(_RETENTION), "what nobody took for longer than that"
        ),
        _judged(name, found, "cleanup.policy", "delete", "all but the last of each key"),
    ]


def _judged(name: str, found: Mapping[str, str], key: str, wanted: str, lost: str) -> Setting:
    value = found.get(key, "")
    good = value == wanted
    if wanted.isdigit() and value.lstrip("-").isdigit():
        # A retention of -1 is for ever.
        good = int(value) >= int(wanted) or int(value) < 0
    return Setting(
        queue=name,
        what=key,
        wanted=wanted,
        found=value or "not told",
        state="ok" if good else "doubt",
        lost="" if good else f"{_OURS}{lost}",
        fix="" if good else f"kafka-configs --alter --add-config {key}={wanted}",
    )
