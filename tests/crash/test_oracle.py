"""What the oracle of the crash run sees. Pure."""

import msgspec
import pytest

from crash.oracle import Held, Journal, judge
from crash.traffic import Notice
from fluent_connect.journal.ledger import Ledger

REFS = {"order": ["S-1"], "customer": ["c"], "category": [], "product": ["P_1"]}
HELD = Held(wanted=REFS, found=REFS, made={("order", "S-1"): 1, ("customer", "c"): 1})
JOURNAL = Journal(Ledger(), {"1", "2"})
NOTICES = [Notice(b"{}", ["1", "2"])]


def test_all_is_well_where_each_answer_has_its_row_and_each_ref_is_there_once() -> None:
    findings = judge(NOTICES, JOURNAL, HELD)

    assert not findings.lost
    assert not findings.doubled


@pytest.mark.parametrize(
    ("notices", "held"),
    [
        ([Notice(b"{}", ["1", "3"])], HELD),
        ([Notice(b"{}", [])], HELD),
        (NOTICES, msgspec.structs.replace(HELD, found={**REFS, "order": []})),
        (NOTICES, msgspec.structs.replace(HELD, outdated=["customer c: version 1"])),
    ],
    ids=["no row", "never accepted", "not in Fluent", "outdated in Fluent"],
)
def test_what_is_missing_is_lost(notices: list[Notice], held: Held) -> None:
    findings = judge(notices, JOURNAL, held)

    assert len(findings.lost) == 1
    assert not findings.doubled


@pytest.mark.parametrize(
    "held",
    [
        msgspec.structs.replace(HELD, made={("order", "S-1"): 2}),
        msgspec.structs.replace(HELD, found={**REFS, "order": ["S-1", "S-1"]}),
        msgspec.structs.replace(HELD, found={**REFS, "order": ["S-1", "S-1#2"]}),
        msgspec.structs.replace(HELD, wrong_totals=["S-1: 2, the shop says 1"]),
    ],
    ids=["created twice", "there twice", "under two refs", "wrong totals"],
)
def test_what_is_there_too_often_is_doubled(held: Held) -> None:
    findings = judge(NOTICES, JOURNAL, held)

    assert len(findings.doubled) == 1
    assert not findings.lost


def test_one_id_for_two_requests_is_found() -> None:
    notices = [Notice(b"a", ["1"]), Notice(b"b", ["1"])]

    assert judge(notices, JOURNAL, HELD).doubled == ["two requests, one id: 1"]
