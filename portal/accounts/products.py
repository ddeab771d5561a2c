"""What the vendor sells: products and their releases."""

from datetime import date

from sqlalchemy import ForeignKey, Select, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Model


class Product(Model):
    """A product, named in policies and licences by its slug."""

    __tablename__ = "product"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    summary: Mapped[str] = mapped_column(String(300), default="")
    position: Mapped[int] = mapped_column(default=0)
    is_retired: Mapped[bool] = mapped_column(default=False)

    releases: Mapped[list["Release"]] = relationship(back_populates="product", order_by="Release.released_on.desc()")

    @classmethod
    def visible_to(cls, person: object) -> Select["Product"]:
        """The catalogue is public: every product that isn't retired, in the vendor's order."""
        return select(cls).where(cls.is_retired.is_(False)).order_by(cls.position, cls.name)


class Release(Model):
    """A published version of a product, as Major.Minor.Subminor.Patch (R17)."""

    __tablename__ = "release"
    __table_args__ = (UniqueConstraint("product_id", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"))
    version: Mapped[str] = mapped_column(String(40))
    released_on: Mapped[date]

    product: Mapped[Product] = relationship(back_populates="releases")
