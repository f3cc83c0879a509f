"""Where the next take of a PostgreSQL queue begins."""

from fluent_connect.queues.engines.postgresql.heads import Heads

LIVE = ("acme/1", 0)


def test_a_take_begins_where_the_last_one_ended() -> None:
    head = Heads()["event-queue"]
    head.looked([("acme/1", 0, 10.0)])
    head.took(LIVE, 12.0)
    assert head.open(()) == [("acme/1", 0, 12.0)]


def test_what_is_ready_again_is_where_it_begins() -> None:
    heads = Heads()
    heads["event-queue"].looked([("acme/1", 0, 10.0)])
    heads["event-queue"].took(LIVE, 12.0)
    assert heads.back([("event-queue", "acme/1", 0, 11.0)]) == {"event-queue"}
    assert heads["event-queue"].open(()) == [("acme/1", 0, 11.0)]


def test_what_is_paused_is_left_alone() -> None:
    head = Heads()["event-queue"]
    head.looked([("acme/1", 0, 10.0), ("acme/2", 1, 11.0)])
    assert head.open(("acme/1",)) == [("acme/2", 1, 11.0)]
    assert head.open(("acme/*",)) == []


def test_nothing_is_wanted_of_an_empty_queue_until_something_comes() -> None:
    head = Heads()["event-queue"]
    assert head.wanted((), now=10.0)
    head.looked([])
    head.emptied((), 20.0)
    assert not head.wanted((), now=10.0)
    assert head.wanted((), now=20.0)
    assert head.wanted(("acme/*",), now=10.0)
    head.put(LIVE, 15.0)
    assert head.wanted((), now=10.0)


def test_what_others_tell_of_is_looked_for_from_the_beginning() -> None:
    heads = Heads()
    head = heads["event-queue"]
    assert head.stale
    head.looked([])
    assert not head.stale
    heads.doubt()
    assert head.stale
    assert head.wanted((), now=0.0)
