"""sources.toml and alerts.toml: read, checked whole, every fault told with its file, line and field."""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import time, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator

from alerts.hours import QuietHours, Rhythm
from alerts.rules import ALL, Kind, Rule
from extractors.themes.vocabulary import theme_ids
from extractors.types import OutletKind, Source, SourceKind
from extractors.web.urls import canonical_url
from flows.secrets import SecretError, read_secret
from flows.tables import TableFile, read_text

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
    return ALL if value == "*" or (isinstance(value, list) and "*" in value) else value


def _matching(pattern: str, what: str) -> AfterValidator:
    def check(value: str) -> str:
        if re.fullmatch(pattern, value) is None:
            raise ValueError(f"must be {what}")
        return value

    return AfterValidator(check)


Name = Annotated[str, _matching(".+", "a name")]
Id = Annotated[str, _matching(r"[\w.\-]{1,80}", "letters, digits, dots, dashes and underscores, 80 at most")]
Language = Annotated[str, _matching(r"([a-z]{2,3}(-[A-Z][a-z]{3})?)?", 'an ISO 639-1 code, such as "kk"')]
Languages = Annotated[
    tuple[Annotated[str, _matching(r"[a-z]{2,3}|\*", 'an ISO 639-1 code, such as "kk"')], ...], BeforeValidator(_several)
]
Mailbox = Annotated[str, _matching(r"[^\x00-\x1f]+@[^\x00-\x1f]+", "an e-mail address")]
Address = Annotated[str, AfterValidator(_address)]
HeaderValue = Annotated[str, _matching(r"[\x20-\x7e]*", "printable ASCII on one line")]  # it goes into a request
Themes = Annotated[tuple[str, ...], BeforeValidator(_several), AfterValidator(_known_themes)]
Countries = Annotated[tuple[str, ...], BeforeValidator(_several), AfterValidator(_among(_countries, "country"))]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=False, arbitrary_types_allowed=True)


class _SourceTable(_Table):
    id: Id
    kind: SourceKind
    url: Address
    name: str = ""
    language: Language = ""
    country: str = ""
    outlet: OutletKind = "independent"
    every: Annotated[timedelta, BeforeValidator(_interval)] = timedelta(minutes=15)
    enabled: bool = True
    user_agent: HeaderValue = ""
    keep_text: bool = True
    note: str = ""


class _ChannelTable(_Table):
    name: Name
    kind: Literal["console", "file", "atom", "email", "webhook", "apprise"]
    url: str = ""
    secret_env: str = ""
    secret_file: str = ""
    secret_block: str = ""
    smtp: Annotated[str, AfterValidator(_host_and_port)] = ""
    sender: Annotated[Mailbox, Field(alias="from")] = ""
    to: tuple[Mailbox, ...] = ()
    username: str = ""
    password_env: str = ""
    password_file: str = ""
    password_block: str = ""
    tls: Literal["none", "starttls", "implicit"] = "starttls"
    path: str = ""

    @model_validator(mode="after")
    def _whole(self) -> "_ChannelTable":
        fields = {"file": ("path",), "atom": ("path",), "email": ("smtp", "sender", "to"), "webhook": ("url",)}
        needed = fields.get(self.kind, ())
        missing = ["from" if name == "sender" else name for name in needed if not getattr(self, name)]
        if self.kind == "apprise" and not (self.url or self.secret_env or self.secret_file or self.secret_block):
            missing = ["url (or secret_env)"]
        if missing:
            raise ValueError(f"a channel of kind {self.kind} needs {', '.join(missing)}")
        if self.kind == "webhook" and not canonical_url(self.url):
            raise ValueError("url: must be an http or https address")
        return self


class _RuleTable(_Table):
    name: Name
    channel: str
    themes: Themes = ALL
    countries: Countries = ALL
    languages: Languages = ALL
    outlets: Annotated[tuple[Literal[OutletKind, "*"], ...], BeforeValidator(_several)] = ("*",)
    when: Annotated[tuple[Literal[Kind, "*"], ...], BeforeValidator(_several)] = ("new",)
    min_confidence: Annotated[float, Field(ge=0, le=1)] = 0.0
    words: tuple[Annotated[str, _matching(r".*\S.*", "a word")], ...] = ()
    min_voices: Annotated[int, Field(ge=1)] = 1
    priority: Literal["*", "high"] = "*"
    quiet: Annotated[tuple[time, time] | None, BeforeValidator(_hours)] = None
    zone: Annotated[ZoneInfo, BeforeValidator(_zone)] = ZoneInfo("UTC")
    cap: Annotated[int, Field(ge=0)] = 0
    every: Literal["daily", "weekly"] = "daily"
    at: Annotated[time, BeforeValidator(_clock)] = time(7)
    interface: Literal["en", "fr", "ru"] = "en"

    def rule(self) -> Rule:
        """The rule that the table describes."""
        given = self.model_dump(exclude={"quiet", "zone", "every", "at"})
        quiet = QuietHours(*self.quiet, self.zone) if self.quiet else None
        when = get_args(Kind) if self.when == ALL else self.when
        return Rule(**{**given, "when": when}, quiet=quiet, rhythm=Rhythm(self.every, self.at, self.zone))


