"""The pages of what editors learn from readers: for editors, and for nobody else."""

from collections.abc import Iterable, Sequence

from flask import Blueprint, Response

from knowledge.desk.gate import editors_only
from portal import spreadsheets

bp = Blueprint("insight", __name__, url_prefix="/kb/desk/insight")
bp.before_request(editors_only)


def sheet(filename: str, head: Sequence[object], lines: Iterable[Sequence[object]]) -> Response:
    """A table as a file for spreadsheets."""
    answer = Response(spreadsheets.written(head, lines), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    return answer
