"""What is shown outside of the portal's pages is written again after each change."""

from portal.jobs import enqueue


def changed() -> None:
    """Something on the status page has changed: `refreshing` writes the static copy anew."""
    enqueue("write_status")
