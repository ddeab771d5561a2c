"""The OpenAPI document: what the routes of `acts` and `reading` take and answer. Tests hold it against both."""

from functools import cache
from typing import Any

from portal.accounts.tokens import DESK, READ, WRITE
from portal.api.schemas import SCHEMAS, Schema, ref, text
from portal.tickets.listing import STATUSES

VERSION = "1.0.0"
ABOUT = """\
The verbs of the portal's pages for programs. What a program may is what its owner may, within the scopes of the token;
what is somebody else's answers 404. Times are UTC. Fields may be added to answers; none is taken away within v1."""
KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Sent again with the same request, nothing more is done and the same answer comes back.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
}
FILES = {"type": "array", "items": {"type": "string", "format": "binary"}, "description": "Logs and screenshots."}
PROBLEMS = {
    "400": "The request can't be read.",
    "401": "No token, or one that doesn't hold.",
    "403": "The token lacks a scope, or its owner's role does not allow it.",
    "404": "Not there, or not for this token.",
    "413": "Too large.",
    "415": "Neither application/json nor multipart/form-data.",
    "422": "Not as documented, or refused with a reason to show to people.",
    "429": "Too many requests; Retry-After says when to come back.",
}
BODY_PROBLEMS = ("413", "415", "422")


def argument(name: str, about: str, schema: Schema) -> Schema:
    return {"name": name, "in": "query", "description": about, "schema": schema}


def named(name: str, schema: Schema) -> Schema:
    return {"name": name, "in": "path", "required": True, "schema": schema}


NUMBER = named("number", {"type": "integer", "minimum": 0, "maximum": 2**31 - 1, "description": "The ticket's number."})
WORD = {"type": "string", "maxLength": 200}
SIZE = argument("limit", "How many on a page.", {"type": "integer", "minimum": 1, "maximum": 100, "default": 25})
CHOICES = (
    argument("topic", "What it would be about.", {"type": "string", "enum": ["product", "billing"]}),
    argument("product", "Its slug.", WORD),
    argument("severity", "One of those that this very answer names.", WORD),
    argument("organisation", "The id of one of your organisations.", WORD),
)
FILTERS = (
    argument(
        "status", "Open counts those that wait for the customer, too.", {"type": "string", "enum": list(STATUSES)}
    ),
    argument("product", "Its slug.", WORD),
    argument("q", "Words of the subject.", WORD),
    argument("updated_since", "Those that changed since then.", {"type": "string", "format": "date-time"}),
    argument("cursor", "What the page before gave as next.", WORD),
    SIZE,
)
AFTER = argument("after", "What the page before gave as next.", {"type": "integer", "minimum": 0, "maximum": 2**31 - 1})


def reads(name: str, title: str, about: str, answer: Schema, *parameters: Schema, scope: str = READ) -> Schema:
    """What the GET of that name takes and answers with 200."""
    ways: dict[str, Any] = {"parameters": list(parameters)} if parameters else {}
    named_one = any(one["in"] == "path" for one in parameters)
    asks = any(one["in"] == "query" for one in parameters)
    wrong = (*(["400"] if asks else []), "401", *(["403"] if scope else []), *(["404"] if named_one else []), "429")
    told = {"200": {"description": "It.", "content": answer}} | refusals(*wrong)
    return described(name, title, about, scope) | ways | {"responses": told}


def acts(
    name: str,
    title: str,
    about: str,
    body: str | None,
    answer: str,
    *,
    code: int = 200,
    files: bool = False,
    scope: str = "",
) -> Schema:
    """What the POST of that name takes; where a ticket is acted upon, it is named in the address."""
    parameters = [KEY] if name == "file_ticket" else [NUMBER, KEY]
    wrong = ("400", "401", "403", *([] if name == "file_ticket" else ["404"]), *BODY_PROBLEMS, "429")
    told = {"description": "Done.", "content": json(ref(answer))}
    if code == 201 and answer == "Ticket":
        told["headers"] = {"Location": {"schema": text("Where the ticket is.")}}
    operation = described(name, title, about, scope or WRITE) | {"parameters": parameters}
    if body:
        content = json(ref(body)) | ({"multipart/form-data": {"schema": with_files(body)}} if files else {})
        operation["requestBody"] = {"required": True, "content": content}
    return operation | {"responses": {str(code): told} | refusals(*wrong)}


