"""The one search: an index of everything that helps, and what is found in it. Nobody else imports whoosh."""

import warnings

with warnings.catch_warnings():  # its sources warn when they are compiled anew, in lines that work all the same
    warnings.simplefilter("ignore")
    import whoosh.codec.whoosh3
    import whoosh.index
    import whoosh.lang.stopwords
    import whoosh.qparser  # noqa: F401  (imported by its searcher)

    from knowledge.search.finding import search
    from knowledge.search.presenting import answers, present

__all__ = ["answers", "present", "search"]
