"""A door that is open on purpose."""

from collections.abc import Mapping


class Open:
    """Everybody may knock: for a network that lets nobody else through. Only by `scheme: none`."""

    needs_body = False

    def passes(self, headers: Mapping[bytes, bytes], body: bytes, now: float) -> bool:  # noqa: ARG002
        """Say yes."""
        return True
