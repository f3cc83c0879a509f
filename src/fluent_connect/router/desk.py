"""What stays the same from message to message of one route, account and retailer."""

from collections.abc import Callable

import msgspec

from fluent_connect.clients.accounts import Account, Accounts
from fluent_connect.clients.fluent.schema.table import fields_of
from fluent_connect.handlers.message_handler import AnyHandler, MapContext
from fluent_connect.handlers.settings import Settings
from fluent_connect.mapping.defaults.packaged import packaged
from fluent_connect.mapping.rules.blocks import Blocks
from fluent_connect.mapping.rules.compiler import Rules
from fluent_connect.mapping.rules.mapper import Mapper
from fluent_connect.model.errors import UnprocessableError
from fluent_connect.model.message import Message
from fluent_connect.router.fencing import digest
from fluent_connect.router.routes import Bound, RouteTable, class_path


class Desk(msgspec.Struct, frozen=True):
    """A route at work for one account: all that can be known before a message comes."""

    route: Bound
    handler: AnyHandler
    account: Account
    settings: Settings
    context: MapContext
    fingerprint: str
    """Of the mapping: another one may make something else of the same resource."""
    fence: str
    """What the fence keys of this handler begin with."""
    refs: str
    """What the refs delivered to this retailer begin with."""
    event: bool


class Desks:
    """The desks of an installation, each made when its first message comes.

    `mapping` is what mapping files say, a partner's over ours; None: ours alone.
    """

    def __init__(
        self,
        routes: RouteTable,
        accounts: Accounts,
        settings: Callable[[Account], Settings],
        mapping: Blocks | None = None,
    ) -> None:
        self._routes = routes
        self._accounts = accounts
        self._settings = settings
        self._mapping = mapping
        self._rules: dict[str, Rules] = {}
        self._made: dict[tuple[str, str, str, str | None], Desk] = {}

    def find(self, message: Message) -> Desk:
        """Return the desk for a message. Raise NoRouteError, or UnprocessableError: no account."""
        key = (message.name, message.account, message.retailer, message.project_key)
        desk = self._made.get(key)
        if desk is None:
            desk = self._made[key] = self._make(message)
        return desk

    def _make(self, message: Message) -> Desk:
        route = self._routes.find(message.name)
        account = self._account(message)
        handler, settings = route.handler, self._settings(account)
        prefix = f"{message.account}/{message.retailer}/"
        rules = self._compiled(handler)
        mapping = [handler.version, class_path(handler), settings, sorted(route.props.items())]
        filled = rules.digest()
        return Desk(
            route=route,
            handler=handler,
            account=account,
            settings=settings,
            context=MapContext(
                account=message.account,
                retailer=message.retailer,
                project_key=message.project_key,
                settings=settings,
                props=route.props,
                mapping=Mapper(rules),
            ),
            fingerprint=digest([*mapping, filled] if filled else mapping),
            fence=f"{prefix}{handler.name}/",
            refs=prefix,
            event=route.ordered,
        )

    def _compiled(self, handler: AnyHandler) -> Rules:
        """Return the rules of the handler's targets, for all accounts the same."""
        key = class_path(handler)
        if key not in self._rules:
            blocks = packaged() if self._mapping is None else self._mapping
            self._rules[key] = Rules(blocks, handler.targets, settings=Settings, inputs=fields_of)
        return self._rules[key]

    def _account(self, message: Message) -> Account:
        """Return the account, of the message's own project where several feed the retailer."""
        fits = [
            account
            for account in self._accounts
            if (account.name, account.retailer) == (message.account, message.retailer)
        ]
        for account in fits:
            if account.commercetools.project_key == message.project_key:
                return account
        if not fits or (message.project_key is not None and message.cause != "external"):
            told = f"{message.account}/{message.retailer}"
            raise UnprocessableError(f"no account {told} for project {message.project_key}")
        return fits[0]
