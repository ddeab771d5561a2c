"""What surrounds every page (head, navigation, footer): rendered once for each language and kept."""

from collections.abc import Hashable

from flask import current_app, render_template
from flask_babel import get_locale
from markupsafe import Markup

from portal.fragments import fragment


def kept(template: str, *key: Hashable) -> Markup:
    """The rendered `template`, kept by language and `key`.

    The key must name everything else that it shows: who reads, where we are, which zone.
    """
    if current_app.debug:
        return Markup(render_template(template))
    return fragment((template, str(get_locale()), *key), lambda: render_template(template))
