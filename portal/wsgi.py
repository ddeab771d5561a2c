"""What a WSGI server loads: `portal.wsgi:app`."""

from portal import create_app
from portal.config import load_settings
from portal.serving import spare_imports

spare_imports(load_settings())
app = create_app()
