from fluent_connect.model.outcome import Done, Superseded
from fluent_connect.testing.bench import Bench
from fluent_connect.testing.deliver import message_for
from unit.router.handlers import PaidHandler
from unit.router.scene import O1, hand, order


async def test_changes_and_messages_of_one_resource_do_not_overtake_each_other() -> None:
    bench = Bench(PaidHandler)
    bench.commercetools.put("order", order(9))
    told = []
    for number, (version, sequence) in enumerate(((8, 2), (9, None), (9, 3), (9, None))):
        id_ = f"n{number}.0"
        message = message_for(PaidHandler, O1, id=id_, version=version, sequence=sequence)
        told.append((await hand(bench, message)).fate)
    assert told == [Done("sent"), Done("sent"), Done("sent"), Superseded("sequence 9")]
