"""Manuals and downloads: their pages, the editors' pages of them, their text in the search."""

from flask import Flask


def init_documents(app: Flask) -> None:
    from knowledge.documents.desk import bp as desk
    from knowledge.documents.looking_after import init_looking_after
    from knowledge.documents.searched import DocumentSource
    from knowledge.documents.views import bp as documents
    from knowledge.search.items import register

    register(DocumentSource())
    app.register_blueprint(documents)
    app.register_blueprint(desk)
    init_looking_after(app)
