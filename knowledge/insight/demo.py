"""A few weeks of the demo's readers: what they searched, opened and said. The same in every demo."""

import hashlib
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from knowledge.articles.article import Article, Vote
from knowledge.insight.links import check_links
from knowledge.search.guidance import Synonym, Wish
from knowledge.search.log import SearchClick, SearchQuery
from knowledge.search.words import folded
from portal.db import db
from portal.tickets.ticket import Ticket

WEEKS = 5
SEED = 2026


@dataclass(frozen=True)
class Asked:
    """A search that came so often. `opens` are the addresses of the articles its askers opened, `grows` is its trend.

    `ticket` begins the subject of the ticket that some of them filed.
    """

    text: str
    times: int
    lang: str = "en"
    product: str | None = None
    results: int = 0
    opens: tuple[str, ...] = ()
    opened: float = 0.0  # which share of the askers opened something
    ticket: str = ""
    grows: bool = False


SEARCHES = (
    Asked("opc ua bridge", 23, product="relay", grows=True),
    Asked("export to parquet", 14, product="atlas"),
    Asked("single sign-on with keycloak", 11, grows=True),
    Asked("modbus tcp simulator", 6, product="relay"),
    Asked("passkey", 5),
    Asked("kubernetes operator", 4, product="beacon"),
    Asked("mqtt retained messages", 3, product="relay"),
    Asked("zwei faktor zurücksetzen", 9, "de", grows=True),
    Asked("lizenz auf neuen server umziehen", 6, "de"),
    Asked("rapport per e-mail in het nederlands", 4, "nl"),
    Asked("许可证 转移", 5, "zh"),
    Asked("перенос лицензии", 4, "ru"),
    Asked("weekly report twice", 7, product="atlas", results=3, ticket="Weekly report"),
    Asked("all agents offline", 9, product="beacon", results=5, ticket="All sites silent", grows=True),
    Asked("relay verbindung nachts weg", 6, "de", "relay", 4, ticket="Relay verliert"),
    Asked("additional seats invoice", 5, results=2, ticket="Invoice for"),
    Asked("performance", 12, results=14),
    Asked("settings", 10, results=22),
    Asked("proxy", 9, product="beacon", results=6),
    Asked("backup", 8, results=9, grows=True),
    Asked("fehler", 7, "de", None, 11),
    Asked("install agent on linux", 31, product="beacon", results=6, opened=0.8),
    Asked("bcn-1042", 26, product="beacon", results=2, opened=0.9, grows=True),
    Asked("bcn-2003 schema mismatch", 15, product="beacon", results=2, opened=0.85),
    Asked("reset password", 28, results=5, opened=0.7),
    Asked("upgrade relay firmware", 17, product="relay", results=4, opened=0.75),
    Asked("schedule a report", 19, product="atlas", results=5, opened=0.7),
    Asked("passwort vergessen", 13, "de", None, 4, opened=0.75),
)
COMMENTS = (
    ("unsolved", "I did all five steps, and the agent is still offline. A word on proxies would help."),
    ("outdated", "The menu in 4.2 looks different: there is no “Sites” any more."),
    ("unclear", "Which of the two certificates is meant in step 3?"),
    ("wrong", "The command misses a -- before the file name. It works with it."),
    ("unsolved", "Works for Debian. What about Alpine?"),
    ("", "Please add a picture of the cable."),
    ("unclear", ""),
    ("outdated", ""),
)
WISHES = (("opc ua bridge", "en", 4), ("single sign-on with keycloak", "en", 2), ("zwei faktor zurücksetzen", "de", 3))
SYNONYMS = ((("sign in", "log in", "login"), "en"), (("anmelden", "einloggen"), "de"), (("gateway", "relay"), ""))


def load_demo_insight(*, now: datetime) -> None:
    """Write the readers' traces, in this transaction. A portal that has any is left alone."""
    if db.session.scalar(select(SearchQuery.id).limit(1)):
        return
    chance = random.Random(SEED)
    articles = {row.id: row for row in db.session.scalars(select(Article).where(Article.status == "published"))}
    tickets = {row.subject: row.number for row in db.session.scalars(select(Ticket))}
    for asked in SEARCHES:
        _search(asked, articles.values(), tickets, chance, now=now)
    _vote(sorted(number for number, one in articles.items() if one.lang == "en"), chance, now=now)
    _wish(now=now)
    for words, lang in SYNONYMS:
        db.session.add(Synonym(words=list(words), lang=lang, updated_at=now - timedelta(days=9)))
    _age(articles.values(), now=now)
    check_links(now=now - timedelta(hours=6))


