"""The piece of a section that shows why it was found, with the words marked."""

from collections.abc import Mapping, Sequence

from markupsafe import Markup, escape

from knowledge.search import words
from knowledge.search.words import CJK, IDENT, WORDS

LENGTH = 220
LOOKED_AT = 6000  # characters of a section

Wanted = Mapping[str, Mapping[str, float]]


def matches(text: str, lang: str, wanted: Wanted) -> list[tuple[int, int, str]]:
    """(start, end, term) of what was asked for, in order of appearance."""
    field = words.field_of(lang)
    stem, stems = words.stemmer(field), wanted.get(field, {})
    plain, exact, cjk = wanted.get(WORDS, {}), wanted.get(IDENT, {}), wanted.get(CJK, {})
    found, firsts = [], {term[:1] for some in (stems, plain) for term in some}
    begins: dict[str, bool] = {}  # stems begin as their words do: most words need not be cut down at all
    for start, end, word in words.spans(text) if firsts else ():
        if (first := word[0]) not in begins:
            begins[first] = words.fold(first)[:1] in firsts
        if not begins[first]:
            continue
        term = stem(word)
        if term and term in stems:
            found.append((start, end, term))
        elif plain and words.fold(word) in plain:
            found.append((start, end, word))
    if exact:
        found += [(a, b, term) for a, b, term in words.identifier_spans(text) if term in exact]
    if cjk:
        found += list(_cjk_matches(text, cjk))
    return sorted(found)


def _cjk_matches(text: str, wanted: Mapping[str, float]) -> list[tuple[int, int, str]]:
    """Neighbouring pairs that were asked for, joined to runs."""
    found: list[tuple[int, int, str]] = []
    for start, end in words.cjk_spans(text):
        for at in range(start, max(end - 1, start + 1)):
            pair = text[at : min(at + 2, end)]
            if pair in wanted:
                if found and at < found[-1][1]:
                    found[-1] = (found[-1][0], at + len(pair), found[-1][2])
                else:
                    found.append((at, at + len(pair), pair))
    return found


def snippet(text: str, lang: str, wanted: Wanted, length: int = LENGTH) -> Markup:
    """The stretch of about `length` characters with the most different words of the question, as safe HTML."""
    text = " ".join(text[:LOOKED_AT].split())
    found = matches(text, lang, wanted)
    start = _best_start(found, length)
    begin = _word_start(text, max(start - length // 5, 0))
    end = len(text) if len(text) - begin <= length * 1.15 else _word_end(text, begin + length)
    piece = mark(text, found, begin, end)
    return Markup("… " if begin else "") + piece + Markup(" …" if end < len(text) else "")


def mark(text: str, found: Sequence[tuple[int, int, str]], begin: int = 0, end: int | None = None) -> Markup:
    """text[begin:end] escaped, with the matches in `<mark>`."""
    end = len(text) if end is None else end
    parts, at = [], begin
    for start, stop, _ in found:
        if start >= at and stop <= end:
            parts += [escape(text[at:start]), "<mark>", escape(text[start:stop]), "</mark>"]
            at = stop
    parts.append(escape(text[at:end]))
    return Markup("".join(parts))


def _best_start(found: Sequence[tuple[int, int, str]], length: int) -> int:
    best, best_start = (0, 0), 0
    window = length * 4 // 5
    for index, (start, _, _) in enumerate(found[:200]):
        inside = [term for at, _, term in found[index : index + 40] if at < start + window]
        if (score := (len(set(inside)), len(inside))) > best:
            best, best_start = score, start
    return best_start


def _word_start(text: str, at: int) -> int:
    if at <= 0:
        return 0
    space = text.find(" ", at)
    return space + 1 if 0 <= space <= at + 30 else at


def _word_end(text: str, at: int) -> int:
    space = text.rfind(" ", 0, at + 1)
    return space if space >= at - 30 else at
