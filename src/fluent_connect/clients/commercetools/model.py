"""commercetools' resources as far as mappings read them, and the updates that we send."""

from collections.abc import Mapping, Sequence

import msgspec

from fluent_connect.model.notification import Reference


class Update(msgspec.Struct, frozen=True):
    """Update actions for a resource at a version (None: at the version it has when sent)."""

    resource: Reference
    actions: Sequence[Mapping[str, object]]
    version: int | None = None
