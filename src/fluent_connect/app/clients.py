"""Puts the clients of all accounts together: doors, tokens, budgets and breakers."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from fluent_connect.app.config.sections import Budget as BudgetSection
from fluent_connect.app.config.sections import ErrorEntry, HttpSection
from fluent_connect.clients.accounts import Account
from fluent_connect.clients.breaker import Breakers, BreakerSettings
from fluent_connect.clients.budget import Budget, BudgetSettings
from fluent_connect.clients.commercetools.client import Commercetools, CommercetoolsApi
from fluent_connect.clients.fluent.batch import BatchSettings
from fluent_connect.clients.fluent.client import Fluent, FluentApi
from fluent_connect.clients.fluent.errors import ErrorTable, Meaning, OwnRow
from fluent_connect.clients.fluent.schema.learning import Schema, SchemaReport, UnfitSchemaError
from fluent_connect.clients.http import Door, Trace
from fluent_connect.clients.tokens import ClientCredentials, PasswordGrant
from fluent_connect.clients.transport import Transport
from fluent_connect.clients.transports import open_transport
from fluent_connect.model.errors import ConfigError, ConnectError, UnreachableError

_MEANINGS: Mapping[str, Meaning] = {
    "later": "later",
    "outage": "outage",
    "not-found": "missing",
    "exists": "exists",
    "dead": "refused",
}


_PATIENCE = 5.0
"""Seconds that a start waits for Fluent to tell its schema."""


class SchemaMistake(ConfigError):  # noqa: N818 - what stops a start is a mistake here
    """A Fluent account requires what this version does not know; nothing could be sent to it."""


class Apis(NamedTuple):
    """The two long-lived clients of an account and retailer, and how they sign in."""

    commercetools: CommercetoolsApi
    fluent: FluentApi
    tokens: tuple[ClientCredentials, PasswordGrant]


class Clients:
    """Calling it makes both clients of an account, bound to one message's trace.

    Budgets are per account and system, tokens per set of credentials, breakers per account and
    system: what several retailers share, they share here too. `breaker`: other settings than those
    of the section. `on_schema`: is told what operators should know of an account's schema.
    """

    def __init__(
        self,
        accounts: Iterable[Account],
        section: HttpSection,
        errors: Sequence[ErrorEntry] = (),
        *,
        transport: Transport | None = None,
        breaker: BreakerSettings | None = None,
        on_schema: Callable[[SchemaReport], None] = lambda _: None,
    ) -> None:
        self._on_schema = on_schema
        self._section = section
        self._errors = error_table(errors)
        batch = section.batch
        self._batch = BatchSettings(
            most=batch.max,
            parallel=batch.parallel,
            complexity=batch.complexity,
            size=batch.size,
        )
        self.transport = transport or open_transport(section.transport, connections=512)
        usual = BreakerSettings(in_a_row=section.breaker.failures, wait=section.breaker.open_for)
        self.breakers = Breakers(breaker or usual)
        self._budgets: dict[tuple[str, str], Budget] = {}
        self._schemas: dict[tuple[str, str], Schema] = {}
        self._accounts = tuple(accounts)
        self._apis = {(each.name, each.retailer): self._open(each) for each in self._accounts}
        self._beside: list[Clients] = []

    def beside(self, breaker: BreakerSettings) -> "Clients":
        """Return clients of the same accounts, over the same connections, for work on the side.

        What happens to their calls stops no message; they sign in as these do.
        """
        made = Clients(self._accounts, self._section, transport=self.transport, breaker=breaker)
        self._beside.append(made)
        return made

    def __call__(self, account: Account, trace: Trace) -> tuple[Commercetools, Fluent]:
        """Return the account's clients for one message."""
        apis = self._apis[account.name, account.retailer]
        return apis.commercetools.bound(trace), apis.fluent.bound(trace)

    def gathered(self, account: Account, trace: Trace) -> tuple[Commercetools, Fluent]:
        """Return the account's clients for one of many messages that are only looked at.

        What they read at the same moment is read together.
        """
        commercetools, fluent = self(account, trace)
        return commercetools.gathered(), fluent.gathered()

    def sign_in_as(self, accounts: Iterable[Account]) -> Sequence[str]:
        """Use the credentials of these accounts from the next call on; return whose have changed.

        Their addresses stay as they were. A token that we hold counts until there is another.
        """
        given, changed = tuple(accounts), []
        for each in given:
            apis = self._apis.get((each.name, each.retailer))
            if apis is None:
                continue
            commercetools, fluent = apis.tokens
            if commercetools.use(each.commercetools):
                changed.append(f"{each.name}/{each.retailer} commercetools")
            if fluent.use(each.fluent):
                changed.append(f"{each.name}/{each.retailer} fluent")
        for clients in self._beside:
            clients.sign_in_as(given)
        return changed

    async def learn_schemas(self) -> None:
        """Ask every Fluent account for its schema. Raise SchemaMistake if one cannot be worked for.

        An account that does not answer within a few seconds is asked when it is first needed.
        """
        apis = {id(each.fluent.schema): each.fluent for each in self._apis.values()}
        came = await asyncio.gather(*map(_learnt, apis.values()), return_exceptions=True)
        unfit = [each for each in came if isinstance(each, UnfitSchemaError)]
        if unfit:
            raise SchemaMistake("; ".join(str(each) for each in unfit))
        for error in came:
            if isinstance(error, BaseException) and not isinstance(error, ConnectError):
                raise error

    def share(self, among: int) -> None:
        """Keep to one of so many equal parts of every budget: other processes have the others."""
        for budget in self._budgets.values():
            budget.share(among)

    def schemas(self) -> Sequence[SchemaReport]:
        """Return what is known of the schema of each Fluent account."""
        return [each.report for each in self._schemas.values()]

    async def close(self) -> None:
        """Let go of all connections."""
        for apis in self._apis.values():
            apis.commercetools.close()
            apis.fluent.close()
        await self.transport.close()

    def _open(self, account: Account) -> Apis:
        timeout = self._section.timeouts.total
        budgets = self._section.budgets
        tokens = (
            ClientCredentials(account.commercetools, self.transport, timeout=timeout),
            PasswordGrant(account.fluent, self.transport, timeout=timeout),
        )
        commercetools = Door(
            "commercetools",
            account.name,
            account.commercetools.api_url,
            self.transport,
            tokens=tokens[0],
            breaker=self.breakers.of(account.name, "commercetools"),
            budget=self._budget(account.name, "commercetools", budgets.commercetools),
            timeout=timeout,
        )
        fluent = Door(
            "fluent",
            account.name,
            account.fluent.url,
            self.transport,
            tokens=tokens[1],
            breaker=self.breakers.of(account.name, "fluent"),
            budget=self._budget(account.name, "fluent", budgets.fluent),
            timeout=timeout,
            headers={"fluent.account": account.fluent.account},
        )
        return Apis(
            CommercetoolsApi(commercetools, account.commercetools.project_key),
            FluentApi(
                fluent,
                account.retailer,
                errors=self._errors,
                batch=self._batch,
                schema=self._schema(account),
            ),
            tokens,
        )

    def _schema(self, account: Account) -> Schema:
        """Return the schema of a Fluent account, one for all its retailers."""
        key = (account.fluent.account, account.fluent.url)
        if key not in self._schemas:
            self._schemas[key] = Schema(account.name, asks=True, on_report=self._on_schema)
        return self._schemas[key]

    def _budget(self, account: str, system: str, section: BudgetSection) -> Budget:
        key = (account, system)
        if key not in self._budgets:
            self._budgets[key] = Budget(
                BudgetSettings(
                    per_second=section.rate or None, concurrency=section.concurrency or None
                )
            )
        return self._budgets[key]


async def _learnt(api: FluentApi) -> None:
    """Learn the schema of an account, or raise what stops that, before long."""
    try:
        async with asyncio.timeout(_PATIENCE):
            await api.learn()
    except TimeoutError as error:
        raise UnreachableError(f"no answer within {_PATIENCE:g} s") from error


def error_table(entries: Sequence[ErrorEntry]) -> ErrorTable:
    """Return our table of Fluent's errors with the configured rows before ours."""
    rows = (OwnRow(_MEANINGS[one.fate], one.code or "", one.text or "") for one in entries)
    return ErrorTable(own=tuple(rows))
