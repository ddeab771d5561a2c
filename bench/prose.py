"""Made-up prose in several languages: words as frequent as in natural language, the same at each run."""

from functools import cache
from itertools import accumulate, product
from random import Random

VOCABULARY = 20_000  # words of a language
LANGUAGES = {"en": 50, "de": 20, "fr": 15, "ru": 15}  # of a hundred documents
SYLLABLES = {
    "en": ("bdfgklmnprstvz", ("an", "el", "im", "or", "u")),
    "de": ("bdfghklmnprstw", ("ei", "ach", "ent", "or", "ü")),
    "fr": ("bcdfgjlmnprstv", ("ou", "é", "ai", "ien", "a")),
    "ru": ("бвгдзклмнпрст", ("ан", "ов", "ит", "ел", "у")),
}


@cache
def spread(lang: str) -> tuple[list[str], list[float]]:
    """The words of a language, and how often the first so many of them stand in its texts: the second half as often as
    the first, the third a third (Zipf)."""
    syllables = [a + b for a, b in product(*SYLLABLES[lang])]
    made = ["".join(parts) for length in (2, 3) for parts in product(syllables, repeat=length)][: 4 * VOCABULARY]
    Random(3).shuffle(made)
    return made[:VOCABULARY], list(accumulate(1 / rank for rank in range(1, VOCABULARY + 1)))


def sentence(lang: str, chance: Random, many: int, first: int = 0) -> list[str]:
    """So many words, each as likely as it is frequent; `first` leaves out so many of the most frequent ones."""
    words, shares = spread(lang)
    below = shares[first - 1] if first else 0.0
    return chance.choices(words[first:], cum_weights=[share - below for share in shares[first:]], k=many)


def title(lang: str, chance: Random) -> str:
    return " ".join(sentence(lang, chance, 5)).capitalize()


def language_of(number: int) -> str:
    """The languages in turn, by their shares."""
    place = number * 37 % 100
    for lang, share in LANGUAGES.items():
        if (place := place - share) < 0:
            return lang
    raise AssertionError
