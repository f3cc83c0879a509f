"""Amazon SQS as a broker: batches of ten, long polling, standard and FIFO queues."""

from fluent_connect.queues.engines.sqs.broker import SqsBroker, open_broker

__all__ = ["SqsBroker", "open_broker"]
