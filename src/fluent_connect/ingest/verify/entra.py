"""Azure Event Grid with Microsoft Entra: a token of the tenant, for our application."""

from collections.abc import Sequence

import msgspec

from fluent_connect.ingest.verify.bearer import Bearer, BearerForm, Claim
from fluent_connect.ingest.verify.published import Published
from fluent_connect.model.errors import ConfigError

EVENT_GRID_ROLE = "AzureEventGridSecureWebhookSubscriber"


class EntraForm(msgspec.Struct, frozen=True, kw_only=True):
    """Which tokens of Entra let in.

    tenant:    the tenant's id. audiences: our application's id, or its URI.
    apps:      application ids of the sender (`azp`, in older tokens `appid`); none = any.
    roles:     one of them must be given to the sender; none = no role is asked for.
    authority: where the tenant signs in; another one in national clouds.
    """

    tenant: str = ""
    audiences: Sequence[str] = ()
    apps: Sequence[str] = ()
    roles: Sequence[str] = (EVENT_GRID_ROLE,)
    authority: str = "https://login.microsoftonline.com"
    leeway: float = 60.0


def entra(form: EntraForm, published: Published) -> Bearer:
    """Return the scheme. Raise ConfigError if any application of the tenant could knock."""
    if not form.tenant:
        raise ConfigError("the tenant of Entra is not named")
    if not (form.apps or form.roles):
        raise ConfigError("any application of the tenant could knock: name `apps` or `roles`")
    claims = [Claim((("azp", "appid")), frozenset(form.apps))] if form.apps else []
    claims += [Claim(("roles",), frozenset(form.roles))] if form.roles else []
    url = f"{form.authority}/{form.tenant}/discovery/v2.0/keys"
    issuers = (f"{form.authority}/{form.tenant}/v2.0", f"https://sts.windows.net/{form.tenant}/")
    bearer = BearerForm(
        issuers=issuers,
        audiences=form.audiences,
        key_set=url,
        leeway=form.leeway,
        claims=[Claim(("tid",), frozenset({form.tenant})), *claims],
    )
    return Bearer(bearer, published.key_set(url))
