"""sources.toml and alerts.toml: read, checked whole, every fault told with its file, line and field."""

import os
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from alerts.rules import ALL, Kind, Rule
from extractors.errors import ConfigError
from extractors.themes.vocabulary import theme_ids
from extractors.types import OutletKind, Source, SourceKind
from extractors.web.urls import canonical_url

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def _interval(value: object) -> object:
    match = re.fullmatch(r"(\d+)([smhd])", value) if isinstance(value, str) else None
    if match is None:
        raise ValueError('must be a number and a unit, such as "15m", "2h" or "1d"')
    return timedelta(seconds=int(match[1]) * UNITS[match[2]])


def _address(value: str) -> str:
    if not canonical_url(value):
        raise ValueError("must be an http or https address")
    return value


def _listed(known: Callable[[], Sequence[str]], what: str) -> Callable[[tuple[str, ...]], tuple[str, ...]]:
    def check(values: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [value for value in values if value != "*" and value not in known()]
        if unknown:
            raise ValueError(f"unknown {what}: {', '.join(unknown)} (known: {', '.join(known())})")
        return ALL if "*" in values else values

    return check


def _countries() -> tuple[str, ...]:
    from extractors.themes.actors import REGION, STATES  # noqa: PLC0415 - the automaton is not for reading a file

    return (*STATES, REGION)


def _several(value: object) -> object:
    return tuple(value) if isinstance(value, list) else (value,) if value == "*" else value


Address = Annotated[str, BeforeValidator(_address)]
Themes = Annotated[tuple[str, ...], BeforeValidator(_several), Field(min_length=1)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=False)


class _SourceTable(_Table):
    id: Annotated[str, Field(pattern=r"^[\w.\-]{1,80}$")]
    kind: SourceKind
    url: Address
    name: str = ""
    language: Annotated[str, Field(pattern=r"^([a-z]{2,3}(-[A-Z][a-z]{3})?)?$")] = ""
    country: str = ""
    outlet: OutletKind = "independent"
    every: Annotated[timedelta, BeforeValidator(_interval)] = timedelta(minutes=15)
    enabled: bool = True
    user_agent: str = ""
    keep_text: bool = True


class _ChannelTable(_Table):
    name: Annotated[str, Field(min_length=1)]
    kind: Literal["console", "file", "email", "webhook", "apprise"]
    url: str = ""
    secret_env: str = ""
    secret_file: str = ""
    smtp: Annotated[str, Field(pattern=r"^(\[[0-9a-fA-F:]+\]|[^:\s]+):\d{1,5}$")] = ""
    sender: Annotated[str, Field(alias="from")] = ""
    to: tuple[str, ...] = ()
    username: str = ""
    password_env: str = ""
    password_file: str = ""
    tls: Literal["none", "starttls", "implicit"] = "starttls"
    path: str = ""

    @model_validator(mode="after")
    def _whole(self) -> "_ChannelTable":
        needed = {"file": ("path",), "email": ("smtp", "sender", "to"), "webhook": ("url",)}.get(self.kind, ())
        missing = ["from" if name == "sender" else name for name in needed if not getattr(self, name)]
        if self.kind == "apprise" and not (self.url or self.secret_env or self.secret_file):
            missing = ["url (or secret_env)"]
        if missing:
            raise ValueError(f"a channel of kind {self.kind} needs {', '.join(missing)}")
        if self.kind == "webhook":
            _address(self.url)
        return self


class _RuleTable(_Table):
    name: Annotated[str, Field(min_length=1)]
    channel: str
    themes: Annotated[tuple[str, ...], BeforeValidator(_several)] = ALL
    countries: Annotated[tuple[str, ...], BeforeValidator(_several)] = ALL
    languages: Annotated[tuple[str, ...], BeforeValidator(_several)] = ALL
    outlets: Annotated[tuple[OutletKind | Literal["*"], ...], BeforeValidator(_several)] = ("*",)
    when: Annotated[tuple[Kind | Literal["*"], ...], BeforeValidator(_several)] = ("new",)
    min_confidence: Annotated[float, Field(ge=0, le=1)] = 0.0

    @model_validator(mode="after")
    def _known(self) -> "_RuleTable":
        _listed(theme_ids, "theme")(self.themes)
        _listed(_countries, "country")(self.countries)
        return self


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
    return parse_sources(_text(found), str(found))


def read_alerts(path: Path | None, environ: Mapping[str, str] = os.environ) -> AlertConfig:
    """Channels and rules: the file given, else ./alerts.toml, else the console. Raises ConfigError with every fault."""
    found = path or (Path("alerts.toml") if Path("alerts.toml").exists() else None)
    return parse_alerts(CONSOLE if found is None else _text(found), str(found or "built-in alerts.toml"), environ)


def parse_sources(text: str, name: str) -> tuple[Source, ...]:
    """Check and convert the text of a sources.toml."""
    faults: list[str] = []
    tables = _tables(text, name, {"source": _SourceTable}, faults)["source"]
    faults += _repeated(tables, "id", "source", name)
    if faults:
        raise ConfigError(faults)
    return tuple(Source(**{**table.model_dump(), "url": table.url.strip()}) for table in tables)


def parse_alerts(text: str, name: str, environ: Mapping[str, str]) -> AlertConfig:
    """Check and convert the text of an alerts.toml; secrets are read from where it says."""
    faults: list[str] = []
    found = _tables(text, name, {"channel": _ChannelTable, "rule": _RuleTable}, faults)
    faults += _repeated(found["channel"], "name", "channel", name) + _repeated(found["rule"], "name", "rule", name)
    channels = tuple(_channel(table, name, environ, faults) for table in found["channel"])
    named = {table.get("name") for table in tomllib.loads(text).get("channel", []) if isinstance(table, dict)}
    faults += [
        f"{name}: rule {table.name!r}: channel: there is no channel {table.channel!r}"
        for table in found["rule"]
        if table.channel not in named
    ]
    if faults:
        raise ConfigError(faults)
    kinds = tuple(k for k in ("new", "corroborated", "developing", "burst", "drop", "source-quiet", "digest"))
    rules = tuple(Rule(**{**t.model_dump(), "when": kinds if "*" in t.when else t.when}) for t in found["rule"])
    return AlertConfig(channels, rules)


def _channel(table: Any, name: str, environ: Mapping[str, str], faults: list[str]) -> ChannelConfig:  # noqa: ANN401
    host, _, port = table.smtp.rpartition(":")
    variable, file = (
        (table.password_env, table.password_file) if table.kind == "email" else (table.secret_env, table.secret_file)
    )
    secret = ""
    if variable:
        secret = environ.get(variable, "")
        if not secret:
            faults.append(f"{name}: channel {table.name!r}: the environment variable {variable} is not set")
    elif file:
        try:
            secret = Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            faults.append(f"{name}: channel {table.name!r}: {file}: {error.strerror}")
    return ChannelConfig(
        table.name, table.kind, table.url, (host.strip("[]"), int(port or 0)), table.sender, table.to,
        table.username, table.tls, Path(table.path), secret,
    )  # fmt: skip


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error


def _tables(text: str, name: str, models: Mapping[str, type[_Table]], faults: list[str]) -> dict[str, list[Any]]:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name}: {error}") from error
    faults += [f"{name}:{_line_of(text, key)}: {key}: unknown field" for key in data if key not in models]
    found: dict[str, list[Any]] = {kind: [] for kind in models}
    for kind, model in models.items():
        tables = data.get(kind, [])
        if not isinstance(tables, list):
            faults.append(f"{name}: {kind}: write [[{kind}]], a list of tables")
            continue
        for number, table in enumerate(tables):
            try:
                found[kind].append(TypeAdapter(model).validate_python(table))
            except ValidationError as error:
                faults += [_fault(text, name, kind, number, item) for item in error.errors()]
    return found


