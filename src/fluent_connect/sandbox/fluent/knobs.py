"""How the sandbox's Fluent account is set up, and what of it can be turned while it runs."""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from fluent_connect.sandbox.fluent.editions import Edition

_WORKFLOWS = {
    "ORDER::HD": "BOOKED",
    "ORDER::CC": "BOOKED",
    "ORDER::MULTI": "BOOKED",
    "CATEGORY::": "ACTIVE",
    "PRODUCT_CATALOGUE::": "ACTIVE",
    "LOCATION::": "ACTIVE",
}


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """The account, its retailers and catalogue, and the one API user that it has."""

    account: str = "SANDBOX"
    retailers: Sequence[str] = ("1",)
    catalogue: str = "DEFAULT:1"
    username: str = "sandbox"
    password: str = "sandbox"  # noqa: S105 - of a system that holds nothing
    client_id: str = "SANDBOX"
    client_secret: str = "sandbox"  # noqa: S105


class Knobs(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What can be changed by `POST /__sandbox/knobs`, field by field.

    workflow_delay: seconds until the CREATE workflow has set the status of a new entity.
    workflows:      `workflowRef` prefix -> status that its workflow sets; none = stays CREATED.
    code_place:     where an error's code stands (two connectors saw two places).
    code_in_message: whether a message begins with its code.
    denied:         permissions that the user lacks ("ORDER_CREATE").
    complexity:     the largest allowed.
    expires_in, refresh_expires_in: seconds that tokens last; no refresh token where that is 0.
    schema:         the edition of the schema: "2022" lacks what came later.
    requires:       "Type.field" of an input that this account requires beside all others.
    introspection:  whether the schema may be asked for.
    failing_events: event name -> eventStatus (FAILED, NO_MATCH) that sync events of it end with.
    backwards:      carry out the mutations of one request from the last to the first: whether the
                    platform keeps their order is not documented, so nothing may depend on it.
    """

    workflow_delay: float = 0.0
    workflows: Mapping[str, str] = msgspec.field(default_factory=lambda: dict(_WORKFLOWS))
    code_place: Literal["extensions", "errors", "both", "none"] = "extensions"
    code_in_message: bool = False
    denied: Sequence[str] = ()
    complexity: int = 11_111
    expires_in: float = 86_400.0
    refresh_expires_in: float = 86_400.0
    schema: Edition = "whole"
    requires: str = ""
    introspection: bool = True
    failing_events: Mapping[str, str] = {}
    backwards: bool = False
