"""What the URL of a queue says: its scheme is the engine, and its password is nobody's business."""

import re

SQL = ("sqlite", "postgresql", "memory")
"""Engines that keep queues and journal in one place."""
BROKERS = ("rabbitmq", "sqs", "kafka")
"""Engines that carry parcels, with their journal in SQL."""
ENGINES = (*SQL, *BROKERS)
EXTRAS = {"postgresql": "postgresql", "rabbitmq": "rabbitmq", "sqs": "aws", "kafka": "kafka"}
"""What to install for an engine beside the base."""


def engine(url: str) -> str:
    """Return the engine that a URL names; what follows a `+` says how it is reached."""
    return url.partition(":")[0].partition("+")[0]


def shown(url: str) -> str:
    """Return the URL as it may be shown: without a password."""
    return re.sub(r"(//[^:/@?#]*):[^@/?#]*@", r"\1:***@", url)
