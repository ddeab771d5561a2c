"""People, their organisations, what they hold, and how they sign in."""

from flask import Flask

from portal.config import Settings


def init_accounts(app: Flask, config: Settings) -> None:
    """Flask-Security on our tables, with mail through the outbox, and the account pages."""
    import portal.accounts.devices
    import portal.accounts.domains
    import portal.accounts.holdings
    import portal.accounts.joining_pages
    import portal.accounts.ownership
    import portal.accounts.profile
    import portal.accounts.standing_in
    import portal.accounts.team
    import portal.accounts.token_pages
    import portal.audit  # noqa: F401  (the pages, and with them the tables)
    from portal.accounts.blueprint import bp
    from portal.accounts.signing_in import init_signing_in

    init_signing_in(app, config)
    app.register_blueprint(bp)
