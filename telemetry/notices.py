"""What is counted when messages are sent to offices: at each channel, whether it was taken."""

from prometheus_client import CollectorRegistry, Counter


class NoticeMetrics:
    """The metrics of messages with notices.

    Args:
        registry: Where they are registered.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._messages = Counter(
            "guatu_notice_messages",
            "Messages with notices, by the kind of channel and by what became of them there",
            ("channel", "result"),
            registry=registry,
        )

    def tried(self, channel: str, result: str) -> None:
        """Count a message at a channel; what the notices' activities are given as ``on_tried``."""
        self._messages.labels(channel, result).inc()
