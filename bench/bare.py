"""The yardstick: a bare Flask page that reads 20 rows as entities and lists them with Jinja, and nothing else."""

import os
from datetime import UTC, datetime

from flask import Flask, render_template
from flask_sqlalchemy import SQLAlchemy
from jinja2 import DictLoader
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Rows</title></head><body><h1>Rows</h1><ul>
{%- for row in rows %}
<li><a href="{{ url_for("index", id=row.id) }}">{{ row.title }}</a> <small>{{ row.made_at }}</small> {{ row.text }}</li>
{%- endfor %}
</ul></body></html>"""


class Base(DeclarativeBase):
    pass


db = SQLAlchemy(model_class=Base)


class Row(db.Model):  # type: ignore[name-defined, misc]
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    text: Mapped[str]
    made_at: Mapped[datetime]


app = Flask(__name__)
app.jinja_loader = DictLoader({"rows.html": PAGE})  # type: ignore[assignment]
app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["BARE_DATABASE"]
db.init_app(app)
with app.app_context():
    db.create_all()
    if db.session.scalar(db.select(db.func.count(Row.id))) == 0:
        made_at = datetime(2026, 1, 1, tzinfo=UTC)
        db.session.add_all(Row(title=f"Row number {n}", text="Some words " * 10, made_at=made_at) for n in range(1000))
        db.session.commit()


@app.get("/")
def index() -> str:
    rows = db.session.scalars(db.select(Row).order_by(Row.id.desc()).limit(20)).all()
    return render_template("rows.html", rows=rows)
