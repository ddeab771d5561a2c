"""Where an article was imported from."""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Model


class Origin(Model):
    """The import that an article came from, and a digest of what it was made of.

    An import that was broken off goes on behind what is noted here, what is as it was is not even converted, and
    only what came from a folder can be missed in it.
    """

    __tablename__ = "article_origin"

    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), primary_key=True)
    source: Mapped[str] = mapped_column(String(200), index=True)
    digest: Mapped[str] = mapped_column(String(64))
