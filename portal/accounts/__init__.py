"""People, their organisations, what they hold, and how they sign in."""

from flask import Flask

from portal.config import Settings


def init_accounts(app: Flask, config: Settings) -> None:
    """Flask-Security on our tables, with mail through the outbox, and the account pages."""
    import portal.accounts.devices
    import portal.accounts.holdings
    import portal.accounts.profile
    import portal.accounts.team  # noqa: F401  (the pages, and with them the tables)
    from portal.accounts.blueprint import bp
    from portal.accounts.signing_in import init_signing_in

    init_signing_in(app, config)
    app.register_blueprint(bp)
