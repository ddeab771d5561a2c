"""JSON Schema of all that goes in and comes out. Bodies are held against these; tests hold the answers against them."""

from typing import Any

from portal.tickets.conversation import LONGEST_BODY
from portal.tickets.custom_fields import KINDS, LONGEST, MOST
from portal.tickets.satisfaction import LONGEST_COMMENT, SCORES

Schema = dict[str, Any]


def text(about: str, most: int | None = None, least: int = 0, **more: Any) -> Schema:
    bounds = ({"minLength": least} if least else {}) | ({"maxLength": most} if most else {})
    return {"type": "string", "description": about} | bounds | more


def whole(about: str, **more: Any) -> Schema:
    return {"type": "integer", "description": about, "minimum": 0, "maximum": 2**31 - 1} | more


def moment(about: str) -> Schema:
    return {"type": "string", "format": "date-time", "description": about}


def maybe(schema: Schema) -> Schema:
    if "$ref" in schema:
        return {"oneOf": [schema, {"type": "null"}]}
    return schema | {"type": [schema["type"], "null"]} | ({"enum": [*schema["enum"], None]} if "enum" in schema else {})


def record(about: str, must: Schema, may: Schema | None = None) -> Schema:
    """An object with these fields and no others."""
    return {
        "type": "object",
        "description": about,
        "additionalProperties": False,
        "properties": must | (may or {}),
        **({"required": list(must)} if must else {}),
    }


def several(of: Schema, about: str = "") -> Schema:
    return {"type": "array", "items": of} | ({"description": about} if about else {})


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def enum(about: str, *choices: str) -> Schema:
    return {"type": "string", "description": about, "enum": list(choices)}


MESSAGE = text("The message: plain text with lists, quotes, links and code.", LONGEST_BODY, 1, pattern=r"\S")
TOPIC = enum("What it is about.", "product", "billing")

BODIES: dict[str, Schema] = {
    "NewTicket": record(
        "A ticket to be filed.",
        {"subject": text("A few words.", 200, 1, pattern=r"\S"), "body": MESSAGE},
        {
            "topic": TOPIC,
            "product": text("Its slug, one of those that /me names.", 40),
            "version": text("Numbers with dots.", 40),
            "severity": text("One of those that /quote names for the same choices.", 40),
            "organisation": whole("For which of your organisations; without it the first that /me names."),
            "fields": {
                "type": "object",
                "description": "What the vendor asks about the product, by the ids of /quote. All may be left out.",
                "additionalProperties": {"type": "string", "maxLength": LONGEST},
                "propertyNames": {"pattern": "^[1-9][0-9]{0,8}$"},
                "maxProperties": MOST,
            },
            "remote_access": {"type": "boolean", "description": "Support may connect to the computer in question."},
            "follows": whole("The number of the closed ticket that it goes on from."),
        },
    ),
    "NewMessage": record(
        "A message to be added.",
        {"body": MESSAGE},
        {
            "kind": enum("A note is for staff alone, and needs the scope desk.", "reply", "note"),
            "wait": {"type": "boolean", "description": "At the desk: the ticket then waits for the customer."},
        },
    ),
    "Reason": record("Why.", {"body": MESSAGE}),
    "NewRating": record(
        "How it went.",
        {"score": enum("The answer.", *SCORES)},
        {"comment": text("What there is to say about it.", LONGEST_COMMENT)},
    ),
    "Triage": record(
        "The severity that the vendor gives a ticket.",
        {"severity": maybe(text("One of the ticket's tier; null where that has none.", 40))},
        {"reason": text("Why, for the customer.", 500)},
    ),
    "Assignment": record(
        "Who is in charge.", {"to": maybe(whole("The id of one of the staff; null gives it back to the queue."))}
    ),
}

PERSON = {"id": whole("Theirs for ever."), "name": text("As they call themselves.")}
CLOCK = record(
    "When something is due.",
    {
        "due_at": moment("At the latest."),
        "earliest_at": maybe(moment("Of a promise that is a range, its beginning.")),
        "calendar": text("Whose hours count."),
        "business_seconds": {"type": "integer", "minimum": 0, "description": "Open seconds from receipt until then."},
    },
)
PROMISE = {
    "allowed": {"type": "boolean", "description": "Whether the policy allows such a ticket."},
    "reason": maybe(text("Why it doesn't.")),
    "tier": text("The support tier."),
    "queue": text("Where it is answered."),
    "rank": {"type": "integer", "description": "Lower is answered first."},
    "severity": maybe(text("Of the policy; null where the tier has none.")),
    "basis": enum("How binding the times are.", "guarantee", "target", "average", "none"),
    "first_response": maybe(ref("Clock")),
    "next_response": maybe(ref("Clock")),
    "update": maybe(ref("Clock")),
    "resolution": maybe(ref("Clock")),
    "stops_on": maybe(text("What stops the first clock.")),
    "policy": record("The version that promises.", {"id": text("Its id."), "version": text("Its version.")}),
    "explanation": several({"type": "string"}, "How it was counted, a sentence a step."),
    "faster": several(
        record(
            "A plan, tier or channel that would be faster.",
            {
                "kind": enum("What it is.", "plan", "tier", "channel"),
                "id": text("Of the policy."),
                "name": text("Its name."),
                "due_at": moment("When the first response would be due."),
                "basis": enum("How binding that is.", "guarantee", "target", "average", "none"),
            },
        )
    ),
}
TICKET = {
    "number": whole("As it is read out on the phone."),
    "url": text("Its page."),
    "subject": text("What it is about."),
    "topic": TOPIC,
    "channel": text("How it came in."),
    "status": enum("Waiting means: for the customer.", "open", "waiting", "resolved", "closed"),
    "severity": maybe(text("Of the policy; null where the tier has none.")),
    "product": maybe(text("Its slug.")),
    "version": maybe(text("Of the product.")),
    "organisation": maybe(ref("Named")),
    "requester": ref("Person"),
    "plan": text("The plan it is answered under."),
    "tier": text("The support tier it is answered under."),
    "next_due": maybe(ref("Due")),
    "created_at": moment("When it was filed."),
    "updated_at": moment("When something last happened that its requester may know of."),
    "resolved_at": maybe(moment("When it was resolved.")),
    "closed_at": maybe(moment("When it was closed.")),
}
AT_DESK = {
    "queue": text("With the scope desk."),
    "rank": {"type": "integer", "description": "With the scope desk: lower is answered first."},
    "assignee": maybe(ref("Person")),
}

