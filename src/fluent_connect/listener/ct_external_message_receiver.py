"""What a partner may override to look at notifications before they are routed."""

from fluent_connect.model.notification import Notification


class CTExternalMessageReceiver:
    """Decide whether a notification is processed. The default processes all."""

    def receive(self, notification: Notification) -> None:
        """Return to have it processed, or raise Skip with the reason why not."""
