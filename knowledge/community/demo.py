"""The community of the demo: four categories, and what its cast asked and answered in the last days."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from knowledge.community.answering import recount
from knowledge.community.asking import slug_of
from knowledge.community.rendering import html_of
from knowledge.community.topic import ForumCategory, Post, PostVote, Topic, TopicTag
from portal.accounts.people import User
from portal.db import db

MIRA, JONAS, LENA = "mira@tidewater.example", "jonas@tidewater.example", "lena@alpenwerk.example"
SAM, WEI, NOOR = "sam@brightfield.example", "wei@harbourlight.example", "noor@free.example"
TESS, IVO = "agent@larkspur.example", "second@larkspur.example"

_ASK = ["question", "discussion"]
ROOMS: Sequence[tuple[str, str, str, list[str], dict[str, str], dict[str, str]]] = (
    (
        "news",
        "bell",
        "staff",
        ["announcement"],
        {"en": "News", "de": "Neuigkeiten", "nl": "Nieuws", "da": "Nyheder", "ru": "Новости", "zh": "新闻"},
        {"en": "What we release and change.", "de": "Was wir veröffentlichen und ändern."},
    ),
    (
        "beacon",
        "activity",
        "everyone",
        _ASK,
        {"en": "Beacon", "de": "Beacon", "nl": "Beacon", "da": "Beacon", "ru": "Beacon", "zh": "Beacon"},
        {"en": "Monitoring machines and sites.", "de": "Maschinen und Standorte überwachen."},
    ),
    (
        "relay-and-atlas",
        "server",
        "everyone",
        _ASK,
        {"en": "Relay and Atlas", "de": "Relay und Atlas", "nl": "Relay en Atlas", "da": "Relay og Atlas"},
        {"en": "Gateways of sites, and reports.", "de": "Gateways der Standorte, und Berichte."},
    ),
    (
        "ideas",
        "lightbulb",
        "everyone",
        ["idea", "discussion"],
        {"en": "Ideas", "de": "Ideen", "nl": "Ideeën", "da": "Idéer", "ru": "Идеи", "zh": "建议"},
        {"en": "What would make your work easier.", "de": "Was Ihre Arbeit leichter machen würde."},
    ),
)

# Category, kind, title, language, product, tags, hours ago, posts as (author, text, thanks), the accepted one's number.
TOPICS: Sequence[tuple[str, str, str, str, str | None, list[str], int, list[tuple[str, str, Sequence[str]]], int]] = (
    (
        "beacon",
        "question",
        "Agents show as offline after the nightly reboot",
        "en",
        "beacon",
        ["agent", "reboot"],
        70,
        [
            (
                SAM,
                "Every morning about a third of our lab machines are **offline** in the console, although they run. "
                "A restart of the agent brings them back.\n\nThe log says:\n\n```\nBCN-1107 no route to console, "
                "giving up after 5 tries\n```\n\nDoes the agent really give up for good?",
                (WEI, NOOR),
            ),
            (
                JONAS,
                "We had the same. The network card of ours comes up later than the agent. We let the service start "
                "delayed:\n\n```powershell\nsc.exe config BeaconAgent start= delayed-auto\n```\n\n"
                "Since then it is quiet.",
                (SAM, WEI),
            ),
            (
                TESS,
                "Jonas is right, and from Beacon 4.2 on it isn't needed any more: the agent then tries again every "
                "minute for as long as it runs. The article on "
                "[BCN-1107](/kb/bcn-1107-agent-offline) has both ways.",
                (SAM, JONAS, MIRA),
            ),
            (
                SAM,
                "> from Beacon 4.2 on it isn't needed any more\n\nUpdated, and all are there this morning. Thank you!",
                (),
            ),
        ],
        3,
    ),
    (
        "beacon",
        "question",
        "Alarm only when two sensors agree",
        "en",
        "beacon",
        ["alerts"],
        26,
        [
            (
                NOOR,
                "My greenhouse sensor has outliers of a minute. Can a rule wait until a **second** sensor says the "
                "same before it calls me?",
                (SAM,),
            ),
            (
                MIRA,
                "With a group rule: put both sensors into a group, choose *all of them* and five minutes. We do so "
                "at the pumps:\n\n1. Alerts, then New rule\n2. For: a group\n3. When: all are above the limit",
                (NOOR, LENA),
            ),
        ],
        2,
    ),
    (
        "relay-and-atlas",
        "question",
        "Relay hinter zwei Routern: welche Ports?",
        "de",
        "relay",
        ["relay", "firewall"],
        50,
        [
            (
                LENA,
                "Unser Standort liegt hinter dem Router des Vermieters und unserem eigenen. Müssen beide Ports "
                "weiterleiten, oder genügt der Weg nach draußen?",
                (),
            ),
            (
                IVO,
                "Der Weg nach draußen genügt: Relay baut die Verbindung selbst auf, niemand muss hereinkommen. "
                "Welche Adressen erreichbar sein müssen, steht im Artikel [Firewall und Ports](/kb/firewall-ports).",
                (LENA, JONAS),
            ),
        ],
        2,
    ),
    (
        "relay-and-atlas",
        "question",
        "Atlas report is empty for one site",
        "en",
        "atlas",
        ["reports"],
        5,
        [
            (
                WEI,
                "The monthly report has all our sites but the newest, which has been sending readings for a week. "
                "Is there a list somewhere that I must add it to?",
                (),
            )
        ],
        0,
    ),
    (
        "ideas",
        "idea",
        "A dark theme for the wall display",
        "en",
        "beacon",
        ["dashboards"],
        96,
        [
            (
                MIRA,
                "The dashboard on our wall is the brightest lamp of the control room at night. A dark theme that "
                "follows the hours would be kind to whoever is on duty.",
                (SAM, JONAS, LENA, NOOR),
            ),
            (SAM, "Yes please. Ours hangs in the lab.", (MIRA,)),
            (
                TESS,
                "Noted for the people who build it, with your votes. I shall write here when there is news.",
                (SAM,),
            ),
        ],
        0,
    ),
    (
        "news",
        "announcement",
        "Beacon 4.2.1 is out",
        "en",
        "beacon",
        ["release"],
        120,
        [
            (
                IVO,
                "It mends what several of you reported here:\n\n- agents try again after a lost connection\n- group "
                "rules keep their order\n- exports name their time zone\n\nThank you for the logs.",
                (SAM, JONAS),
            )
        ],
        0,
    ),
)


def load_demo_community(*, now: datetime) -> None:
    """Written as rows, so that nobody is mailed and nothing waits for a moderator. Does not commit."""
    people = {user.email: user for user in db.session.scalars(select(User))}
    rooms = {}
    for position, (slug, icon, posting, kinds, titles, descriptions) in enumerate(ROOMS):
        given: dict[str, Any] = {"slug": slug, "icon": icon, "posting": posting, "kinds": kinds, "titles": titles}
        rooms[slug] = ForumCategory(position=position, descriptions=descriptions, **given)
        db.session.add(rooms[slug])
    db.session.flush()
    for room, kind, title, lang, product, tags, hours, posts, accepted in TOPICS:
        named: dict[str, Any] = {"kind": kind, "title": title, "slug": slug_of(title), "lang": lang, "tags": tags}
        began = now - timedelta(hours=hours)
        topic = Topic(category=rooms[room], product=product, created_at=began, bumped_at=began, **named)
        topic.author = people.get(posts[0][0])
        topic.is_pinned = kind == "announcement"
        db.session.add(topic)
        db.session.flush()
        db.session.add_all(TopicTag(topic_id=topic.id, name=name) for name in tags)
        _write(topic, posts, accepted, people, began)


def _write(topic: Topic, posts: Sequence[Any], accepted: int, people: dict[str, User], began: datetime) -> None:
    for number, (author, body, thanks) in enumerate(posts, start=1):
        given: dict[str, Any] = {"number": number, "body": body, "html": html_of(body), "votes": len(thanks)}
        post = Post(topic=topic, form_key=f"demo-{topic.id}-{number}", **given)
        post.author, post.created_at = people.get(author), began + timedelta(hours=number - 1, minutes=7 * number)
        post.is_staff = author in (TESS, IVO)
        db.session.add(post)
        db.session.flush()
        db.session.add_all(PostVote(post_id=post.id, user_id=people[one].id) for one in thanks if one in people)
        if number == accepted:
            topic.accepted_post_id, topic.accepted_at = post.id, post.created_at
    topic.votes = len(posts[0][2])
    db.session.flush()
    recount(topic)
