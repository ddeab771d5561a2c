"""The desk: the pages of those who answer, over the tickets' tables."""

from flask import Flask


def init_desk(app: Flask) -> None:
    import portal.desk.acts
    import portal.desk.bulk_pages
    import portal.desk.chats
    import portal.desk.field_pages
    import portal.desk.follow_pages
    import portal.desk.joining
    import portal.desk.mail_in
    import portal.desk.ownerless
    import portal.desk.people
    import portal.desk.phone
    import portal.desk.queue
    import portal.desk.remote_pages
    import portal.desk.replies
    import portal.desk.search_pages
    import portal.desk.tag_pages
    import portal.desk.task_pages
    import portal.desk.ticket_page  # noqa: F401  (the routes of all)
    from portal.desk.gate import bp

    app.register_blueprint(bp)