def _search(
    asked: Asked, articles: Iterable[Article], tickets: Mapping[str, int], chance: random.Random, *, now: datetime
) -> None:
    number = next(
        (number for subject, number in tickets.items() if asked.ticket and subject.startswith(asked.ticket)), 0
    )
    answering = _answering(asked, articles)
    for turn in range(asked.times):
        at = now - timedelta(hours=2) - _before(asked, chance)
        row = SearchQuery(
            text=asked.text,
            folded=folded(asked.text),
            lang=asked.lang,
            product=asked.product,
            asker=hashlib.sha256(f"{asked.text} {turn % 17}".encode()).hexdigest()[:32],
            results=asked.results,
            created_at=at,
            updated_at=at,
            ticket_number=number if number and turn % 3 != 1 else None,
        )
        db.session.add(row)
        if answering and chance.random() < asked.opened:
            db.session.flush()
            place = min(int(chance.expovariate(1.2)), len(answering) - 1)
            opened = {"kind": "article", "item_id": answering[place].id, "place": place + 1}
            db.session.add(SearchClick(query_id=row.id, clicked_at=at + timedelta(seconds=20), **opened))


def _before(asked: Asked, chance: random.Random) -> timedelta:
    """How long ago: evenly over the weeks, or more often of late."""
    share = chance.random() ** (2.2 if asked.grows else 1.0)
    return timedelta(days=share * WEEKS * 7)


def _answering(asked: Asked, articles: Iterable[Article]) -> list[Article]:
    """Articles whose title has a word of the search, those with more of them first."""
    words = {word for word in folded(asked.text).split() if len(word) > 3}
    here = [one for one in articles if one.lang == asked.lang]
    scored = [(sum(word in one.title.lower() or word in one.body.lower()[:600] for word in words), one) for one in here]
    best = sorted((pair for pair in scored if pair[0]), key=lambda pair: (-pair[0], pair[1].slug))
    return [one for _, one in best[:4]]


def _vote(ids: list[int], chance: random.Random, *, now: datetime) -> None:
    wanting = chance.sample(ids, min(7, len(ids)))
    for article_id in chance.sample(ids, min(30, len(ids))):
        for turn in range(chance.randint(2, 9)):
            _answer(article_id, turn, True, "", "", now - timedelta(days=chance.random() * 28))
    for place, article_id in enumerate(wanting):
        for turn in range(max(1, 6 - place)):
            reason, comment = COMMENTS[(place * 3 + turn) % len(COMMENTS)]
            _answer(article_id, 100 + turn, False, reason, comment, now - timedelta(days=chance.random() * 21))


def _answer(article_id: int, turn: int, is_helpful: bool, reason: str, comment: str, at: datetime) -> None:
    voter = hashlib.sha256(f"demo {article_id} {turn}".encode()).hexdigest()
    given = {"is_helpful": is_helpful, "reason": reason, "comment": comment, "voted_at": at}
    db.session.add(Vote(article_id=article_id, voter=voter, **given))


def _wish(*, now: datetime) -> None:
    for text, lang, times in WISHES:
        for turn in range(times):
            key = hashlib.sha256(f"{text} {turn}".encode()).hexdigest()
            at = now - timedelta(days=3 + turn)
            row = Wish(email=f"reader{turn}@readers.example", text=text, folded=folded(text), lang=lang, locale=lang)
            row.zone, row.token_hash, row.created_at, row.confirmed_at = "Europe/Amsterdam", key, at, at
            db.session.add(row)


def _age(articles: Iterable[Article], *, now: datetime) -> None:
    """Some articles were to be read again a while ago."""
    originals = sorted((one for one in articles if one.lang == "en"), key=lambda one: one.slug)
    for place, article in enumerate(originals[4::9]):
        article.check_by = (now - timedelta(days=6 + 11 * place)).date()
    db.session.flush()
