"""What the fields of sources.toml and alerts.toml may hold, and what is said of a value that they may not. Reads no file."""

import re
from collections.abc import Callable, Sequence
from datetime import time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, ValidationInfo

from alerts.rules import ALL, Kind
from extractors.themes.vocabulary import theme_ids
from extractors.types import OutletKind
from extractors.web.urls import canonical_url

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def _interval(value: object) -> object:
    match = re.fullmatch(r"(\d{1,6})([smhd])", value) if isinstance(value, str) else None
    if match is None:
        raise ValueError('must be a number and a unit, such as "15m", "2h" or "1d"')
    return timedelta(seconds=int(match[1]) * UNITS[match[2]])


def _hours(value: object) -> object:
    match = re.fullmatch(r"(\d\d:\d\d)\s*-\s*(\d\d:\d\d)", value) if isinstance(value, str) else None
    try:
        start, end = (time.fromisoformat(clock) for clock in match.groups()) if match else (None, None)
    except ValueError:
        start = end = None
    if start is None or start == end:
        raise ValueError('must be two times of the day, such as "22:00-07:00"')
    return start, end


def _clock(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
        raise ValueError('must be a time of the day, such as "07:00"')
    return time.fromisoformat(value)


def _zone(value: object) -> object:
    try:
        return ZoneInfo(value) if isinstance(value, str) else value
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: the name of a folder
        raise ValueError('must be a time zone, such as "Asia/Almaty"') from error


def _address(value: str) -> str:
    if not canonical_url(value):
        raise ValueError("must be an http or https address")
    return value


def _host_and_port(value: str) -> str:
    match = re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[^:\s]+):(\d{1,5})", value)
    if match is None or not 0 < int(match[2]) < 65536:  # noqa: PLR2004 - ports are 16 bits
        raise ValueError("must be host:port")
    return value


def _among(known: Callable[[], Sequence[str]], what: str) -> Callable[[tuple[str, ...]], tuple[str, ...]]:
    def check(values: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [value for value in values if value != "*" and value not in known()]
        if unknown:
            raise ValueError(f"unknown {what}: {', '.join(unknown)} (known: {', '.join(known())})")
        return values

    return check


def _known_themes(values: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
    """The built-in themes are always known; those of the operator's own where the context names them."""
    own = (info.context or {}).get("own", ())
    return _among(lambda: (*theme_ids(), *own), "theme")(values)


def _countries() -> tuple[str, ...]:
    from extractors.themes.actors import REGION, STATES  # noqa: PLC0415 - the automaton is not for reading a file

    return (*STATES, REGION)


def _several(value: object) -> object:
    """A list; `"*"`, alone or among others, is all."""
    if value == []:
        raise ValueError("names nothing, so that the rule would never be told anything: leave it out for all")
    return ALL if value == "*" or (isinstance(value, list) and "*" in value) else value


def _matching(pattern: str, what: str) -> AfterValidator:
    def check(value: str) -> str:
        if re.fullmatch(pattern, value) is None:
            raise ValueError(f"must be {what}")
        return value

    return AfterValidator(check)


def _spoken(code: str) -> str:
    from babel import Locale  # noqa: PLC0415 - the names of 600 languages

    if code != "*" and code not in Locale("en").languages:
        raise ValueError(f"there is no language {code!r}")
    return code


Name = Annotated[str, _matching(".+", "a name")]
Id = Annotated[str, _matching(r"[\w.\-]{1,80}", "letters, digits, dots, dashes and underscores, 80 at most")]
Language = Annotated[str, _matching(r"([a-z]{2,3}(-[A-Z][a-z]{3})?)?", 'an ISO 639-1 code, such as "kk"')]
Languages = Annotated[
    tuple[Annotated[str, _matching(r"[a-z]{2,3}|\*", 'an ISO 639-1 code, such as "kk"'), AfterValidator(_spoken)], ...],
    BeforeValidator(_several),
]
Mailbox = Annotated[str, _matching(r"[^\x00-\x1f]+@[^\x00-\x1f]+", "an e-mail address")]
Address = Annotated[str, AfterValidator(_address)]
HeaderValue = Annotated[str, _matching(r"[\x20-\x7e]*", "printable ASCII on one line")]  # it goes into a request
Word = Annotated[str, _matching(r".*\S.*", "a word")]
HostAndPort = Annotated[str, AfterValidator(_host_and_port)]
Interval = Annotated[timedelta, BeforeValidator(_interval)]
Hours = Annotated[tuple[time, time] | None, BeforeValidator(_hours)]
Clock = Annotated[time, BeforeValidator(_clock)]
Zone = Annotated[ZoneInfo, BeforeValidator(_zone)]
Outlets = Annotated[tuple[Literal[OutletKind, "*"], ...], BeforeValidator(_several)]
Kinds = Annotated[tuple[Literal[Kind, "*"], ...], BeforeValidator(_several)]
Themes = Annotated[tuple[str, ...], BeforeValidator(_several), AfterValidator(_known_themes)]
Countries = Annotated[tuple[str, ...], BeforeValidator(_several), AfterValidator(_among(_countries, "country"))]
