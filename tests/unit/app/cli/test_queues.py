"""`queues ensure | check` and `doctor`, on a Kafka whose topics are there, are not, or are away."""

import json
from pathlib import Path
from uuid import uuid4

import pytest

from peers import kafka
from unit.app.cli.shelf import Shell


def _configured(folder: Path, url: str) -> Path:
    told = {"fluent-connect": {"queues": {"ct-queue": {"url": url}}}}
    (folder / "application-connector.yml").write_text(json.dumps(told), "utf-8")
    return folder


def _url(*, made: bool) -> str:
    topic = f"cli-{uuid4().hex[:12]}"
    if made:
        kafka.shared().make(topic, 2)
    return f"kafka://{kafka.shared().bootstrap}/{topic}"


def test_queues_in_sql_need_nothing(shell: Shell, tmp_path: Path) -> None:
    ran = shell("queues", "check", "--config", str(_configured(tmp_path, "sqlite:///x.db")))
    assert ran.code == 0
    assert ran.out.count("in SQL, with the journal: nothing to make") >= 3


def test_what_is_missing_is_told_and_ends_with_9(shell: Shell, tmp_path: Path) -> None:
    folder = str(_configured(tmp_path, _url(made=False)))
    ran = shell("queues", "ensure", "--dry-run", "--config", folder)
    assert ran.code == 9
    assert "missing" in ran.out
    assert "fluent-connect queues ensure" in ran.out


def test_what_could_be_lost_is_told_as_json_and_by_doctor(shell: Shell, tmp_path: Path) -> None:
    folder = str(_configured(tmp_path, _url(made=True)))
    ran = shell("queues", "ensure", "--json", "--config", folder)
    assert ran.code == 9
    states = {row["what"].partition(" ")[0]: row["state"] for row in ran.rows}
    assert states == {"topic": "ok", "replicas": "doubt", "settings": "unknown"}
    assert {row["engine"] for row in ran.rows} == {"kafka"}
    doctor = shell("doctor", "--only", "queues", "--json", "--config", folder)
    (found,) = doctor.rows
    assert (found["name"], found["state"]) == ("ct-queue", "warn")
    assert "could be lost: nothing of ours" in found["measured"]


def test_a_broker_that_is_away_ends_with_5(shell: Shell, tmp_path: Path) -> None:
    folder = str(_configured(tmp_path, "kafka://127.0.0.1:1/topic"))
    ran = shell("queues", "check", "--config", folder)
    assert ran.code == 5
    assert "CLI023" in ran.err
    (found,) = shell("doctor", "--only", "queues", "--json", "--config", folder).rows
    assert found["state"] == "fail"


@pytest.mark.parametrize("url", ["kafka:///", "rabbitmq://u:secret@h/a/b/c"])
def test_a_url_that_leads_nowhere_ends_with_3(shell: Shell, tmp_path: Path, url: str) -> None:
    ran = shell("queues", "check", "--config", str(_configured(tmp_path, url)))
    assert ran.code == 3
    assert "CLI022" in ran.err
    assert "secret" not in ran.err
