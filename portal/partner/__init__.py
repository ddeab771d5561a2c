"""The partner area: resellers, their customers, what they order, and what they may do for whom."""

from flask import Flask


def init_partner(app: Flask) -> None:
    import portal.partner.notice
    import portal.partner.order  # noqa: F401
