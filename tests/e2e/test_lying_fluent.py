"""A Fluent that commits and resets, and then lies about it: one create per ref, none dead."""

from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

import pytest

from e2e.harness import Books, Inside, until
from fluent_connect.app.playground import SECRET
from fluent_connect.ingest.webhook import PATH
from fluent_connect.sandbox.commercetools.envelopes import Target
from fluent_connect.sandbox.faults import Fault, Kind
from fluent_connect.sandbox.servers import Sandbox

_ORDERS = 18
_QUICK = {
    "retry.waits": "0.1s, 0.2s, 0.3s, 0.5s, 0.5s, 1s, 1s, 1s, 1s, 1s",
    "retry.park-waits": "0.3s, 1s",
    "retry.outage-wait": "0.3s",
    "http.breaker.open-for": "0.3s",
    "log.level": "error",
}
_LIES: tuple[Kind, ...] = ("status", "errors", "truncated", "html")


@pytest.mark.e2e
@pytest.mark.timeout(110)
async def test_orders_are_created_once_by_a_fluent_that_lies(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entities, faults = sandbox.fluent.entities, sandbox.fluent.faults
    told = Counter[str]()
    pick = faults.pick

    def picked(labels: Collection[str]) -> Sequence[Fault]:
        found = pick(labels)
        told.update(fault.kind for fault in found)
        return found

    monkeypatch.setattr(faults, "pick", picked)
    async with Inside(sandbox, tmp_path / "data", _QUICK) as inside:
        target = Target(url=inside.url + PATH, api_key=SECRET, test=False)
        sandbox.commercetools.notifier.aim(target)
        for phase, lie in enumerate(_LIES):
            faults.set([_committed_then(lie)])
            sandbox.build("order", range(1000 + _ORDERS * phase, 1000 + _ORDERS * (phase + 1)))
            assert await sandbox.commercetools.notifier.drained()
            books = Books(tmp_path / "data")
            wanted = _ORDERS * (phase + 1)
            await until(lambda: len([*entities.listing("order")]) >= wanted, books.told())  # noqa: B023
            await until(lambda: not books.ledger().waiting, f"{lie}: {books.told()}")  # noqa: B023
            assert told[lie] >= _ORDERS // 3, f"{lie}: {told}"

    ledger = Books(tmp_path / "data").ledger()
    assert ledger.accepted
    assert (ledger.dead, ledger.waiting, ledger.unaccounted) == (0, 0, 0)
    refs = [order["orderNumber"] for order in sandbox.commercetools.project.scan("order")]
    created = {row["ref"]: row["created"] for row in entities.creations("order")}
    built = [ref for ref in refs if int(ref.rpartition("-")[2]) >= 1000]
    assert len(built) == _ORDERS * len(_LIES)
    assert {ref: created.get(ref) for ref in built} == dict.fromkeys(built, 1)


def _committed_then(lie: Kind) -> Fault:
    """Every third createOrder is carried out, and reset; the look-up after it is a lie."""
    about = Fault(kind=lie, operation="orders")
    return Fault(kind="reset", operation="createOrder", processed=True, every=3, then=(about,))
