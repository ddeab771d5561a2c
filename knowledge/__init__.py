"""Everything that is searched: articles, manuals and downloads, and the index over them."""

from flask import Flask

from portal.config import Settings


def init_knowledge(app: Flask, config: Settings) -> None:
    import knowledge.articles.file_pages
    import knowledge.articles.follow_pages
    import knowledge.articles.revision
    import knowledge.community.audit
    import knowledge.community.flags
    import knowledge.community.following
    import knowledge.community.mailed
    import knowledge.community.pictures
    import knowledge.community.standing
    import knowledge.community.telling
    import knowledge.community.topic
    import knowledge.community.topic_ticket
    import knowledge.documents.document
    import knowledge.documents.downloads
    import knowledge.exchange.origin
    import knowledge.search.guidance
    import knowledge.search.log  # noqa: F401  (tables)
    from knowledge.articles.following import init_following
    from knowledge.articles.sitemap import bp as sitemap
    from knowledge.articles.views import bp as articles
    from knowledge.articles.views import home_knowledge
    from knowledge.community import init_community
    from knowledge.community.digest import init_digests
    from knowledge.desk import init_desk
    from knowledge.documents import init_documents
    from knowledge.incidents import init_incidents
    from knowledge.insight import init_insight
    from knowledge.search.indexing import init_search
    from knowledge.search.memory import init_memory
    from knowledge.search.views import bp as search
    from knowledge.search.wish_pages import bp as wishes

    init_search(app, config)
    init_memory(app)
    app.register_blueprint(articles)
    app.register_blueprint(sitemap)
    init_following(app)
    app.register_blueprint(search)
    app.register_blueprint(wishes)
    init_documents(app)
    init_community(app)
    init_incidents(app)
    init_digests(app)
    init_desk(app)
    init_insight(app)
    app.add_template_global(home_knowledge)
    app.extensions["load_demo_knowledge"] = load_demo_knowledge


def load_demo_knowledge() -> None:
    """Import the demo's articles; what reads Markdown and YAML is loaded only now."""
    from knowledge import cli

    cli.load_demo_knowledge()
