"""Where the settings documents of jobs are kept: in our journal, or in Fluent's settings."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from fluent_connect.clients.fluent.client import Fluent
from fluent_connect.clients.fluent.model import Mutation
from fluent_connect.jobs.documents import Document, parsed
from fluent_connect.jobs.step import Step
from fluent_connect.journal.runs import setting_statement
from fluent_connect.model.codec import encode
from fluent_connect.model.fact import Fact, JobSet
from fluent_connect.queues.store import Store


class JobSettings(Protocol):
    """Reads the document of a step's job; writes it, or returns the facts that do."""

    async def read(self, step: Step, fluent: Fluent) -> Document:
        """Return the document as it stands; an empty one if there is none."""
        ...

    async def write(
        self, step: Step, document: Document, fluent: Fluent, now: float
    ) -> Sequence[Fact]:
        """Have the document kept; what is returned is committed with the end of the run.

        Written twice after a crash, it is the same.
        """
        ...


class JournalSettings:
    """Documents in our own journal: they change in the commit that ends the run."""

    def __init__(self, store: Store, connector: str) -> None:
        self._store = store
        self._connector = connector

    async def read(self, step: Step, fluent: Fluent) -> Document:  # noqa: ARG002
        """Return the document of the account and retailer."""
        rows = await self._store.read(setting_statement(self._name(step)))
        return parsed(str(rows[0]["document"])) if rows else Document()

    async def write(
        self,
        step: Step,
        document: Document,
        fluent: Fluent,  # noqa: ARG002
        now: float,
    ) -> Sequence[Fact]:
        """Return the fact."""
        return (JobSet(self._name(step), encode(document.fields).decode(), now),)

    def _name(self, step: Step) -> str:
        return journal_name(self._connector, step.account, step.retailer, step.job)


def key(connector: str, job: str) -> str:
    """Return the vendor's key of a job's setting."""
    return f"fc.connect.{connector}.batch.{job}"


def journal_name(connector: str, account: str, retailer: str, job: str) -> str:
    """Return what a document is called in the journal."""
    return f"{account}/{retailer}/{key(connector, job)}"


class FluentSettings:
    """Documents in Fluent's settings, of the retailer, else (only read) of the account."""

    def __init__(self, connector: str) -> None:
        self._connector = connector

    async def read(self, step: Step, fluent: Fluent) -> Document:
        """Return the document of the retailer, else that of the account."""
        found = await self._found(step, fluent)
        own = found.get("RETAILER") or found.get("ACCOUNT")
        if own is None:
            return Document()
        value = own["value"] if own.get("lobValue") is None else own["lobValue"]
        return Document(value) if isinstance(value, dict) else parsed(str(value or "{}"))

    async def write(
        self,
        step: Step,
        document: Document,
        fluent: Fluent,
        now: float,  # noqa: ARG002
    ) -> Sequence[Fact]:
        """Create or update the retailer's setting."""
        held = (await self._found(step, fluent)).get("RETAILER")
        fields: dict[str, object] = {
            "name": key(self._connector, step.job),
            "valueType": "JSON",
            "lobValue": document.fields,
            "context": "RETAILER",
            "contextId": int(step.retailer),
        }
        name = "createSetting" if held is None else "updateSetting"
        more = {} if held is None else {"id": held["id"]}
        await fluent.push(Mutation(name, {**more, **fields}))
        return ()

    async def _found(self, step: Step, fluent: Fluent) -> Mapping[str, Mapping[str, Any]]:
        """Return the settings that there are, by context."""
        asked = {"names": [key(self._connector, step.job)]}
        answer = await fluent.query("findSettings", asked)
        nodes = [edge["node"] for edge in answer["found"]["edges"]]
        return {
            node["context"]: node
            for node in nodes
            if node["context"] != "RETAILER" or str(node["contextId"]) == step.retailer
        }
