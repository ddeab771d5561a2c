"""The status page: what is well and what is not, for everybody."""

from flask import Flask


def init_status(app: Flask) -> None:
    import portal.status.component
    import portal.status.incident
    import portal.status.probe
    import portal.status.subscriber
    import portal.status.uptime
    from portal.status.uptime_reports import init_uptime_reports

    init_uptime_reports(app)
    import portal.status.editing_pages
    import portal.status.incident_pages
    import portal.status.maintenance_pages
    import portal.status.part_pages
    import portal.status.ticket_pages  # noqa: F401  (pages)
    from portal.status import gate, outward, views

    app.register_blueprint(outward.bp)
    app.register_blueprint(views.bp)
    app.register_blueprint(gate.bp)
    from portal.status.refreshing import init_refreshing

    init_refreshing(app)
    from portal.status import calls, follow_pages, subscribe_pages, subscriber_desk  # noqa: F401  (the jobs)
    from portal.status.sending import init_sending

    app.register_blueprint(subscribe_pages.bp)
    app.register_blueprint(subscriber_desk.bp)
    init_sending(app)

    from portal.status import listening, probe_pages
    from portal.status.maintenance import init_maintenance
    from portal.status.probing import init_probing

    app.register_blueprint(listening.bp)
    app.register_blueprint(probe_pages.bp)
    init_probing(app)
    init_maintenance(app)