def described(name: str, title: str, about: str, scope: str) -> Schema:
    asks = [scope] if scope else []
    operation = {
        "operationId": name,
        "summary": title,
        "security": [{"token": [WRITE, *asks] if scope == DESK else asks}],
    }
    return operation | ({"description": about} if about else {})


def with_files(body: str) -> Schema:
    """The same fields in a form, with files beside them."""
    return SCHEMAS[body] | {"properties": SCHEMAS[body]["properties"] | {"files": FILES}}


def json(schema: Schema) -> Schema:
    return {"application/json": {"schema": schema}}


def refusals(*codes: str) -> Schema:
    return {code: {"$ref": f"#/components/responses/{code}"} for code in codes}


def problem(code: str, about: str) -> Schema:
    told: Schema = {"description": about, "content": {"application/problem+json": {"schema": ref("Problem")}}}
    if code == "429":
        told["headers"] = {"Retry-After": {"schema": {"type": "integer", "description": "In seconds."}}}
    return told


BYTES = {"*/*": {"schema": {"type": "string", "format": "binary"}}}
PATHS: dict[str, Schema] = {
    "/me": {"get": reads("me", "Whose token it is", "And what can be named in a ticket.", json(ref("Me")), scope="")},
    "/quote": {
        "get": reads("quote", "What a ticket would be promised now", "", json(ref("Quote")), *CHOICES),
    },
    "/tickets": {
        "get": reads("tickets", "List tickets", "Those that changed last come first.", json(ref("Tickets")), *FILTERS),
        "post": acts(
            "file_ticket",
            "File a ticket",
            "With the promise that /quote names. Credentials for remote access are given on the ticket's page alone.",
            "NewTicket",
            "Ticket",
            code=201,
            files=True,
        ),
    },
    "/tickets/{number}": {"get": reads("ticket", "Read a ticket", "", json(ref("Ticket")), NUMBER)},
    "/tickets/{number}/messages": {
        "get": reads(
            "messages", "Read what was said", "The first comes first.", json(ref("Messages")), NUMBER, AFTER, SIZE
        ),
        "post": acts(
            "add_message",
            "Reply",
            "By a token with the scope desk it is the vendor's answer, or an internal note.",
            "NewMessage",
            "Message",
            code=201,
            files=True,
        ),
    },
    "/tickets/{number}/close": {"post": acts("close", "Close a ticket", "", None, "Ticket")},
    "/tickets/{number}/reopen": {
        "post": acts("reopen", "Reopen a ticket", "With the reason as a message.", "Reason", "Ticket", files=True)
    },
    "/tickets/{number}/rating": {
        "post": acts("rate", "Say how it went", "For who filed the ticket, once it is resolved.", "NewRating", "Ticket")
    },
    "/tickets/{number}/triage": {
        "post": acts(
            "triage", "Confirm or correct the severity", "The customer is told.", "Triage", "Ticket", scope=DESK
        )
    },
    "/tickets/{number}/assign": {
        "post": acts("assign", "Put somebody in charge", "", "Assignment", "Ticket", scope=DESK)
    },
    "/tickets/{number}/resolve": {
        "post": acts("resolve", "Answer for good", "The customer is told.", "Reason", "Ticket", scope=DESK)
    },
    "/attachments/{token}": {
        "get": reads("attachment", "Fetch a file", "", BYTES, named("token", {"type": "string", "maxLength": 40}))
    },
}


@cache
def document(base_url: str, brand: str) -> Schema:
    """The whole, for the portal at that address."""
    return {
        "openapi": "3.1.0",
        "info": {"title": f"{brand}: support", "version": VERSION, "description": ABOUT},
        "servers": [{"url": f"{base_url.rstrip('/')}/api/v1"}],
        "paths": PATHS,
        "components": {
            "schemas": SCHEMAS,
            "responses": {code: problem(code, about) for code, about in PROBLEMS.items()},
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": f"A personal token, made on the profile. Scopes: {READ}, {WRITE}, {DESK}.",
                }
            },
        },
    }
