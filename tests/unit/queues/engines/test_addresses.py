"""What the URLs of queues say, and what is said of those that lead nowhere."""

import pytest

from fluent_connect.model.errors import ConfigError
from fluent_connect.queues.engines.kafka.address import address as kafka
from fluent_connect.queues.engines.rabbitmq.address import address as rabbitmq
from fluent_connect.queues.engines.sqs.address import Address as Sqs
from fluent_connect.queues.engines.sqs.address import address as sqs


@pytest.mark.parametrize(
    ("url", "server", "queue"),
    [
        ("rabbitmq://h", "amqp://h/%2F?heartbeat=15", "ct-queue"),
        ("rabbitmq://u:p@h:5673/q", "amqp://u:p@h:5673/%2F?heartbeat=15", "q"),
        ("rabbitmq://h/shop/q", "amqp://h/shop?heartbeat=15", "q"),
        ("rabbitmq://h/a%2Fb/", "amqp://h/a%2Fb?heartbeat=15", "ct-queue"),
        ("rabbitmq+tls://h/q?cafile=/c", "amqps://h/%2F?cafile=/c&heartbeat=15", "q"),
        ("rabbitmq://h/q?heartbeat=60", "amqp://h/%2F?heartbeat=60", "q"),
    ],
)
def test_a_url_of_rabbitmq_names_server_vhost_and_queue(url: str, server: str, queue: str) -> None:
    place = rabbitmq("ct-queue", url)
    assert (place.server, place.queue) == (server, queue)


@pytest.mark.parametrize("url", ["rabbitmq:///q", "rabbitmq://u:secret@h/a/b/c"])
def test_a_url_that_leads_to_no_queue_of_rabbitmq_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="rabbitmq://user@host") as caught:
        rabbitmq("ct-queue", url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("sqs://q", Sqs("q", "q-dlq")),
        ("sqs://?region=eu-west-1", Sqs("ct-queue", "ct-queue-dlq", "eu-west-1")),
        ("sqs://q.fifo", Sqs("q.fifo", "q-dlq.fifo")),
        ("sqs://q?dlq=d&account=1", Sqs("q", "d", account="1")),
        ("sqs://q?endpoint=http://h:1", Sqs("q", "q-dlq", endpoint="http://h:1")),
        (
            "sqs+https://sqs.eu-west-1.amazonaws.com/12/q?dlq=d",
            Sqs("q", "d", "eu-west-1", account="12"),
        ),
        (
            "sqs+http://127.0.0.1:45/00/q",
            Sqs("q", "q-dlq", endpoint="http://127.0.0.1:45", account="00"),
        ),
    ],
)
def test_a_url_of_sqs_names_queue_and_place(url: str, place: Sqs) -> None:
    assert sqs("ct-queue", url) == place


def test_the_name_of_a_queue_says_that_it_is_fifo() -> None:
    assert sqs("ct-queue", "sqs://q.fifo").fifo
    assert not sqs("ct-queue", "sqs://q").fifo


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("sqs://key:secret@q", "AWS's own chain"),
        ("sqs://q?regoin=x", "no setting regoin; known: account, dlq, endpoint, region"),
        ("sqs+https://sqs.eu-west-1.amazonaws.com/q", "leads to no queue"),
        ("sqs+ftp://h/12/q", "leads to no queue"),
    ],
)
def test_a_url_that_leads_to_no_queue_of_sqs_is_refused(url: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why) as caught:
        sqs("ct-queue", url)
    assert "secret" not in str(caught.value)


def test_a_url_of_kafka_names_brokers_topic_and_how_to_sign_in() -> None:
    place = kafka("ct-queue", "kafka://u:p%40ss@a:1,b/topic?sasl=SCRAM-SHA-512&group=g&session=3")
    assert (place.server.brokers, place.topic) == ("a:1,b:9092", "topic")
    assert (place.group, place.session, place.partitions) == ("g", 3.0, 12)
    settings = place.server.settings()
    assert settings["bootstrap_servers"] == ["a:1", "b:9092"]
    assert settings["security_protocol"] == "SASL_PLAINTEXT"
    assert settings["sasl_mechanism"] == "SCRAM-SHA-512"
    assert (settings["sasl_plain_username"], settings["sasl_plain_password"]) == ("u", "p@ss")


def test_kafka_over_tls_verifies_the_brokers() -> None:
    settings = kafka("ct-queue", "kafka+tls://h:9093").server.settings()
    assert settings["security_protocol"] == "SSL"
    assert settings["ssl_context"].check_hostname


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("kafka:///t", "leads to no topic"),
        ("kafka://u:secret@h/a/b", "leads to no topic"),
        ("kafka://h/t?grup=x", "no setting grup"),
        ("kafka://h/t?session=soon", "session takes a number above 0, not 'soon'"),
        ("kafka://h/t?partitions=0", "partitions takes a number above 0"),
    ],
)
def test_a_url_that_leads_to_no_topic_of_kafka_is_refused(url: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why) as caught:
        kafka("ct-queue", url)
    assert "secret" not in str(caught.value)
