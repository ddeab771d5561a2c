"""What was said, as a mail to the customer."""

from portal.accounts.texts import N_
from portal.chat.chat import Chat
from portal.mail import Mail, compose
from portal.web import settings


def send_transcript(chat: Chat) -> Mail:
    """In the language and zone that the chat was held in."""
    return compose(
        chat.requester.email,
        "chat/mail/transcript",
        N_("Your chat with support"),
        locale=chat.language,
        zone=chat.zone,
        name=chat.requester.display_name,
        messages=chat.messages,
        address=f"{settings().base_url}/chat/{chat.id}",
    )
