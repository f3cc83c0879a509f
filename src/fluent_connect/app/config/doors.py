"""The keys of a door: who may knock, how a sender signs, and what becomes of the body."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from fluent_connect.app.config.sections import Section
from fluent_connect.app.config.values import Duration, Hidden, Rate, Secrets, Size, WebUrl, Words
from fluent_connect.ingest.verify.bearer import BearerForm, Claim
from fluent_connect.ingest.verify.door import FLUENT, LARGEST_BODY
from fluent_connect.ingest.verify.door import Secrets as DoorSecrets
from fluent_connect.ingest.verify.entra import EntraForm
from fluent_connect.ingest.verify.fluent_signature import FluentForm
from fluent_connect.ingest.verify.hmac_body import HmacForm
from fluent_connect.ingest.verify.pubsub import PubSubForm
from fluent_connect.ingest.verify.sns import SnsForm

Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
_FORM = HmacForm()
_ENTRA = EntraForm()
_SNS = SnsForm()


class HmacSection(Section):
    """How a sender signs the body: the keys and defaults of `HmacForm`."""

    header: str = _FORM.header
    digest: Literal["sha1", "sha256", "sha512"] = _FORM.digest
    encoding: Literal["hex", "base64"] = _FORM.encoding
    prefix: str = _FORM.prefix
    timestamp_header: str = _FORM.timestamp_header
    signed: str = _FORM.signed

    @property
    def form(self) -> HmacForm:
        """Return the form that the scheme is made of."""
        return HmacForm(**self.model_dump())


class OidcSection(Section):
    """Whose bearer tokens let in, for whom, and what they must claim."""

    issuer: Words = ()
    audience: Words = ()
    jwks_url: WebUrl | None = None
    private_address: bool = False
    algorithms: tuple[Algorithm, ...] = ("RS256",)
    leeway: Duration = 60.0
    claims: dict[str, Words] = Field(default_factory=dict)

    @property
    def form(self) -> BearerForm | None:
        """Return the form that the scheme is made of; None if nothing says where the keys are."""
        if self.jwks_url is None:
            return None
        return BearerForm(
            issuers=self.issuer,
            audiences=self.audience,
            key_set=self.jwks_url,
            private=self.private_address,
            algorithms=self.algorithms,
            leeway=self.leeway,
            claims=[Claim((name,), frozenset(values)) for name, values in self.claims.items()],
        )


class PubSubSection(Section):
    """Which pushes of Google Pub/Sub let in: the keys and defaults of `PubSubForm`."""

    audience: Words = ()
    service_account: Words = ()
    subscriptions: Words = ()
    leeway: Duration = 60.0

    @property
    def form(self) -> PubSubForm:
        """Return the form that the scheme is made of."""
        return PubSubForm(
            audiences=self.audience,
            service_accounts=self.service_account,
            subscriptions=self.subscriptions,
            leeway=self.leeway,
        )


class EntraSection(Section):
    """Which tokens of Microsoft Entra let in: the keys and defaults of `EntraForm`."""

    tenant: str = ""
    audience: Words = ()
    apps: Words = ()
    roles: Words = tuple(_ENTRA.roles)
    authority: WebUrl = _ENTRA.authority
    leeway: Duration = 60.0

    @property
    def form(self) -> EntraForm:
        """Return the form that the scheme is made of."""
        return EntraForm(
            tenant=self.tenant,
            audiences=self.audience,
            apps=self.apps,
            roles=self.roles,
            authority=self.authority,
            leeway=self.leeway,
        )


class SnsSection(Section):
    """Which topics of Amazon SNS let in: the keys and defaults of `SnsForm`."""

    topics: Words = ()
    versions: Words = tuple(_SNS.versions)
    max_age: Duration = _SNS.max_age

    @property
    def form(self) -> SnsForm:
        """Return the form that the scheme is made of."""
        return SnsForm(topics=self.topics, versions=self.versions, max_age=self.max_age)


class FluentSection(Section):
    """Whose webhooks of Fluent let in; no keys: those under `fluentcommerce`."""

    public_keys: Words = ()
    allow_insecure_md5: bool = False

    @property
    def form(self) -> FluentForm:
        """Return the form that the scheme is made of."""
        return FluentForm(keys=self.public_keys, insecure_md5=self.allow_insecure_md5)


class DoorEntry(Section):
    """Who may knock at a door, and (kind `external`) how the body becomes a message."""

    kind: Literal["commercetools", "external"] = "commercetools"
    scheme: Words = ()
    schemes: Words = ()
    secrets: Secrets = ()
    keys: Secrets = ()
    users: dict[str, Hidden] = Field(default_factory=dict)
    header: str = "x-api-key"
    query_parameter: str = "key"
    hmac: HmacSection = HmacSection()
    oidc: OidcSection = OidcSection()
    google_pubsub: PubSubSection = PubSubSection()
    entra: EntraSection = EntraSection()
    sns: SnsSection = SnsSection()
    fluent: FluentSection = FluentSection()
    origins: Words = ()
    open_handshake: bool = False
    rate: Rate = 0.0
    tolerance: Duration = 300.0
    accounts: Words = ()
    body_limit: Size = LARGEST_BODY
    name_from: str | None = None
    key_from: str | None = None
    id_from: str | None = None
    version_from: str | None = None
    account_from: str | None = None

    @property
    def all_schemes(self) -> tuple[str, ...]:
        """Return the schemes of which one has to pass; none named: those there are secrets for."""
        signed = "hmac" if "hmac" in self.model_fields_set else "standard-webhooks"
        told = {
            "api-key": self.keys,
            "basic": self.users,
            signed: self.secrets,
            "oidc": self.oidc.jwks_url,
            "google-pubsub": self.google_pubsub.audience,
            "entra": self.entra.audience,
            "sns": self.sns.topics,
            FLUENT: self.fluent.public_keys,
        }
        usual = tuple(name for name, secrets in told.items() if secrets)
        return (*self.scheme, *self.schemes) or usual

    @property
    def given(self) -> DoorSecrets:
        """Return what the schemes of the door are made of."""
        return DoorSecrets(
            secrets=self.secrets,
            keys=self.keys,
            users=self.users,
            header=self.header,
            parameter=self.query_parameter,
            tolerance=self.tolerance,
            hmac=self.hmac.form,
            bearer=self.oidc.form,
            pubsub=self.google_pubsub.form,
            entra=self.entra.form,
            sns=self.sns.form,
            fluent=self.fluent.form,
        )


def with_fluent(doors: Mapping[str, DoorEntry], keys: Mapping[str, str]) -> Mapping[str, DoorEntry]:
    """Return the doors with the one of Fluent's own webhooks, if there are keys for it."""
    mine = doors.get(FLUENT)
    if not keys or (mine is not None and mine.fluent.public_keys):
        return doors
    given = (mine or DoorEntry()).fluent.model_copy(update={"public_keys": tuple(keys.values())})
    made = (mine or DoorEntry()).model_copy(update={"kind": "external", "fluent": given})
    return {**doors, FLUENT: made}
