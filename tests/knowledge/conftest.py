"""Articles for the tests: written through the one verb, indexed by the real job, found in the real index."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from knowledge.articles.writing import Manuscript, publish, shelve
from portal import create_app
from portal.db import db, utcnow
from portal.jobs import run_due

HARBOUR = Manuscript("en/harbour", "harbour", "en", "Harbour lights", "Lights at the quay.\n\n## Bulbs\n\nChange them.")


@pytest.fixture
def write(app: Flask) -> Iterator[Callable[..., str]]:
    """`write(title=…, body=…)` publishes an article on top of a small default, and has it indexed."""

    def publish_and_index(**fields: Any) -> str:
        slug, lang = fields.get("slug", HARBOUR.slug), fields.get("lang", HARBOUR.lang)
        manuscript = replace(HARBOUR, external_id=f"{lang}/{slug}", **fields)
        with app.app_context():
            if manuscript.category:
                shelve(manuscript.category, position=1, icon="file", titles={"en": "Quays"}, descriptions={})
            publish(manuscript, now=utcnow())
            db.session.commit()
            run_due()
        return manuscript.external_id

    yield publish_and_index
    app.extensions["search"].close()


@pytest.fixture(scope="module")
def demo(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest, database_url: str
) -> Iterator[Flask]:
    """A portal of its own with the demo's knowledge base, on the database and engine of the run."""
    instance = Path(tmp_path_factory.mktemp("demo"))
    chosen = {"search_engine": request.config.getoption("--search-engine")}
    if not database_url.startswith("sqlite"):
        chosen["database_url"] = request.getfixturevalue("postgresql").new_database()
    app = create_app(testing=True, instance=instance, limit_search="100000 per minute", **chosen)
    with app.app_context():
        db.create_all()
        app.extensions["load_demo_knowledge"]()
    yield app
    app.extensions["search"].close()
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
