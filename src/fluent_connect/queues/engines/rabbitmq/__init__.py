"""RabbitMQ as a broker: quorum queues, publisher confirms, manual acknowledgements."""

from fluent_connect.queues.engines.rabbitmq.broker import RabbitBroker, open_broker

__all__ = ["RabbitBroker", "open_broker"]
