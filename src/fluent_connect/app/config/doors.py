"""The keys of a door: who may knock, how a sender signs, and what becomes of the body."""

from typing import Literal

from pydantic import Field

from fluent_connect.app.config.sections import Section
from fluent_connect.app.config.values import Duration, Hidden, Secrets, Size, Words
from fluent_connect.ingest.verify.door import LARGEST_BODY
from fluent_connect.ingest.verify.door import Secrets as DoorSecrets
from fluent_connect.ingest.verify.hmac_body import HmacForm

_FORM = HmacForm()


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
        told = {"api-key": self.keys, "basic": self.users, signed: self.secrets}
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
        )
