"""Kafka as a broker: an idempotent producer, and commits of the contiguous prefix alone."""

from fluent_connect.queues.engines.kafka.broker import KafkaBroker, open_broker

__all__ = ["KafkaBroker", "open_broker"]
