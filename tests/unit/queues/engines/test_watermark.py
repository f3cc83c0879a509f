"""What a group commits never passes what is not acknowledged."""

from hypothesis import given
from hypothesis import strategies as st

from fluent_connect.queues.engines.kafka.watermark import Watermark


def _out(*offsets: int) -> Watermark:
    mark = Watermark(1)
    for offset in offsets:
        mark.hand_out(offset)
    return mark


def test_only_the_prefix_without_a_gap_is_committed() -> None:
    mark = _out(5, 6, 7)
    mark.done(6)
    assert mark.to_commit() == 5
    mark.done(5)
    assert mark.to_commit() == 7
    mark.done(7)
    assert mark.to_commit() == 8


def test_what_is_committed_is_not_committed_again() -> None:
    mark = _out(5)
    mark.done(5)
    mark.committed(6)
    assert mark.to_commit() is None


def test_a_rewind_hands_out_again_from_there() -> None:
    mark = _out(5, 6, 7)
    mark.done(7)
    mark.rewind(6)
    assert mark.holds(5)
    assert not mark.holds(6)
    mark.done(5)
    assert mark.to_commit() == 6


@given(st.lists(st.tuples(st.sampled_from(["take", "ack", "release"]), st.integers(0, 9))))
def test_no_order_of_steps_commits_what_is_not_acknowledged(steps: list[tuple[str, int]]) -> None:
    mark, acknowledged, position = Watermark(1), set[int](), 0
    for what, number in steps:
        held = [each for each in range(position) if mark.holds(each)]
        if what == "take":
            mark.hand_out(position)
            position += 1
        elif held:
            offset = held[number % len(held)]
            if what == "ack":
                mark.done(offset)
                acknowledged.add(offset)
            else:
                mark.rewind(offset)
                position = offset
        reached = mark.to_commit()
        assert reached is None or set(range(reached)) <= acknowledged
        if reached is not None:
            mark.committed(reached)
