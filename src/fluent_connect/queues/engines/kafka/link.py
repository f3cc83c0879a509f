"""What the driver of Kafka raises, as our own error."""

from collections.abc import Iterator
from contextlib import contextmanager

from aiokafka.errors import KafkaError

from fluent_connect.queues.store import StoreError

FAILURES = (KafkaError, OSError)
PATIENCE = 5.0
"""Seconds to be answered."""


@contextmanager
def failing(doing: str) -> Iterator[None]:
    """Raise what the driver raises as StoreError."""
    try:
        yield
    except FAILURES as error:
        raise StoreError(f"{doing}: {told(error)}") from error


def told(error: BaseException) -> str:
    """Return what an error of the driver says."""
    return str(error) or type(error).__name__
