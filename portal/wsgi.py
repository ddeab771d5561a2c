"""What a WSGI server loads: `portal.wsgi:app`."""

from portal import create_app

app = create_app()
