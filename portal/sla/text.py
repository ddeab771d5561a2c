"""Texts of a policy: one string, or one for each language."""

from collections.abc import Iterator, Mapping


class Text(Mapping[str, str]):
    """A text by language code, with English always there. `str()` gives English, `to("de_AT")` the nearest.

    A script or region falls back to its language ("zh_Hans_CN" → "zh"), an unknown language to English.
    """

    __slots__ = ("_by_language",)

    def __init__(self, text: "str | Mapping[str, str]") -> None:
        self._by_language = {"en": text} if isinstance(text, str) else dict(text)

    def to(self, locale: object) -> str:
        wanted = str(locale or "en").replace("-", "_")
        return (
            self._by_language.get(wanted)
            or self._by_language.get(wanted.split("_")[0])
            or self._by_language.get("en")
            or next(iter(self._by_language.values()), "")
        )

    def __getitem__(self, language: str) -> str:
        return self._by_language[language]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_language)

    def __len__(self) -> int:
        return len(self._by_language)

    def __str__(self) -> str:
        return self.to("en")

    def __repr__(self) -> str:
        return f"Text({self._by_language!r})"

    def __hash__(self) -> int:
        return hash(frozenset(self._by_language.items()))
