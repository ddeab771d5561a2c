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
    "documents.file", "documents.index", "documents.page", "documents.show", "front.brand_css", "front.brand_logo",
    "front.contact", "front.healthz", "front.home", "front.policy", "front.policy_version", "front.readyz",
    "front.styleguide",
    "mailbox.html", "mailbox.index", "mailbox.show", "search.api", "search.click", "search.description",
    "search.log", "search.results", "search.suggest", "sitemap.robots", "sitemap.sitemap", "sitemap.sitemap_file",
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
