"""Memory: a store without durability, for unit tests and partners' tests."""

from fluent_connect.queues.engines.memory.store import MemoryStore

__all__ = ["MemoryStore"]
