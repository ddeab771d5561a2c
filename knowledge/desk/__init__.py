"""The editors' desk: pages of those who write, review and look after what is searched."""

from flask import Flask


def init_desk(app: Flask) -> None:
    import knowledge.desk.article_views
    import knowledge.desk.editing_views
    import knowledge.desk.file_views
    import knowledge.desk.queue_views
    import knowledge.desk.shelf_views  # noqa: F401  (pages)
    from knowledge.articles.revision import is_editor
    from knowledge.articles.scheduling import init_scheduling
    from knowledge.desk.gate import bp as editing

    app.register_blueprint(editing)
    app.add_template_global(is_editor)
    init_scheduling(app)