def _fault(text: str, name: str, kind: str, number: int, item: Any) -> str:  # noqa: ANN401 - pydantic's ErrorDetails
    field = ".".join(str(part) for part in item["loc"] if not str(part).startswith("function"))
    message = "unknown field" if item["type"] == "extra_forbidden" else item["msg"].removeprefix("Value error, ")
    line = _field_line(text, kind, number, str(item["loc"][0]) if item["loc"] else "")
    return f"{name}:{line}: [[{kind}]] {number + 1}: {field + ': ' if field else ''}{message}"


def _field_line(text: str, kind: str, number: int, field: str) -> int:
    """The line of a field of the nth table, else of the table's head: tomllib keeps no positions."""
    heads = [i for i, line in enumerate(text.splitlines(), 1) if re.match(rf"\s*\[\[\s*{kind}\s*\]\]", line)]
    if number >= len(heads):
        return 1
    start = heads[number]
    for i, line in enumerate(text.splitlines()[start:], start + 1):
        if re.match(r"\s*\[", line):
            break
        if field and re.match(rf"\s*\"?{re.escape(field)}\"?\s*=", line):
            return i
    return start


def _line_of(text: str, key: str) -> int:
    pattern = re.compile(rf"\s*(\[+\s*)?\"?{re.escape(key)}\"?")
    return next((i for i, line in enumerate(text.splitlines(), 1) if pattern.match(line)), 1)


def _repeated(tables: Sequence[Any], field: str, kind: str, name: str) -> list[str]:
    values = [getattr(table, field) for table in tables]
    return [
        f"{name}: [[{kind}]]: {field} {value!r} stands twice" for value in sorted({v for v in values if values.count(v) > 1})
    ]
