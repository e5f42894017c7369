"""The words of the reader's language of interface: labels, themes, countries, days. News itself stays as it was printed."""

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from typing import Literal

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal

from extractors.themes.vocabulary import load_themes

Language = Literal["en", "fr", "ru"]
REGION = "CENTRAL_ASIA"


@dataclass(frozen=True, slots=True)
class Interface:
    """A language of interface; `words` are those of its TOML file beside this module."""

    language: Language
    words: Mapping[str, str]

    def theme(self, id_: str) -> str:
        """A theme's name; a theme of the operator's own goes by its id."""
        labels = next((theme.labels for theme in load_themes() if theme.id == id_), {})
        return labels.get(self.language, id_)

    def country(self, code: str) -> str:
        """A state's name by the Unicode CLDR; the region taken as one, or none, has a word of its own."""
        if code == REGION:
            return self.words["region"]
        return Locale(self.language).territories.get(code, code) if code else self.words["nowhere"]

    def day(self, day: date) -> str:
        """A day in full: 2 March 2026."""
        return format_date(day, "d MMMM y", locale=self.language)

    def number(self, number: int) -> str:
        """A number with its thousands apart: 1,200."""
        return format_decimal(number, locale=self.language)

    def balance(self, balance: float) -> str:
        """A balance with its sign: +0.20."""
        return format_decimal(balance, "+0.00;-0.00", locale=self.language)

    def labelled(self, word: str, value: object) -> str:
        """A label with what it is about, the colon set as the language sets it."""
        return f"{self.words[word]}{self.words['colon']}{value}"


@functools.cache
def interface(language: Language) -> Interface:
    """The words of one language."""
    text = files("alerts").joinpath(f"interface/{language}.toml").read_text(encoding="utf-8")
    return Interface(language, tomllib.loads(text))
