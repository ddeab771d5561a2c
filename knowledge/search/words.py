"""From text to the words that are indexed and asked for: the same code on both sides.

Every language with a stemmer has a field of its own; text in other languages goes, unstemmed, into `PLAIN`. Runs of
Chinese, Japanese and Korean become pairs of characters in `CJK`, wherever they stand. Versions, error codes and file
names go into `IDENT` as they are written. `WORDS` holds unstemmed words of public articles: what is completed and
suggested comes from there.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache, lru_cache

from whoosh.lang import has_stemmer, languages, stemmer_for_language
from whoosh.lang.stopwords import stoplists

# The Arabic stemmer raises re.error, and some languages are named without having one.
STEMMED: tuple[str, ...] = tuple(lang for lang in languages if lang != "ar" and has_stemmer(lang))
PLAIN, CJK, IDENT, WORDS = "plain", "cjk", "ident", "words"
TEXT_FIELDS = (*STEMMED, PLAIN)

_CJK_RANGES = "぀-ヿ㐀-䶿一-鿿豈-﫿가-힯"
_CJK = re.compile(f"[{_CJK_RANGES}]+")
_WORD = re.compile(rf"(?:(?![{_CJK_RANGES}])[^\W_])+(?:['’](?:(?![{_CJK_RANGES}])[^\W_])+)*")
_WORD_WITHOUT_CJK = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")  # four times as fast
_VERSION = re.compile(r"v?(\d+(?:\.\d+){1,4})", re.IGNORECASE)
_RUN = re.compile(rf"(?:(?![{_CJK_RANGES}])[\w.\-/:#@+])+")
_RUN_WITHOUT_CJK = re.compile(r"[\w.\-/:#@+]+")
_CODE = re.compile(r"([^\W\d_]{1,12})[-_ ]?(\d{2,6})")
_HAS_DIGIT, _HAS_JOINT, _EDGES = re.compile(r"\d"), re.compile(r"\w[._\-]\w"), ".-:/#@+_"
_ASKING = re.compile(
    "为什么|為什麼|为何|為何|怎么办|怎麼辦|怎么样|怎麼樣|怎么|怎麼|怎样|怎樣|如何|什么|什麼|在哪里|在哪裡|在哪儿|哪里|哪裡|哪儿"
    "|哪些|哪个|哪個|可以|可不可以|能不能|能否|是否|是不是|有没有|有沒有|请问|請問|多少|我们|我們|你们|您|我|吗|嗎|呢"
)
_SPACED_CODE = re.compile(r"\b([^\W\d_]{2,6}) (\d{3,6})\b")
# Letters that decomposition leaves alone, or that it would take from alphabets where they are letters of their own.
_FOLDED = str.maketrans(
    {"ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "đ": "d", "ł": "l", "ı": "i", "þ": "th", "ð": "d", "ё": "е", "’": "'"}
    | {c: b for b, marked in {"a": "àáâãäåāăą", "c": "çćĉċč", "d": "ď", "e": "èéêëēĕėęě", "g": "ĝğġģ", "h": "ĥħ",
       "i": "ìíîïĩīĭį", "j": "ĵ", "k": "ķ", "l": "ĺļľ", "n": "ñńņň", "o": "òóôõöōŏő", "r": "ŕŗř", "s": "śŝşšș",
       "t": "ţťŧț", "u": "ùúûüũūŭůűų", "w": "ŵ", "y": "ýÿŷ", "z": "źżž"}.items() for c in marked}
)  # fmt: skip

_ACUTE = str.maketrans("áéíóú", "aeiou")  # marks in Danish, Norwegian and Swedish that may be left out; stemmers mind


def field_of(lang: str) -> str:
    """The field that holds text in this language."""
    base = lang.split("-")[0].lower()
    return base if base in STEMMED else PLAIN


def spans(text: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, word in small letters) of every word outside Chinese, Japanese and Korean."""
    for match in (_WORD if _CJK.search(text) else _WORD_WITHOUT_CJK).finditer(text):
        yield match.start(), match.end(), match[0].lower()


def terms(text: str, field: str) -> list[str]:
    """The indexed form of the words of `text` in a language's field: without stop words, stemmed, folded."""
    indexed = stemmer(field)
    return [term for _, _, word in spans(text) if (term := indexed(word))]


def plain_words(text: str) -> list[str]:
    """The words as they are typed, folded: for completion, correction, and questions made of stop words alone."""
    return [fold(word) for _, _, word in spans(text) if len(word) > 1]


def pairs(text: str) -> list[str]:
    """Pairs of neighbouring characters in every run of Chinese, Japanese or Korean; a lone character stands alone."""
    found: list[str] = []
    for match in _CJK.finditer(text):
        run = match[0]
        found += [run[i : i + 2] for i in range(len(run) - 1)] or [run]
    return found


def without_asking(text: str) -> str:
    """A Chinese question without the words that only ask, where anything else is left: they stand in every text."""
    left = _ASKING.sub(" ", text) if _CJK.search(text) else text
    return left if _CJK.search(left) else text


def cjk_spans(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of every run of Chinese, Japanese or Korean."""
    for match in _CJK.finditer(text):
        yield match.start(), match.end()


def identifiers(text: str, *, asked: bool = False) -> list[str]:
    """Versions (without the v), error codes (with and without the hyphen) and names with dots or digits in them.

    Of an indexed version the shorter forms are given too, so that 4.2 finds 4.2.1; a query (`asked`) means
    what it says.
    """
    found: list[str] = []
    for _, _, name in identifier_spans(text):
        found.append(name)
        if version := _VERSION.fullmatch(name):
            numbers = version[1].split(".")
            found += [] if asked else [".".join(numbers[:n]) for n in range(2, len(numbers))]
        elif code := _CODE.fullmatch(name):
            found.append(code[1] + code[2])
    if asked:  # "BCN 3010" is BCN-3010
        found += [match[1].lower() + match[2] for match in _SPACED_CODE.finditer(text)]
    return found


def identifier_spans(text: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, name in small letters) of everything that is written like a version, a code or a file."""
    for match in (_RUN if _CJK.search(text) else _RUN_WITHOUT_CJK).finditer(text):
        run = match[0].rstrip(_EDGES)
        start = match.start() + len(run) - len(run := run.lstrip(_EDGES))
        if not 2 <= len(run) <= 60 or not (_HAS_DIGIT.search(run) or _HAS_JOINT.search(run)):
            continue
        name = run.lower()
        version = _VERSION.fullmatch(name)
        yield start, start + len(run), version[1] if version else name


def folded(text: str) -> str:
    """What counts as the same search: small letters, single spaces."""
    return " ".join(text.lower().split())[:200]


def fold(word: str) -> str:
    """Without accents, so that a keyboard that lacks them finds the word."""
    return word if word.isascii() else word.translate(_FOLDED)


@cache
def stemmer(field: str) -> Callable[[str], str]:
    """word in small letters → its indexed form in this field, or "" for stop words and single letters."""
    stem = stemmer_for_language(field) if field in STEMMED else str
    stops = frozenset(stoplists.get(field, ()))
    accents = _ACUTE if field in ("da", "no", "sv") else {}

    @lru_cache(maxsize=10_000)  # of each of many languages, some 170 bytes a word
    def indexed(word: str) -> str:
        if len(word) < 2 or word in stops:
            return ""
        plain = word.replace("’", "'").translate(accents)
        try:
            return fold(stem(plain))[:60]
        except IndexError:  # the Spanish stemmer, of words such as "argue"
            return fold(plain)[:60]

    return indexed
