"""sources.toml and alerts.toml: read, checked whole, every fault told with its file, line and field.

What a field may hold is `fields.py`'s, what stands under a line of a file `tables.py`'s.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import time, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, model_validator

from alerts.chat import open_services
from alerts.hours import QuietHours, Rhythm
from alerts.rules import ALL, Kind, Rule
from extractors.types import OutletKind, Source, SourceKind
from extractors.web.urls import canonical_url
from flows.fields import (
    Address,
    Clock,
    Countries,
    HeaderValue,
    HostAndPort,
    Hours,
    Id,
    Interval,
    Kinds,
    Language,
    Languages,
    Mailbox,
    Name,
    Outlets,
    Themes,
    Word,
    Zone,
)
from flows.secrets import SecretError, read_secret
from flows.tables import TableFile, read_text


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
    every: Interval = timedelta(minutes=15)
    enabled: bool = True
    user_agent: HeaderValue = ""
    keep_text: bool = True
    note: str = ""


PASSWORDS = ("password_env", "password_file", "password_block")
SECRETS = ("url", "secret_env", "secret_file", "secret_block")
USED = {  # what each kind of channel reads
    "file": ("path",), "atom": ("path",), "webhook": SECRETS, "apprise": SECRETS,
    "email": ("smtp", "sender", "to", "username", "tls", *PASSWORDS),
}  # fmt: skip


class _ChannelTable(_Table):
    name: Name
    kind: Literal["console", "file", "atom", "email", "webhook", "apprise"]
    url: str = ""
    secret_env: str = ""
    secret_file: str = ""
    secret_block: str = ""
    smtp: HostAndPort = ""
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
        self._refuse_idle()
        return self

    def _refuse_idle(self) -> None:
        """Raise ValueError for what is given and would do nothing: a secret that signs nothing, a name unproved."""
        used = {"name", "kind", *USED.get(self.kind, ())}
        given = (name for name in _ChannelTable.model_fields if name in self.model_fields_set and getattr(self, name))
        idle = ["from" if name == "sender" else name for name in given if name not in used]
        if idle:
            raise ValueError(f"a channel of kind {self.kind} makes no use of {', '.join(idle)}")
        if self.username and not any(getattr(self, name) for name in PASSWORDS):
            raise ValueError("username: a login needs password_env, password_file or password_block")


class _RuleTable(_Table):
    name: Name
    channel: str
    themes: Themes = ALL
    countries: Countries = ALL
    languages: Languages = ALL
    outlets: Outlets = ("*",)
    when: Kinds = ("new",)
    min_confidence: Annotated[float, Field(ge=0, le=1)] = 0.0
    words: tuple[Word, ...] = ()
    min_voices: Annotated[int, Field(ge=1)] = 1
    priority: Literal["*", "high"] = "*"
    quiet: Hours = None
    zone: Zone = ZoneInfo("UTC")
    cap: Annotated[int, Field(ge=0)] = 0
    every: Literal["daily", "weekly"] = "daily"
    at: Clock = time(7)
    interface: Literal["en", "fr", "ru"] = "en"

    def meaningless(self) -> dict[str, str]:
        """The fields that one of the kinds it names has no answer to, each with the reason; `"*"` takes what has one."""
        if "drop" not in self.when:
            return {}
        asked = {"priority": self.priority != "*", "min_voices": self.min_voices > 1}
        why = 'cannot be asked of "drop": what was not told has none; write a rule of its own for drops'
        return {field: why for field, is_asked in asked.items() if is_asked}

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
        for field, why in rule.meaningless().items():
            file.fault("rule", number, field, why)
    file.end()
    return AlertConfig(channels, tuple(rule.rule() for rule in found["rule"].values()))


def _channel(file: TableFile, number: int, table: Any, environ: Mapping[str, str]) -> ChannelConfig:  # noqa: ANN401
    host, _, port = table.smtp.rpartition(":")
    try:
        secret = read_secret(table, environ)
    except SecretError as error:
        file.fault("channel", number, error.field, error.what)
        secret = ""
    else:
        if table.kind == "apprise" and open_services(secret or table.url) is None:
            field = next(name for name in (*SECRETS[1:], "url") if getattr(table, name))
            file.fault("channel", number, field, "no address of a service that apprise knows")
    return ChannelConfig(
        table.name, table.kind, table.url, (host.strip("[]"), int(port or 0)), table.sender, table.to,
        table.username, table.tls, Path(table.path), secret,
    )  # fmt: skip
