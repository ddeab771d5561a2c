"""Billing: what is sold, to whom, for how much, and what became of the money."""

from flask import Flask


def init_billing(app: Flask) -> None:
    import portal.billing.account
    import portal.billing.agreement
    import portal.billing.catalogue
    import portal.billing.credit
    import portal.billing.invoice
    import portal.billing.ledger
    import portal.billing.payment
    import portal.billing.reminder  # noqa: F401
    from portal.billing import (  # noqa: F401  (pages and jobs)
        bank,
        bank_pages,
        collecting,
        desk,
        detail_pages,
        invoice_pages,
        invoicing,
        licence_desk,
        licence_pages,
        order_pages,
        overdue_pages,
        views,
    )
    from portal.billing.blueprint import bp
    from portal.billing.crediting import init_crediting
    from portal.billing.dunning import init_dunning
    from portal.billing.expiring import init_expiring
    from portal.billing.provider import init_provider
    from portal.billing.renewing import init_renewing

    init_provider(app)
    app.register_blueprint(bp)
    app.register_blueprint(desk.bp)
    init_crediting(app)
    init_renewing(app)
    init_dunning(app)
    init_expiring(app)
