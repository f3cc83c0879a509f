"""Live goes before bulk, and bulk keeps to a few places while there is live traffic."""

from collections.abc import Iterable

from fluent_connect.model.parcel import EVENT_QUEUE, Parcel, Rank
from fluent_connect.queues.store import Delivery
from fluent_connect.queues.turns import Turns
from unit.queues.workshop import Clock


def delivery(name: str, rank: Rank) -> Delivery:
    parcel = Parcel(id=name, key="", body=b"{}", rank=rank)
    return Delivery(EVENT_QUEUE, parcel, 1, None, name, 0.0)


def waiting(turns: Turns, rank: Rank, names: Iterable[str]) -> None:
    for name in names:
        turns.add(delivery(name, rank))


def begun(turns: Turns) -> list[Delivery]:
    """Have all begin whose turn it is."""
    found = []
    while (one := turns.next()) is not None:
        found.append(one)
    return found


def names(deliveries: Iterable[Delivery]) -> str:
    return "".join(each.parcel.id for each in deliveries)


def test_live_goes_first_and_bulk_has_a_place_of_32_beside_it() -> None:
    turns = Turns(64, Clock())
    waiting(turns, "bulk", "abcd")
    waiting(turns, "live", "xyz")
    at_work = begun(turns)
    assert names(at_work) == "xyzab"
    turns.ended(at_work[0])
    assert not begun(turns)
    turns.ended(at_work[3])
    assert names(begun(turns)) == "c"


def test_bulk_alone_has_all_places() -> None:
    turns = Turns(64, Clock())
    waiting(turns, "bulk", "abcdefgh")
    assert names(begun(turns)) == "abcdefgh"


def test_bulk_has_all_places_again_once_no_live_one_came_for_10_s() -> None:
    clock = Clock()
    turns = Turns(64, clock)
    waiting(turns, "live", "x")
    waiting(turns, "bulk", "abcd")
    assert names(begun(turns)) == "xab"
    clock.now += 9.9
    assert not begun(turns)
    clock.now += 0.2
    assert names(begun(turns)) == "cd"


def test_bulk_goes_on_beside_live_traffic_however_few_places_there_are() -> None:
    turns = Turns(1, Clock())
    waiting(turns, "live", "x")
    waiting(turns, "bulk", "ab")
    assert names(begun(turns)) == "xa"


def test_what_is_forgotten_has_no_turn() -> None:
    turns = Turns(32, Clock())
    waiting(turns, "live", "x")
    waiting(turns, "bulk", "a")
    turns.clear()
    assert turns.next() is None