SCHEMAS: dict[str, Schema] = BODIES | {
    "Person": record("Somebody.", PERSON, {"email": text("With the scope desk, and of yourself.")}),
    "Named": record("An organisation.", {"id": whole("Its id."), "name": text("Its name.")}),
    "Due": record(
        "The clock that runs out next.",
        {
            "clock": enum("Which.", "first_response", "next_response", "update", "resolution"),
            "at": moment("When."),
        },
    ),
    "Clock": CLOCK,
    "Promise": record("What was promised at filing, for ever.", PROMISE),
    "Quote": record(
        "What would be promised now.",
        PROMISE
        | {
            "severities": several(
                record("One.", {"id": text("Of the policy."), "name": text("Its name.")}),
                "To choose from, the worst first; empty where the tier has none.",
            ),
            "fields": several(
                record(
                    "One.",
                    {
                        "id": whole("Its id."),
                        "label": text("What is asked, in your language."),
                        "kind": enum("What it takes.", *KINDS),
                        "choices": several({"type": "string"}),
                        "required": {"type": "boolean", "description": "Whether the form insists on it."},
                    },
                ),
                "What the vendor asks about the product.",
            ),
        },
    ),
    "TicketInList": record("The facts of a ticket.", TICKET, AT_DESK),
    "Ticket": record(
        "A ticket.",
        TICKET
        | {
            "promise": ref("Promise"),
            "fields": several(
                record(
                    "One.", {"id": whole("Its id."), "label": text("What was asked."), "value": text("The answer.")}
                ),
                "What was answered of what the vendor asks about the product.",
            ),
            "rating": maybe(
                record("How it went.", {"score": enum("The answer.", *SCORES), "comment": text("Beside it.")})
            ),
        },
        AT_DESK,
    ),
    "Attachment": record(
        "A file.",
        {
            "id": text("Names it in addresses."),
            "filename": text("As it was called."),
            "content_type": text("What it is."),
            "size": {"type": "integer", "minimum": 0, "description": "In bytes."},
            "sha256": text("Of the bytes."),
            "url": text("Where the bytes are, for the same token."),
        },
    ),
    "Message": record(
        "Something said on a ticket.",
        {
            "id": whole("Grows with each message of a ticket."),
            "kind": enum("Notes are for staff alone.", "customer", "agent", "note"),
            "author": maybe(ref("Person")),
            "body": text("Plain text."),
            "created_at": moment("When it was written."),
            "attachments": several(ref("Attachment")),
        },
    ),
    "Me": record(
        "Whose token it is, and what can be named in a ticket.",
        {
            "person": ref("Person"),
            "scopes": several({"type": "string"}),
            "token": record("The token.", {"name": text("Its name."), "expires_at": moment("When it ends.")}),
            "organisations": several(
                record(
                    "One you belong to.",
                    {
                        "id": whole("Its id."),
                        "name": text("Its name."),
                        "role": enum("Yours in it.", "owner", "billing", "member"),
                    },
                )
            ),
            "products": several(record("One.", {"slug": text("Names it."), "name": text("Its name.")})),
        },
    ),
    "Tickets": record(
        "A page of tickets.",
        {
            "tickets": several(ref("TicketInList")),
            "next": maybe(text("The cursor of the page behind; null on the last.")),
        },
    ),
    "Messages": record(
        "A page of messages.",
        {
            "messages": several(ref("Message")),
            "next": maybe(whole("The `after` of the page behind; null on the last.")),
        },
    ),
    "Problem": record(
        "What went wrong (RFC 9457).",
        {
            "type": text("A name that stays; about:blank where the status says all."),
            "title": text("The same in words."),
            "status": {"type": "integer", "description": "The HTTP status."},
            "request": text("Of this request; tell it when you ask about it."),
        },
        {
            "detail": text("What to do about it."),
            "errors": several(record("One field.", {"field": text("Its name."), "message": text("What is wrong.")})),
        },
    ),
}
