"""Texts of a policy: one string, or one for each language."""

from collections.abc import Iterator, Mapping


class Text(Mapping[str, str]):
    """A text by language code, with English always there. `str()` gives English, `to("de_AT")` the nearest.

    A script or region falls back to its language ("zh_Hans_CN" → "zh"), an unknown language to `fallback`, which
    is English unless the text comes from elsewhere (a country's holiday); it stands first among the languages.
    """

    __slots__ = ("_by_language", "_fallback")

    def __init__(self, text: "str | Mapping[str, str]", fallback: str = "en") -> None:
        by_language = {"en": text} if isinstance(text, str) else dict(text)
        first = {fallback: by_language[fallback]} if by_language.get(fallback) else {}
        self._by_language = first | by_language
        self._fallback = next((code for code, words in self._by_language.items() if words), fallback)

    def to(self, locale: object) -> str:
        return self._by_language.get(self.language(locale), "")

    def language(self, locale: object) -> str:
        """The language of the text that `to` gives for this locale."""
        wanted = str(locale or "en").replace("-", "_")
        return next((code for code in (wanted, wanted.split("_")[0]) if self._by_language.get(code)), self._fallback)

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
