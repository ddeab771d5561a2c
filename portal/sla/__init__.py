"""The plan-tier SLA module: a support policy file, read strictly, and everything that derives from it.

Pure: no Flask, no database, no clock of its own. Callers pass instants and events in and get values back.
"""

from portal.sla.errors import PolicyError, Problem, QuoteError
from portal.sla.loading import check_file, load_policy, parse_policy, path_of, shipped_policies, versions_of
from portal.sla.making import make_quote
from portal.sla.policy import Policy
from portal.sla.quote import Clock, Faster, Quote, QuoteRequest

__all__ = [
    "Clock",
    "Faster",
    "Policy",
    "PolicyError",
    "Problem",
    "Quote",
    "QuoteError",
    "QuoteRequest",
    "check_file",
    "load_policy",
    "make_quote",
    "parse_policy",
    "path_of",
    "shipped_policies",
    "versions_of",
]
