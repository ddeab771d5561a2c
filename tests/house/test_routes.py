"""The portal's addresses, as a list that changes only on purpose."""

from flask import Flask

from tests.house.routes import SNAPSHOT, is_own, lines


def test_the_routes_are_those_of_the_snapshot(shared_app: Flask) -> None:
    kept = SNAPSHOT.read_text(encoding="utf-8").splitlines()
    assert lines(shared_app) == kept, "look at the difference; `python -m tests.house.routes` renews the snapshot"


PUBLIC = {
    "accounts.change_address", "accounts.choose_language", "articles.category", "articles.compare",
    "articles.confirm_following", "articles.confirmed_following", "articles.file", "articles.follow",
    "articles.index", "articles.show", "articles.stop_following", "articles.stopped_following", "articles.vote",
    "billing.provider_events",
    "community.category", "community.category_feed", "community.feed", "community.index", "community.permalink",
    "community.person", "community.picture", "community.show", "community.sitemap", "community.sitemap_file",
    "community.stop_mails", "community.stopped_mails", "community.topic_feed",
    "documents.file", "documents.index", "documents.page", "documents.show", "front.brand_css", "front.brand_logo",
    "front.contact", "front.healthz", "front.home", "front.policy", "front.policy_version", "front.readyz",
    "front.styleguide",
    "listening.alerts", "listening.heartbeat",
    "mailbox.html", "mailbox.index", "mailbox.show", "old_forum.answer",
    "old_forum.post", "old_forum.question", "old_forum.topic", "promise_report.show", "reference.docs",
    "reference.openapi",
    "search.api", "search.click", "search.description",
    "search.log", "search.results", "search.suggest", "sitemap.robots", "sitemap.sitemap", "sitemap.sitemap_file",
    "status.history", "status.incident", "status.index", "statuspage.api", "statuspage.badge", "statuspage.feed",
    "subscribers.ask", "subscribers.choose", "subscribers.chosen", "subscribers.new", "subscribers.renew",
    "subscribers.agree", "subscribers.follow", "subscribers.stop", "subscribers.stopped",
    "tickets.rated", "tickets.rating",
    "wishes.ask", "wishes.confirm", "wishes.confirmed", "wishes.new", "wishes.stop", "wishes.stopped",
}  # fmt: skip


def test_the_public_pages_are_these_and_no_others(shared_app: Flask) -> None:
    """Renewing the snapshot doesn't renew this list: a page is opened to everybody by hand, here."""
    found = {
        rule.endpoint
        for rule in shared_app.url_map.iter_rules()
        if not is_own(rule.endpoint) and getattr(shared_app.view_functions[rule.endpoint], "is_public", False)
    }
    assert found == PUBLIC
