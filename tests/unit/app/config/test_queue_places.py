"""Where the queues and the journal live, by what the files say of them."""

from collections.abc import Callable
from pathlib import Path

from fluent_connect.app.config.load import load
from fluent_connect.app.config.result import Config

Write = Callable[..., Path]


def placed(write: Write, environ: dict[str, str], text: str, **flags: object) -> Config:
    return load(write(application__connector=text), (), environ, flags)


def test_a_url_of_a_queue_stands(write: Write, environ: dict[str, str]) -> None:
    text = "fluent-connect: { queues: { ct-queue: { url: 'postgresql://u@h/db', lease: 2m } } }"
    queue = placed(write, environ, text).queues["ct-queue"]
    assert (queue.url, queue.engine, queue.lease) == ("postgresql://u@h/db", "postgresql", 120)


def test_one_lease_holds_for_all_queues_of_a_store(write: Write, environ: dict[str, str]) -> None:
    text = "fluent-connect: { queues: { batch-queue: { lease: 1h }, event-queue: { lease: 2m } } }"
    assert placed(write, environ, text).lease == 120


def test_what_is_told_no_place_lives_with_the_journal(
    write: Write, environ: dict[str, str]
) -> None:
    text = """\
fluent-connect:
  journal: { url: 'sqlite:////srv/journal.db' }
  queues: { ct-queue: { url: 'sqs://notifications' } }
"""
    config = placed(write, environ, text)
    assert config.store == "sqlite:////srv/journal.db"
    assert {name: queue.url for name, queue in config.queues.items()} == {
        "ct-queue": "sqs://notifications",
        "event-queue": config.store,
        "batch-queue": config.store,
        "notification-queue": config.store,
    }


def test_the_journal_of_a_broker_stands_in_the_data_folder(
    write: Write, environ: dict[str, str]
) -> None:
    text = "fluent-connect: { data: /srv, message-listener-mode: sqs, batch-listener-mode: sqs }"
    config = placed(write, environ, text)
    assert config.store == "sqlite:////srv/connect.db"
    assert config.queues["event-queue"].url == "sqs://event-queue"
    other = placed(write, environ, text, engine="sqlite")
    assert {queue.url for queue in other.queues.values()} == {other.store}


def test_a_password_in_a_url_is_not_shown(write: Write, environ: dict[str, str]) -> None:
    text = "fluent-connect: { queues: { ct-queue: { url: 'rabbitmq://u:secret@h/v/q' } } }"
    config = placed(write, environ, text)
    (told,) = [one for one in config.origins() if one.key.endswith("ct-queue.url")]
    assert told.value == "rabbitmq://u:***@h/v/q"


def test_both_listener_modes_may_differ(write: Write, environ: dict[str, str]) -> None:
    text = "fluent-connect: { message-listener-mode: kafka, batch-listener-mode: postgresql }"
    config = placed(write, environ, text)
    assert config.queues["event-queue"].engine == "kafka"
    assert config.queues["batch-queue"].engine == "postgresql"


def test_queues_in_memory_have_their_journal_there(write: Write, environ: dict[str, str]) -> None:
    text = "fluent-connect: { message-listener-mode: memory, batch-listener-mode: memory }"
    config = placed(write, environ, text)
    assert config.store == "memory://"
    assert {queue.url for queue in config.queues.values()} == {"memory://"}
