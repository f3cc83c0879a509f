"""The store for tests: all that a Store promises, but nothing survives the process."""

from fluent_connect.queues.engines.memory import MemoryStore

__all__ = ["MemoryStore"]
