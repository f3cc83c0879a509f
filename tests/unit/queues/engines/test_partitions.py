"""A partition that moves takes its deliveries with it."""

from aiokafka import TopicPartition

from fluent_connect.queues.engines.kafka.address import address
from fluent_connect.queues.engines.kafka.intake import Intake

PARTITION = TopicPartition("topic", 3)


async def test_what_was_handed_out_before_a_partition_moved_is_no_longer_ours() -> None:
    intake = Intake("ct-queue", address("ct-queue", "kafka://h/topic"))
    await intake.on_partitions_assigned({PARTITION})
    intake._marks[PARTITION].hand_out(7)
    lease = f"3.7.{intake._marks[PARTITION].epoch}"
    assert intake.holds(lease)
    await intake.on_partitions_revoked({PARTITION})
    assert not intake.holds(lease)
    await intake.on_partitions_assigned({PARTITION})
    intake._marks[PARTITION].hand_out(7)
    assert not intake.holds(lease)
    await intake.ack([lease])
    assert intake._marks[PARTITION].to_commit() == 7
