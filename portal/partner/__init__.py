"""The partner area: resellers, their customers, what they order, and what they may do for whom."""

from flask import Flask


def init_partner(app: Flask) -> None:
    import portal.partner.notice
    import portal.partner.order  # noqa: F401
    from portal.partner import (  # the pages, behind their gate
        apply_pages,
        consent_pages,
        customer_pages,  # noqa: F401
        desk,
        gate,  # noqa: F401
        ordering_pages,  # noqa: F401
        overview,  # noqa: F401
        reading_pages,  # noqa: F401
        renewal_pages,  # noqa: F401
        ticket_pages,  # noqa: F401
    )
    from portal.partner.blueprint import bp
    from portal.partner.ending import init_ending

    app.register_blueprint(bp)
    app.register_blueprint(consent_pages.bp)
    app.register_blueprint(apply_pages.bp)
    app.register_blueprint(desk.bp)
    init_ending(app)
