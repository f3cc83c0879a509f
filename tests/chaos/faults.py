"""The faults that the promise is held against, what brings each about here, and what must hold.

`run` is pytest's words (files, or tests in them), or a make target with a `make:` before it.
"""

from typing import NamedTuple


class Fault(NamedTuple):
    """One fault. `run`: what brings it about; nothing: what is missing says `holds`."""

    id: str
    name: str
    run: tuple[str, ...]
    holds: str


_E2E = "tests/e2e/test_faults.py"
_LIFE = "tests/e2e/test_life.py"
_MANY = "tests/postgresql/test_many_processes.py"
_LANES = "tests/contracts/test_store_lanes.py"

FAULTS = (
    Fault(
        "T01",
        "`kill -9` at any moment",
        ("make:crash",),
        "nothing lost, doubled, unaccounted or waiting",
    ),
    Fault(
        "T02",
        "`kill -9` at each named point",
        ("make:crash", "tests/crash/test_crash.py"),
        "as T01; a door that answers before its commit is found out",
    ),
    Fault(
        "T03",
        "power cut",
        (),
        "not brought about; `synchronous = FULL` is what `make mutants` guards",
    ),
    Fault(
        "T04",
        "disk full",
        (
            "tests/e2e/test_full_disk.py",
            f"{_LIFE}::test_a_full_disk_is_answered_503_and_is_not_ready",
        ),
        "503 with `Retry-After`, not ready, nothing lost, goes on once there is room",
    ),
    Fault(
        "T05",
        "the n-th call of the store fails, for each n",
        ("tests/properties/test_store_failures.py",),
        "nothing lost or doubled, no try counted, nobody stops",
    ),
    Fault("T06", "one sync fails", (), "not brought about"),
    Fault(
        "T07",
        "the file is damaged",
        ("tests/unit/app/cli/test_systems.py",),
        "`doctor --integrity` says so; there is no repair but a backup",
    ),
    Fault(
        "T08",
        "an SQLite with the WAL bug",
        ("tests/unit/app/cli/test_systems.py",),
        "`doctor` names the version; one process, one checkpointing connection",
    ),
    Fault(
        "T09",
        "backup under load, restored elsewhere",
        ("tests/e2e/test_upgrade.py::test_a_backup_under_load_is_restored_and_nothing_is_doubled",),
        "sound, and what comes again is not doubled",
    ),
    Fault(
        "T10",
        "an engine breaks the contract",
        ("tests/contracts",),
        "every engine passes, or says what it lacks",
    ),
    Fault(
        "T11",
        "a broker that fails at every step",
        ("tests/unit/queues/test_brokered.py", "tests/unit/queues/test_one_commit.py"),
        "the outbox sends again; what others put stays there until the journal has it",
    ),
    Fault(
        "T12",
        "network cut, and half-open; PostgreSQL killed under load; a commit whose answer is lost",
        (
            f"{_E2E}::test_a_wire_that_is_cut_or_dead_costs_nothing_but_time",
            "tests/postgresql/test_server_away.py",
        ),
        "the outage is noticed, messages wait, each order once; a commit is told as what it was",
    ),
    Fault(
        "T13",
        "a lease that ends, a process that sleeps through three of them",
        (
            f"{_E2E}::test_a_service_that_sleeps_through_its_leases_doubles_nothing",
            f"{_MANY}::test_a_process_that_stood_still_for_three_leases_commits_nothing_of_then",
            _LANES,
        ),
        "the late commit is refused, no two leases of a lane at a time, each order once",
    ),
    Fault(
        "T14",
        "a broker that acknowledges before its sync",
        (),
        "not brought about; `doctor` checks settings",
    ),
    Fault("T15", "failover of a cluster", (), "not brought about: no cluster runs here"),
    Fault(
        "T16",
        "a Fluent that takes 30 s",
        (f"{_E2E}::test_a_fluent_that_takes_30_s_slows_no_sender",),
        "98 of 100 senders are answered within 0.5 s; each order once",
    ),
    Fault(
        "T17",
        "429 with seconds, with nonsense, with nothing; C0011E with 200",
        (
            f"{_E2E}::test_a_storm_of_429_ends_with_each_order_once",
            "tests/unit/clients/test_statuses.py",
        ),
        "`Retry-After` is heeded up to an hour; each order once, none dead",
    ),
    Fault(
        "T18",
        "nothing but 5xx",
        (
            f"{_LIFE}::test_an_outage_of_fluent_pauses_and_counts_no_try",
            "tests/unit/clients/test_breaker.py",
        ),
        "the breaker opens, one probe at a time, no try counted",
    ),
    Fault(
        "T19",
        "tokens that end in the middle; a password that is wrong",
        (
            f"{_E2E}::test_tokens_that_end_in_the_middle_cost_one_sign_in_each",
            f"{_LIFE}::test_a_wrong_password_is_an_outage_and_is_sent_three_times_at_most",
        ),
        "one sign-in for each end; a 401 sends nothing to the dead letters",
    ),
    Fault(
        "T20",
        "committed, then reset",
        ("tests/e2e/test_lying_fluent.py",),
        "each order is created once, though the look-up lies as well",
    ),
    Fault(
        "T21",
        "errors with 200, half an answer, a page of HTML",
        ("tests/unit/clients/fluent/test_push.py", "tests/e2e/test_lying_fluent.py"),
        "unknown is never absent, and no success",
    ),
    Fault(
        "T22",
        "days of outage, a million messages",
        (),
        "the backlog is measured in [performance](../performance.md)",
    ),
    Fault(
        "T23",
        "a life in any order, each message up to three times",
        ("tests/properties/test_lifecycles.py",),
        "one end state, effects once",
    ),
    Fault(
        "T24",
        "stale after fresh",
        ("tests/unit/router/test_fencing.py",),
        "superseded without a write",
    ),
    Fault(
        "T25",
        "created after deleted",
        (
            "tests/properties/test_customers_in_any_order.py",
            "tests/properties/test_category_tree.py",
        ),
        "no resurrection",
    ),
    Fault(
        "T26",
        "many changes of one resource",
        ("tests/unit/router/test_message_router.py", "tests/unit/router/test_event_order.py"),
        "a state is written once, events run in order",
    ),
    Fault(
        "T27",
        "one message by two subscriptions",
        ("tests/unit/listener/test_ct_queue_listener.py",),
        "one effect: known by its own id, not by the carrier's",
    ),
    Fault(
        "T28",
        "reads that lag",
        ("tests/unit/router/test_fencing.py",),
        "waits; the older is never applied as the newer",
    ),
    Fault(
        "T29",
        "one resource poisoned for ever",
        (_LANES, "tests/unit/router/test_misbehaving.py"),
        "other lanes go on",
    ),
    Fault(
        "T30", "nearly all traffic on one resource", (_LANES,), "a long lane costs others nothing"
    ),
    Fault(
        "T31",
        "a handler that always raises",
        ("tests/unit/queues/test_consumer.py", "tests/unit/router/test_misbehaving.py"),
        "a few tries, then dead with its traceback, and can be revived",
    ),
    Fault(
        "T32",
        "handlers that block, exit, raise anything, swallow or leak a cancellation",
        (
            f"{_LIFE}::test_a_handler_that_blocks_the_loop_ends_the_process_and_is_dead_in_the_end",
            "tests/e2e/test_bad_citizens.py",
            "tests/unit/app/test_watchdog.py",
        ),
        "dead in the end, everybody else served",
    ),
    Fault(
        "T33",
        "handlers that cannot be loaded",
        ("tests/unit/app/test_discovery.py", "tests/unit/app/test_lints.py"),
        "exit 3 with file and line",
    ),
    Fault(
        "T34",
        "stopped under load, again and again",
        (
            f"{_E2E}::test_a_service_stopped_again_and_again_under_load_loses_nothing",
            f"{_LIFE}::test_a_stop_under_load_loses_nothing_and_ends_with_0",
            f"{_LIFE}::test_a_second_signal_ends_at_once_but_not_a_repeat_of_the_first",
        ),
        "exit 0 within 25 s, nothing lost",
    ),
    Fault(
        "T35", "a wrong configuration while it runs", (), "none is read while it runs, but secrets"
    ),
    Fault(
        "T36",
        "an upgrade with data",
        ("tests/e2e/test_upgrade.py",),
        "brought up to date, or refused and left alone",
    ),
    Fault(
        "T37", "two versions at once", (), "one process on SQLite; on PostgreSQL as its page says"
    ),
    Fault(
        "T38",
        "the clock jumps",
        ("tests/properties/test_clock_jumps.py", "tests/unit/app/test_clocks.py"),
        "nothing lost or doubled; set back, what waits goes on when it is right; doubt is 503",
    ),
    Fault(
        "T39",
        "jobs across restarts and clock changes",
        ("tests/unit/jobs",),
        "each window once, none at a time twice",
    ),
    Fault(
        "T40",
        "replay into a live system",
        ("tests/unit/app/cli",),
        "planned, paced, through the same fence",
    ),
    Fault("T41", "a backlog", (), "measured in [performance](../performance.md)"),
    Fault("T42", "a day at work", (), "not brought about"),
    Fault(
        "T43",
        "a burst",
        (f"{_LIFE}::test_a_thousand_idle_connections_keep_nobody_out", "tests/hardening"),
        "2xx, 429 or 503, never a hang",
    ),
    Fault(
        "T44",
        "one process on PostgreSQL becomes two, four and one again under load; one is killed",
        (
            "tests/e2e/test_scaling.py",
            "tests/postgresql/test_workers.py",
            f"{_MANY}::test_a_killed_process_need_not_be_waited_for_as_long_as_its_leases",
        ),
        "nothing lost or doubled, no request refused; what a dead one held is taken over in 30 s",
    ),
    Fault(
        "T45",
        "signatures, true and false",
        ("tests/vectors", "tests/unit/ingest"),
        "all as the vectors say",
    ),
    Fault(
        "T46",
        "any bytes at the door",
        (
            "tests/properties/test_parse.py",
            "tests/properties/test_verify.py",
            "tests/unit/ingest/test_tampered.py",
        ),
        "an answer, never a 500",
    ),
    Fault("T47", "floods and slow senders", ("tests/hardening",), "deadlines and limits hold"),
    Fault("T48", "a console under attack", (), "there is none in this version"),
)
