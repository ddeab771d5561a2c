"""The payment provider: it moves the money, we keep the books."""

import threading

from flask import Flask


def init_provider(app: Flask) -> None:
    from portal.billing.provider import (  # noqa: F401  (jobs and pages)
        charging,
        checkout,
        following,
        listening,
        methods,
        pages,
        refunding,
    )
    from portal.billing.provider.reconciling import init_reconciling

    app.extensions["provider_room"] = threading.BoundedSemaphore(max(1, app.extensions["settings"].web_threads // 2))
    init_reconciling(app)
