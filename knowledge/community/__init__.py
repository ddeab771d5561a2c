"""The community: where customers ask and answer each other, with staff among them."""

from flask import Flask


def init_community(app: Flask) -> None:
    import knowledge.community.category_pages
    import knowledge.community.feeds
    import knowledge.community.flag_pages
    import knowledge.community.follow_pages
    import knowledge.community.order_pages
    import knowledge.community.people_views
    import knowledge.community.picture_pages
    import knowledge.community.post_views
    import knowledge.community.secret_pages
    import knowledge.community.writing_views  # noqa: F401  (pages)
    from knowledge.community.about_incidents import incident_of, topics_about
    from knowledge.community.blueprint import bp
    from knowledge.community.news_pages import bp as news
    from knowledge.community.old_pages import bp as old
    from knowledge.community.searched import TopicSource
    from knowledge.community.secret_pages import files_tickets
    from knowledge.community.unanswered import desk_topics
    from knowledge.community.views import community_is_open
    from knowledge.search.items import register

    register(TopicSource())
    app.register_blueprint(bp)
    app.register_blueprint(news)
    app.register_blueprint(old)
    app.add_template_global(community_is_open)
    app.add_template_global(incident_of)
    app.add_template_global(topics_about)
    app.add_template_global(files_tickets)
    app.add_template_global(desk_topics)
