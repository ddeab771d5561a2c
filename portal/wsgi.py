"""What a WSGI server loads: `portal.wsgi:app`."""

from contextlib import suppress

from portal import create_app
from portal.config import load_settings
from portal.serving import spare_imports

spare_imports(load_settings())
app = create_app()


def keep_the_policy() -> None:
    """Also where a dead web process is replaced, long after the start. Without a database, `/readyz` tells it."""
    from sqlalchemy.exc import SQLAlchemyError

    from portal.operating import take_up_policy

    with app.app_context(), suppress(SQLAlchemyError):
        take_up_policy()


keep_the_policy()
