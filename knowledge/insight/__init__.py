"""What editors learn from readers: searches, votes and links, and the guidance they give the search in return."""

from flask import Flask


def init_insight(app: Flask) -> None:
    import knowledge.insight.drafting_views
    import knowledge.insight.guidance_views
    import knowledge.insight.tables
    import knowledge.insight.views  # noqa: F401  (tables and pages)
    from knowledge.insight.gate import bp as insight
    from knowledge.insight.links import init_links
    from knowledge.search.wishes import init_wishes

    app.register_blueprint(insight)
    init_links(app)
    init_wishes(app)
