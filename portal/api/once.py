"""What a program does, once: with an Idempotency-Key the same request does nothing more, and has the same answer.

The answer is kept in the transaction of the change that it tells of, so neither is ever there without the other. What
was refused changed nothing and is not kept: sent again, it is judged anew.
"""

import hashlib
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

from flask import Response, current_app, g, make_response, request
from flask_login import current_user
from sqlalchemy import ForeignKey, Index, String, Text, delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Model, db, utcnow
from portal.errors import Problem
from portal.web import View

KEPT_FOR = timedelta(days=2)
LONGEST_KEY = 255


class KeptAnswer(Model):
    """What was answered to a request that changed something; `fingerprint` is of that request."""

    __tablename__ = "kept_answer"
    __table_args__ = (Index("uq_kept_answer_key", "user_id", "key", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(LONGEST_KEY))
    fingerprint: Mapped[str] = mapped_column(String(64))
    status: Mapped[int | None]
    location: Mapped[str | None] = mapped_column(String(500))
    body: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(default=utcnow, index=True)


def once(view: View) -> View:
    """For views that change something: they return their answer, and what they did is committed here."""

    @wraps(view)
    def answer(*args: Any, **kwargs: Any) -> Response:
        key = key_of_request()
        kept = begin(key, fingerprint()) if key else None
        if kept is not None and kept.status is not None:
            return again(kept)
        response = make_response(view(*args, **kwargs))
        if kept is not None:
            kept.status, kept.location = response.status_code, response.headers.get("Location")
            kept.body = response.get_data(as_text=True)
        db.session.commit()
        return response

    return answer  # type: ignore[return-value]


def key_of_request() -> str:
    """The key that was sent, or nothing."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not (0 < len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
        raise Problem(400, f"Idempotency-Key: 1 to {LONGEST_KEY} printable ASCII characters.")
    return key or ""


def begin(key: str, asked: str) -> KeptAnswer:
    """A new row; or the one of the same request, which a second at the same time waits for in the database.

    Raises `Problem` for a key that another request was sent with.
    """
    kept = KeptAnswer(user_id=current_user.id, key=key, fingerprint=asked)
    try:
        with db.session.begin_nested():
            db.session.add(kept)
        return kept
    except IntegrityError:
        mine = (KeptAnswer.user_id == current_user.id, KeptAnswer.key == key)
        earlier = db.session.scalars(select(KeptAnswer).where(*mine)).one()
    if earlier.fingerprint != asked:
        detail = "This Idempotency-Key was sent with another request. Take a new one for each."
        raise Problem(422, detail, kind="urn:foyer:problem:idempotency-key-reused")
    return earlier


def again(kept: KeptAnswer) -> Response:
    answer = current_app.response_class(kept.body, kept.status, mimetype="application/json")
    answer.headers["Idempotent-Replayed"] = "true"
    if kept.location:
        answer.headers["Location"] = kept.location
        answer.autocorrect_location_header = False
    return answer


def fingerprint() -> str:
    """Of what was asked, and by a token of which scopes, for another would be answered otherwise: address, and the
    body; of a form its fields and its files with their bytes."""
    scopes = ",".join(sorted(g.token.scopes))
    digest = hashlib.sha256(f"{scopes} {request.method} {request.full_path}\n".encode())
    if request.mimetype != "multipart/form-data":
        digest.update(request.get_data())
        return digest.hexdigest()
    for name, text in sorted(request.form.items(multi=True)):
        digest.update(f"{name}={len(text)}:{text}\n".encode())
    for name, file in request.files.items(multi=True):
        whole = hashlib.file_digest(file.stream, "sha256").hexdigest()  # type: ignore[arg-type]
        file.stream.seek(0)
        digest.update(f"{name}={file.filename}:{whole}\n".encode(errors="replace"))
    return digest.hexdigest()


def forget_answers(*, now: datetime) -> int:
    """Remove what nobody asks for again; returns how many."""
    old = delete(KeptAnswer).where(KeptAnswer.created_at < now - KEPT_FOR).returning(KeptAnswer.id)
    return len(db.session.execute(old).all())
