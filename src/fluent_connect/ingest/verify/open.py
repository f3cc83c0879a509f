"""A door that is open on purpose."""

from fluent_connect.ingest.verify.scheme import Knock


class Open:
    """Everybody may knock: for a network that lets nobody else through. Only by `scheme: none`."""

    needs_body = False

    def passes(self, knock: Knock, now: float) -> bool:  # noqa: ARG002
        """Say yes."""
        return True
