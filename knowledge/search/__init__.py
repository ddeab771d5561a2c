"""The one search: an index of article sections, and what is found in it. Nobody else imports whoosh."""

from knowledge.search.finding import answers, present, search

__all__ = ["answers", "present", "search"]
