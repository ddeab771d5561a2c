"""Writing manuals and downloads out: their files, and the `documents.toml` that `import documents` reads back."""

from pathlib import Path

from sqlalchemy import select

from knowledge.documents import files
from knowledge.documents.document import Document
from knowledge.documents.moving import old_addresses
from knowledge.exchange.folder import Folder, toml
from knowledge.exchange.manuals import LIST, TEXTS
from portal.db import db


def export_documents(path: Path) -> tuple[int, list[tuple[str, str]]]:
    """Everything, drafts and archived ones too. Returns (documents, problems)."""
    folder, problems, tables = Folder(path), list[tuple[str, str]](), []
    order = (Document.slug, Document.version_key, Document.lang)
    for document in db.session.scalars(select(Document).order_by(*order)):
        name = f"files/{document.sha256[:16]}/{document.filename}"
        try:
            folder.copy(name, files.path_of(document.token))
            tables.append(_table(document, name))
        except OSError as error:
            problems.append((document.external_id, f"its file {document.filename} is missing: {error.strerror}"))
    folder.write(LIST, "\n".join(tables))
    folder.finish()
    return len(tables), problems


def _table(document: Document, name: str) -> str:
    lines = ["[[document]]", f"id = {toml(document.external_id)}", f"file = {toml(name)}"]
    lines += [f"{key} = {toml(value)}" for key in TEXTS if (value := getattr(document, key))]
    if once := old_addresses(document):
        lines.append(f"old_addresses = [{', '.join(map(toml, once))}]")
    return "\n".join(lines) + "\n"
