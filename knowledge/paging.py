"""Pages of rows and of lists, in the shape that the `paging` macro draws."""

from typing import Any

from flask_sqlalchemy.pagination import Pagination, SelectPagination


class RowPages(SelectPagination):
    """Pages of a select of columns: its items are whole rows."""

    def _query_items(self) -> list[Any]:
        args = self._query_args
        query = args["select"].limit(self.per_page).offset(self._query_offset)
        return list(args["session"].execute(query))


class ListPages(Pagination):
    """Pages of a list that is there already."""

    def _query_items(self) -> list[Any]:
        items: list[Any] = list(self._query_args["items"])
        return items[self._query_offset : self._query_offset + self.per_page]

    def _query_count(self) -> int:
        return len(self._query_args["items"])
