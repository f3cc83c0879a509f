"""The Kafka that tests use: the mock cluster that librdkafka brings along, in this process.

`confluent_kafka` reaches it by a setting alone; what its C interface can do besides (topics of so
many partitions, a group without a waiting time, brokers that go down) is called directly.
"""

import ctypes
from functools import cache
from pathlib import Path
from typing import Any

import confluent_kafka

JOIN_GROUP = 11
LIST_OFFSETS = 2
REFUSED = 29
"""The error that a topic is not for us: the driver does not ask again by itself."""
_MISTAKE = ctypes.create_string_buffer(512)
_PRODUCER = 0


def why_not() -> str | None:
    """Return why there is no server to test with: there always is."""
    return None


@cache
def _library() -> Any:
    folder = Path(confluent_kafka.__file__).parent.parent / "confluent_kafka.libs"
    library = ctypes.CDLL(str(next(folder.glob("librdkafka*"))))
    for name in ("rd_kafka_new", "rd_kafka_conf_new", "rd_kafka_mock_cluster_new"):
        getattr(library, name).restype = ctypes.c_void_p
    library.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
    return library


class Cluster:
    """A cluster of mock brokers."""

    def __init__(self, brokers: int = 1) -> None:
        library = self._library = _library()
        settings = ctypes.c_void_p(library.rd_kafka_conf_new())
        library.rd_kafka_conf_set(settings, b"log_level", b"0", _MISTAKE, len(_MISTAKE))
        client = library.rd_kafka_new(_PRODUCER, settings, _MISTAKE, len(_MISTAKE))
        self._client = ctypes.c_void_p(client)
        self._cluster = ctypes.c_void_p(library.rd_kafka_mock_cluster_new(self._client, brokers))
        library.rd_kafka_mock_group_initial_rebalance_delay_ms(self._cluster, 0)
        self.bootstrap = library.rd_kafka_mock_cluster_bootstraps(self._cluster).decode()

    def make(self, topic: str, partitions: int) -> None:
        """Make a topic."""
        code = self._library.rd_kafka_mock_topic_create(
            self._cluster, topic.encode(), partitions, 1
        )
        assert code == 0

    def delete(self, topic: str) -> None:
        """Delete a topic, with all it holds."""
        self._library.rd_kafka_mock_topic_delete(self._cluster, topic.encode())

    def down(self, broker: int = 1) -> None:
        """Cut all connections to a broker, and take no new ones."""
        self._library.rd_kafka_mock_broker_set_down(self._cluster, broker)

    def up(self, broker: int = 1) -> None:
        """Let a broker work again."""
        self._library.rd_kafka_mock_broker_set_up(self._cluster, broker)

    def answer(self, request: int, *answers: tuple[int, int], broker: int = 1) -> None:
        """Give the next requests of a kind (their number in the protocol) these answers.

        Each is an error, 0 for none, and for how many milliseconds it is held back.
        """
        words = [number for answer in answers for number in answer]
        push = self._library.rd_kafka_mock_broker_push_request_error_rtts
        push(self._cluster, broker, ctypes.c_int16(request), ctypes.c_size_t(len(answers)), *words)

    def stop(self) -> None:
        """End it, with all it holds."""
        self._library.rd_kafka_mock_cluster_destroy(self._cluster)


@cache
def shared() -> Cluster:
    """Return the cluster that all tests share."""
    return Cluster()


def urls(
    prefix: str,
    *queues: str,
    partitions: int = 1,
    session: float = 2,
    cluster: Cluster | None = None,
) -> dict[str, str]:
    """Return the URL of each queue, whose topic is made."""
    cluster = cluster or shared()
    for queue in queues:
        cluster.make(f"{prefix}.{queue}", partitions)
    place = f"kafka://{cluster.bootstrap}/{prefix}"
    return {queue: f"{place}.{queue}?session={session}" for queue in queues}


async def clear(places: dict[str, str]) -> None:
    """Delete the topics."""
    for url in places.values():
        shared().delete(url.rpartition("/")[2].partition("?")[0])
