"""What search engines of the web are told of a topic: schema.org's QAPage and DiscussionForumPosting."""

from typing import Any

from knowledge.community.blueprint import address_of
from knowledge.community.naming import called
from knowledge.community.searched import words_of
from knowledge.community.showing import Page
from portal.audience import PUBLIC


def told(page: Page, base: str) -> dict[str, Any] | None:
    """The topic with the posts of its first stretch; None for what not everybody may read."""
    topic = page.topic
    if topic.state != "shown" or topic.visibility != PUBLIC or page.start > 1:
        return None
    posts = [post for post in page.posts if post.state == "shown"]
    if not posts or posts[0].number != 1:
        return None
    first, answers = _post(page, posts[0], base), [_post(page, post, base) for post in posts[1:]]
    if topic.kind != "question":
        for one in answers:
            one["@type"] = "Comment"
        whole = first | {"@type": "DiscussionForumPosting", "headline": topic.title, "commentCount": len(answers)}
        return {"@context": "https://schema.org"} | whole | ({"comment": answers} if answers else {})
    ids = [post.id for post in posts[1:]]
    accepted = [one for key, one in zip(ids, answers, strict=True) if key == topic.accepted_post_id]
    others = [one for one in answers if one not in accepted]
    asked = first | {"@type": "Question", "name": topic.title, "answerCount": max(0, topic.posts - 1)}
    asked |= {"acceptedAnswer": accepted[0]} if accepted else {}
    asked |= {"suggestedAnswer": others} if others else {}
    return {"@context": "https://schema.org", "@type": "QAPage", "mainEntity": asked}


def _post(page: Page, post: Any, base: str) -> dict[str, Any]:
    name = called(post.author, post.author_name, post.author_id)
    author: dict[str, Any] = {"@type": "Person", "name": name}
    if post.author_id:
        author["url"] = f"{base}/community/person/{post.author_id}"
    return {
        "@type": "Answer",
        "text": words_of(page.words.get(post.id, "")),
        "url": base + address_of(page.topic, post.number),
        "datePublished": post.created_at.isoformat(),
        "upvoteCount": post.votes,
        "author": author,
    }