@dataclass(frozen=True, slots=True)
class ChannelConfig:
    """One `[[channel]]`, its secret read; `secret` never shows in a repr."""

    name: str
    kind: str
    url: str
    smtp: tuple[str, int]
    sender: str
    to: tuple[str, ...]
    username: str
    tls: Literal["none", "starttls", "implicit"]
    path: Path
    secret: str

    def __repr__(self) -> str:
        return f"ChannelConfig({self.name!r}, {self.kind!r})"


@dataclass(frozen=True, slots=True)
class AlertConfig:
    """The channels and the rules of alerts.toml."""

    channels: tuple[ChannelConfig, ...]
    rules: tuple[Rule, ...]


CONSOLE = '[[channel]]\nname = "console"\nkind = "console"\n\n[[rule]]\nname = "core themes"\nchannel = "console"\n'


def read_sources(path: Path | None) -> tuple[Source, ...]:
    """The catalogue: the file given, else ./sources.toml, else the built-in one. Raises ConfigError with every fault."""
    found = path or (Path("sources.toml") if Path("sources.toml").exists() else None)
    if found is None:
        builtin = files("extractors").joinpath("data/sources.toml").read_text(encoding="utf-8")
        return parse_sources(builtin, "built-in sources.toml")
    return parse_sources(read_text(found), str(found))


def read_alerts(path: Path | None, environ: Mapping[str, str] = os.environ, *, own: Sequence[str] = ()) -> AlertConfig:
    """Channels and rules: the file given, else ./alerts.toml, else the console. Raises ConfigError with every fault.

    `own` are the ids of the operator's own themes, which a rule may name beside the built-in ones.
    """
    found = path or (Path("alerts.toml") if Path("alerts.toml").exists() else None)
    text, name = CONSOLE if found is None else read_text(found), str(found or "built-in alerts.toml")
    return parse_alerts(text, name, environ, own=own)


def parse_sources(text: str, name: str) -> tuple[Source, ...]:
    """Check and convert the text of a sources.toml."""
    file = TableFile(text, name)
    tables = file.tables({"source": _SourceTable})["source"]
    file.refuse_repeated("source", "id", tables)
    file.end()
    return tuple(Source(**{**table.model_dump(), "url": table.url.strip()}) for table in tables.values())


def parse_alerts(text: str, name: str, environ: Mapping[str, str], *, own: Sequence[str] = ()) -> AlertConfig:
    """Check and convert the text of an alerts.toml; secrets are read from where it says."""
    file = TableFile(text, name)
    found = file.tables({"channel": _ChannelTable, "rule": _RuleTable}, {"own": own})
    file.refuse_repeated("channel", "name", found["channel"])
    file.refuse_repeated("rule", "name", found["rule"])
    channels = tuple(_channel(file, number, table, environ) for number, table in found["channel"].items())
    named = [table.get("name") for table in file.raw("channel")]
    for number, rule in found["rule"].items():
        if rule.channel not in named:
            file.fault("rule", number, "channel", f"there is no channel {rule.channel!r}")
    file.end()
    return AlertConfig(channels, tuple(rule.rule() for rule in found["rule"].values()))


def _channel(file: TableFile, number: int, table: Any, environ: Mapping[str, str]) -> ChannelConfig:  # noqa: ANN401
    host, _, port = table.smtp.rpartition(":")
    try:
        secret = read_secret(table, environ)
    except SecretError as error:
        file.fault("channel", number, error.field, error.what)
        secret = ""
    return ChannelConfig(
        table.name, table.kind, table.url, (host.strip("[]"), int(port or 0)), table.sender, table.to,
        table.username, table.tls, Path(table.path), secret,
    )  # fmt: skip
