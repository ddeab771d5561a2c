"""Parts of the area's pages, kept for their reader until a ticket, consent or order changed, or the minute is over.

A reseller may have hundreds of customers and ten thousands of tickets: looking through them takes longest.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from flask import render_template, request
from flask_babel import get_locale
from flask_login import current_user
from markupsafe import Markup
from sqlalchemy import func, select

from portal.accounts.partnership import PartnerCustomer, acted_for
from portal.audit import AuditEntry
from portal.db import read, utcnow
from portal.formats import COUNTS_SECONDS
from portal.fragments import fragment
from portal.partner import gate
from portal.policies import the_policy
from portal.tickets.listing import last_event
from portal.web import choose_zone

_number = PartnerCustomer.customer_id
# For whom the reader acts: another set has other sums. One who takes back their word is gone with the next page.
_acting = acted_for().with_only_columns(
    func.count(), func.sum(_number), func.sum(_number * _number), func.sum(PartnerCustomer.id * _number)
)
_last_audit = select(func.max(AuditEntry.id))


def kept(template: str, load: Callable[[], dict[str, Any]]) -> Markup:
    """The template with what `load` finds, for this reader and address."""
    key = (
        template,
        request.query_string,
        current_user.id,
        gate.reseller().id,
        *_changes(event := last_event()),
        *_written(event[1]),
    )
    return fragment(key, lambda: render_template(template, **load()), seconds=90)


def _changes(event: tuple[int, datetime | None]) -> tuple[Any, ...]:
    """Differs once anything did that these pages show: all that is done to tickets and rights is in a log."""
    acting = tuple(read(_acting, reader=current_user.id)[0])
    return *acting, *event, read(_last_audit)[0][0], the_policy().version


def _written(at: datetime | None) -> tuple[Any, ...]:
    """Language, zone, and the minute; the second while "3 seconds ago" may be said."""
    now = utcnow()
    is_fresh = at is not None and abs(now - at) < COUNTS_SECONDS
    unit = timedelta(seconds=1) if is_fresh else timedelta(minutes=1)
    return _floor(now, unit), str(get_locale()), choose_zone()


def _floor(moment: datetime, unit: timedelta) -> datetime:
    return moment - (moment - datetime.min.replace(tzinfo=moment.tzinfo)) % unit
