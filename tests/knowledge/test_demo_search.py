"""What people ask, and the demo article that must come first, through the real index."""

import pytest
from flask import Flask
from flask_login import AnonymousUserMixin

from knowledge.search import answers

FIRST = {
    # a question in plain words, and its parts
    ("en", "how do I move my licence to another server?"): "en/accounts-and-licences/move-licence",
    ("en", "I forgot my password"): "en/accounts-and-licences/cannot-sign-in",
    ("en", "machine limit reached"): "en/accounts-and-licences/move-licence",
    ("en", "firewall ports"): "en/network-and-security/firewall-ports",
    ("en", "the console is slow"): "en/administration/tune-performance",
    # misspelt
    ("en", "certifcate eror"): "en/network-and-security/certificate-errors",
    ("en", "firewal prots"): "en/network-and-security/firewall-ports",
    # codes and versions
    ("en", "BCN-3010"): "en/accounts-and-licences/move-licence",
    ("en", "bcn3010"): "en/accounts-and-licences/move-licence",
    ("en", "RLY 0520"): "en/network-and-security/proxy-settings",
    ("en", "v4.2.1"): "en/release-notes/release-notes-beacon-4-2",
    # other languages
    ("de", "Lizenzschlüssel einlösen"): "de/accounts-and-licences/claim-licence-key",
    ("de", "lizenzschlussel einlosen"): "de/accounts-and-licences/claim-licence-key",
    ("de", "Zertifikat abgelaufen"): "de/network-and-security/certificate-errors",
    ("nl", "licentiesleutel"): "nl/accounts-and-licences/claim-licence-key",
    ("ru", "лицензионные ключи"): "ru/accounts-and-licences/claim-licence-key",
    ("ru", "установка в Linux"): "ru/installation/install-beacon-linux",
    ("zh", "许可证密钥"): "zh/accounts-and-licences/claim-licence-key",
    ("zh", "备份控制台"): "zh/administration/backup-and-restore",
    ("en", "许可证密钥"): "zh/accounts-and-licences/claim-licence-key",
    ("en", "лицензионный ключ"): "ru/accounts-and-licences/claim-licence-key",
    # an article that exists in the reader's language comes in it
    ("de", "firewall"): "de/network-and-security/firewall-ports",
}


@pytest.mark.parametrize(("locale", "text"), FIRST)
def test_the_right_article_comes_first(demo: Flask, locale: str, text: str) -> None:
    with demo.test_request_context():
        results = answers(text, AnonymousUserMixin(), locale)
        assert results and results[0].id == FIRST[locale, text], [result.id for result in results]


def test_an_address_comes_once(demo: Flask) -> None:
    with demo.test_request_context():
        slugs = [
            result.url.split("#")[0].split("?")[0]
            for result in answers("licence", AnonymousUserMixin(), "de", limit=50)
        ]
        assert len(slugs) == len(set(slugs))


def test_the_tickets_product_comes_first(demo: Flask) -> None:
    with demo.test_request_context():
        places = {}
        for product in (None, "relay"):
            results = answers("upgrade", AnonymousUserMixin(), "en", product=product, limit=50)
            places[product] = next(place for place, result in enumerate(results) if result.product == "relay")
        assert places["relay"] < places[None]


def test_hidden_articles_of_the_demo_stay_hidden(demo: Flask) -> None:
    with demo.test_request_context():
        results = answers("agents escalation staff credentials", AnonymousUserMixin(), "en", limit=50)
        assert results and all("/for-agents/" not in result.id for result in results)


def test_the_demo_is_imported_whole_and_only_once(demo: Flask) -> None:
    from knowledge.exchange.markdown import import_demo
    from portal.db import utcnow

    with demo.app_context():
        report = import_demo(now=utcnow())
    assert report.unchanged >= 70 and not report.added and not report.changed and report.problems == []
