"""What happens to an invoice's money by itself, once it has its number."""

from portal.billing.invoice import Invoice
from portal.db import db, utcnow
from portal.jobs import job


@job("collect_invoice")
def collect_invoice(invoice_id: int) -> None:
    """Take the money for an invoice from the method that the customer saved; others pay by transfer."""
    from portal.billing.provider import charging

    invoice = db.session.get(Invoice, invoice_id, with_for_update={"of": Invoice})
    if invoice is not None:
        charging.collect(invoice, now=utcnow())
