"""Known mistakes, each one small edit of the source, and the tests that must see it.

`old` stands exactly once in `file`; a test asserts so, and the edit cannot rot. `tests` are as few
as will do: what they say is what the promise rests on.
"""

from typing import NamedTuple

_SRC = "src/fluent_connect"
_POSTGRESQL = f"{_SRC}/queues/engines/postgresql"
_ON_POSTGRESQL = "postgresql and not brokered"
_COMMIT = "tests/contracts/test_store_commit.py"
_LANES = "tests/contracts/test_store_lanes.py"
_CONSUMER = "tests/unit/queues/test_consumer.py"
_CONSUMER_STORE = "tests/unit/queues/test_consumer_store.py"
_ONE_COMMIT = "tests/unit/queues/test_one_commit.py"
_BROKERED = "tests/unit/queues/test_brokered.py"
_PUSH = "tests/unit/clients/fluent/test_push.py"


class Mutation(NamedTuple):
    """One mistake. `only`: the pytest expression that chooses among `tests`."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    only: str = ""


MUTATIONS = (
    Mutation(
        "answer before commit",
        f"{_SRC}/ingest/webhook.py",
        "            verdicts = await self._store.commit(admitted.write)\n",
        "            asyncio.ensure_future(self._store.commit(admitted.write))\n"
        "            verdicts = [Verdict.APPLIED]\n",
        ("tests/unit/ingest/test_storage.py",),
    ),
    Mutation(
        "answer many before their commit",
        f"{_SRC}/ingest/intake.py",
        "            verdicts = await self._store.commit(*(write for write, _ in waiting))\n",
        "            asyncio.ensure_future(self._store.commit(*(write for write, _ in waiting)))\n"
        "            verdicts = [Verdict.APPLIED for _ in waiting]\n",
        ("tests/unit/ingest/test_reception.py",),
    ),
    Mutation(
        "settle before the outcome is committed",
        f"{_SRC}/queues/consumer.py",
        "                verdicts = await self._store.commit(*writes)\n",
        "                bare = [Write(Outcome(fate=w.outcome.fate), w.delivery) for w in writes]\n"
        "                verdicts = await self._store.commit(*bare)\n"
        "                await self._store.commit(*(Write(w.outcome) for w in writes))\n",
        (_ONE_COMMIT,),
    ),
    Mutation(
        "acknowledge the broker before the journal has it",
        f"{_SRC}/queues/brokered.py",
        '            reach("brokered:before-adoption")\n',
        "            await self._broker.ack(*deliveries)\n",
        (_ONE_COMMIT,),
    ),
    Mutation(
        "an unconfirmed put counts as sent",
        f"{_SRC}/queues/brokered.py",
        "            sent = [token in self._confirmed for _, token, _ in sendings]\n",
        "            sent = [True for _ in sendings]\n",
        (_BROKERED,),
    ),
    Mutation(
        "acknowledge with others what has not come yet",
        f"{_SRC}/queues/engines/rabbitmq/intake.py",
        "            if min(self._out, default=tags[-1] + 1) > tags[-1]:\n",
        "            if next(iter(self._out), tags[-1] + 1) > tags[-1]:\n",
        ("tests/unit/queues/engines/test_rabbitmq_intake.py",),
    ),
    Mutation(
        "a put that RabbitMQ refuses counts as kept",
        f"{_SRC}/queues/engines/rabbitmq/publisher.py",
        '        error = None if kept else StoreError("refused (Nack): is the queue full?")\n',
        "        error = None\n",
        ("tests/unit/queues/engines/test_rabbitmq_publisher.py",),
    ),
    Mutation(
        "the fence passes an equal version",
        f"{_SRC}/queues/engines/sqlite/commit.py",
        "                version > stands or (guard.or_equal and version == stands)\n",
        "                version >= stands\n",
        (_COMMIT,),
        "sqlite",
    ),
    Mutation(
        "the fence passes an older version",
        f"{_SRC}/queues/engines/sqlite/commit.py",
        "                version > stands or (guard.or_equal and version == stands)\n",
        "                version != stands or guard.or_equal\n",
        (_COMMIT,),
        "sqlite",
    ),
    Mutation(
        "what is applied is fetched again",
        f"{_SRC}/router/fencing.py",
        "    if told > fence.version:\n",
        "    if told >= fence.version:\n",
        ("tests/unit/router/test_fencing.py",),
    ),
    Mutation(
        "a read older than the notification is applied",
        f"{_SRC}/router/fencing.py",
        "    if version >= known:\n",
        "    if version >= 0:\n",
        ("tests/unit/router/test_fencing.py",),
    ),
    Mutation(
        "lanes off",
        f"{_SRC}/queues/engines/sqlite/take.py",
        "        if each.lane and (each.busy or each.lane in taken):\n",
        "        if not each.seq:\n",
        (_LANES,),
        "sqlite",
    ),
    Mutation(
        "a random inbox key",
        f"{_SRC}/listener/queueing.py",
        '        kind_version = f"{notification.kind}|{notification.version}"\n',
        "        kind_version = __import__('secrets').token_hex(8)\n",
        ("tests/unit/listener/test_ct_queue_listener.py",),
    ),
    Mutation(
        "a known notification is not acknowledged",
        f"{_SRC}/queues/engines/sqlite/commit.py",
        "            fate = Superseded(by)\n",
        "            return verdict\n",
        (_COMMIT,),
        "sqlite",
    ),
    Mutation(
        "the lease is not checked at the commit",
        f"{_SRC}/queues/engines/sqlite/commit.py",
        "            if standing.epochs.get(seq) != epoch:\n"
        "                return Verdict.LEASE_LOST\n",
        "            standing.epochs[seq] = epoch\n",
        (_LANES, "tests/contracts/test_store.py"),
        "sqlite",
    ),
    Mutation(
        "a wake-up between fetch and park is lost",
        f"{_SRC}/queues/engines/sqlite/commit.py",
        "        if fate.waits_for is not None"
        " and self._cache.wakes.since(fate.waits_for, fate.since):\n",
        "        if fate.waits_for is None:\n",
        (_COMMIT, _LANES, "tests/contracts/test_store.py"),
        "sqlite",
    ),
    Mutation(
        "a handler goes on though its lease is lost",
        f"{_SRC}/queues/consumer.py",
        "                    if worker is not None and delivery.lease in self.running:\n",
        "                    if worker is None:\n",
        (_CONSUMER, _CONSUMER_STORE),
    ),
    Mutation(
        "an exception is swallowed and counts as done",
        f"{_SRC}/queues/consumer.py",
        "        if isinstance(error, Exception):\n            return Outcome(error=error)\n",
        "        if isinstance(error, Exception):\n            return Outcome(Done())\n",
        (_CONSUMER,),
    ),
    Mutation(
        "what is in hand at a stop is not given back",
        f"{_SRC}/queues/consumer.py",
        "                await self._store.release(*held)\n",
        "                return\n",
        (_CONSUMER, "tests/unit/queues/test_consumer_end.py"),
    ),
    Mutation(
        "tries are counted in an outage",
        f"{_SRC}/queues/retry.py",
        "            wait = self._asked(error, self._spread(self.outage_wait, chance), chance)\n"
        "            return Later(wait, told(error), counts=False)\n",
        "            wait = self._asked(error, self._spread(self.outage_wait, chance), chance)\n"
        "            return Later(wait, told(error), counts=True)\n",
        ("tests/unit/queues/test_retry.py",),
    ),
    Mutation(
        "a message that ends its process is tried for ever",
        f"{_SRC}/queues/retry.py",
        "        if delivery.tries > len(self.waits) + 1:\n",
        "        if delivery.tries < 0:\n",
        ("tests/unit/queues/test_retry.py", _CONSUMER),
    ),
    Mutation(
        "Retry-After is ignored",
        f"{_SRC}/clients/statuses.py",
        "        return RateLimitedError(said, retry_after=retry_after(answer, now))\n",
        "        return RateLimitedError(said)\n",
        ("tests/unit/clients/test_statuses.py",),
    ),
    Mutation(
        "a refused sign-in sends messages to the dead letters",
        f"{_SRC}/clients/statuses.py",
        "    if status in (401, 403) or status < 400:  # noqa: PLR2004\n",
        "    if status < 400:  # noqa: PLR2004\n",
        ("tests/unit/clients/test_statuses.py",),
    ),
    Mutation(
        "the breaker never opens",
        f"{_SRC}/clients/breaker.py",
        "            if error.outage or self._is_enough():\n",
        "            if error.outage and not self._seen:\n",
        ("tests/unit/clients/test_breaker.py",),
    ),
    Mutation(
        "a failed look-up means that there is none",
        f"{_SRC}/clients/fluent/lookup.py",
        "            raise\n\n\ndef can_be_missed",
        "            return {'found': {'edges': []}}\n\n\ndef can_be_missed",
        (_PUSH,),
    ),
    Mutation(
        "a look-up without a list means that there is none",
        f"{_SRC}/clients/fluent/lookup.py",
        '        raise UnreachableError(f"fluent {name}: '
        'an answer without the list that was asked for")\n',
        "        return [], False\n",
        (_PUSH, "tests/unit/clients/fluent/test_lookup_pages.py"),
    ),
    Mutation(
        "createOrder without a look-up before it",
        f"{_SRC}/clients/fluent/push.py",
        "        found = await self._find(change, self._lookup.find, trace)\n"
        "        if found is not None:\n"
        '            return await self._reconcile(change, found, trace, "unchanged")\n'
        "        if change.create is None:\n",
        "        if change.create is None:\n",
        (_PUSH,),
    ),
    Mutation(
        "an unclear createOrder is sent again without a look-up",
        f"{_SRC}/clients/fluent/push.py",
        "            found = await self._find(change, self._lookup.find, trace)\n"
        "            if found is None:\n"
        "                raise\n"
        '            return await self._reconcile(change, found, trace, "created")\n',
        "            made = await self._create_resolved(change, input, trace)\n"
        "            return await self._after_create(change, made, trace)\n",
        (_PUSH,),
    ),
    Mutation(
        "the ledger believes that nothing can be lost",
        f"{_SRC}/journal/ledger.py",
        "_LEDGER = _text(UNACCOUNTED)\n",
        "_LEDGER = _text(QUEUED)\n",
        ("tests/unit/journal/test_journal_ledger.py",),
    ),
    Mutation(
        "the disk may lie: no sync at a commit",
        f"{_SRC}/queues/engines/sqlite/schema.py",
        '    "PRAGMA synchronous = FULL",\n',
        '    "PRAGMA synchronous = NORMAL",\n',
        ("tests/contracts/test_store_file.py", "tests/unit/app/cli/test_systems.py"),
    ),
    Mutation(
        "PostgreSQL: the fence passes an equal version",
        f"{_POSTGRESQL}/commit.py",
        "    return version > stands or (guard.or_equal and version == stands)\n",
        "    return version >= stands\n",
        (_COMMIT,),
        _ON_POSTGRESQL,
    ),
    Mutation(
        "PostgreSQL: the lease is not checked at the commit",
        f"{_POSTGRESQL}/commit.py",
        "        if seq in self._settled or"
        " (self.epochs is not None and self.epochs.get(seq) != epoch):\n",
        "        if seq in self._settled:\n",
        ("tests/contracts/test_store.py",),
        f"{_ON_POSTGRESQL} and lease",
    ),
    Mutation(
        "PostgreSQL: answered before it is committed",
        f"{_POSTGRESQL}/writer.py",
        "            verdicts = await self._written(writes, turn)\n",
        "            asyncio.ensure_future(self._written(writes, turn))\n"
        "            verdicts = [Verdict.APPLIED for _ in writes]\n",
        (_COMMIT,),
        _ON_POSTGRESQL,
    ),
    Mutation(
        "PostgreSQL: the server may sync later",
        f"{_POSTGRESQL}/link.py",
        '    "synchronous_commit": "on",\n',
        '    "synchronous_commit": "off",\n',
        ("tests/postgresql/test_durable.py",),
    ),
)
