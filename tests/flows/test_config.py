"""sources.toml and alerts.toml: what they mean, what is left out, and every fault with its file, line and field."""

from datetime import time, timedelta
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo

import httpx
import pytest

from alerts.atom import AtomChannel
from alerts.hours import QuietHours
from alerts.rules import Kind, Rule
from extractors.errors import ConfigError
from extractors.themes.vocabulary import theme_ids
from extractors.types import OutletKind, Source
from flows.config import AlertConfig, parse_alerts, parse_sources, read_alerts, read_sources
from flows.desk import open_channel
from flows.starter import ALERTS, SOURCES

CONSOLE = '[[channel]]\nname = "console"\nkind = "console"\n'


def alerts(text: str, **environ: str) -> AlertConfig:
    return parse_alerts(text, "alerts.toml", environ)


def rule(fields: str) -> Rule:
    return alerts(f'{CONSOLE}[[rule]]\nname = "r"\nchannel = "console"\n{fields}').rules[0]


def faults_of_sources(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse_sources(text, "sources.toml")
    return list(caught.value.faults)


def faults_of_alerts(text: str, **environ: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        alerts(text, **environ)
    return list(caught.value.faults)


def test_a_source_needs_an_id_a_kind_and_an_address() -> None:
    text = '[[source]]\nid = "steppe"\nkind = "feed"\nurl = " https://steppe.example/feed "\n'
    assert parse_sources(text, "sources.toml") == (Source("steppe", "feed", "https://steppe.example/feed"),)


def test_a_source_says_the_rest_where_it_differs() -> None:
    text = """
[[source]]
id = "tan-shapaghy"
name = "Таң шапағы"
kind = "sitemap"
url = "https://tan.example/sitemap.xml"
language = "uz-Cyrl"
country = "KZ"
outlet = "state"
every = "2h"
enabled = false
user_agent = "Mozilla/5.0"
keep_text = false
"""
    assert parse_sources(text, "sources.toml") == (
        Source(
            "tan-shapaghy", "sitemap", "https://tan.example/sitemap.xml", "Таң шапағы", "uz-Cyrl", "KZ", "state",
            timedelta(hours=2), enabled=False, user_agent="Mozilla/5.0", keep_text=False,
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("every", "seconds"), [("30s", 30), ("15m", 900), ("2h", 7200), ("1d", 86_400), ("999999d", 86_399_913_600)]
)
def test_an_interval_is_a_number_and_a_unit(every: str, seconds: int) -> None:
    text = f'[[source]]\nid = "s"\nkind = "feed"\nurl = "https://s.example/"\nevery = "{every}"\n'
    assert parse_sources(text, "sources.toml")[0].every == timedelta(seconds=seconds)


WRONG_SOURCES = """\
[[source]]
id = "two words"
kind = "rss"
url = "ftp://steppe.example/"
every = "quarter of an hour"
language = "Kazakh"
outlet = "tabloid"
colour = "blue"

[[source]]
id = "steppe"

[[source]]
id = "chorsu"
kind = "feed"
url = "https://chorsu.example/feed"
every = "99999999999d"
enabled = "perhaps"

  [[ source ]]
"id" = "chorsu"
kind = "feed"
url = 7

[[source]]
id = "ala-archa"
kind = "feed"
url = "https://ala-archa.example/feed"

[[source]]
id = "ala-archa"
kind = "page"
url = "https://ala-archa.example/"

[settings]
pace = 1
"""


def test_every_fault_of_the_sources_is_told_with_its_line() -> None:
    assert faults_of_sources(WRONG_SOURCES) == [
        "sources.toml:2: [[source]] 1: id: must be letters, digits, dots, dashes and underscores, 80 at most",
        "sources.toml:3: [[source]] 1: kind: Input should be 'feed', 'sitemap', 'gdelt' or 'page'",
        "sources.toml:4: [[source]] 1: url: must be an http or https address",
        'sources.toml:5: [[source]] 1: every: must be a number and a unit, such as "15m", "2h" or "1d"',
        'sources.toml:6: [[source]] 1: language: must be an ISO 639-1 code, such as "kk"',
        "sources.toml:7: [[source]] 1: outlet: Input should be 'state', 'independent', 'wire', 'official' or 'think-tank'",
        "sources.toml:8: [[source]] 1: colour: unknown field",
        "sources.toml:10: [[source]] 2: kind: missing",
        "sources.toml:10: [[source]] 2: url: missing",
        'sources.toml:17: [[source]] 3: every: must be a number and a unit, such as "15m", "2h" or "1d"',
        "sources.toml:18: [[source]] 3: enabled: Input should be a valid boolean, unable to interpret input",
        "sources.toml:23: [[source]] 4: url: must be text",
        "sources.toml:31: [[source]] 6: id: 'ala-archa' stands twice",
        "sources.toml:35: settings: unknown field",
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('[[source]]\nid = "a"\nkind feed\n', "sources.toml:3: not TOML: Expected '=' after a key in a key/value pair"),
        ('[[source]]\nid = "a', "sources.toml:2: not TOML: Unterminated string"),
        ("source = 7\n", "sources.toml:1: source: write [[source]], a list of tables"),
        ('\n[source]\nid = "a"\n', "sources.toml:2: source: write [[source]], a list of tables"),
        ("\nsource = [7]\n", "sources.toml:2: [[source]] 1: must be a table"),
        ("<!DOCTYPE html>\n", "sources.toml:1: not TOML: Invalid statement"),
    ],
    ids=["no equals sign", "no end", "a number", "one table", "a list of numbers", "a web page"],
)
def test_what_is_no_list_of_tables_is_a_fault(text: str, fault: str) -> None:
    assert faults_of_sources(text) == [fault]


def test_a_file_that_is_not_utf8_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "sources.toml"
    path.write_bytes('[[source]]\nname = "Степь"\n'.encode("windows-1251"))
    with pytest.raises(ConfigError) as caught:
        read_sources(path)
    assert caught.value.faults == (f"{path}:2: not UTF-8",)


def test_a_file_that_is_named_and_not_there_is_a_fault(tmp_path: Path) -> None:
    for read in (read_sources, read_alerts):
        with pytest.raises(ConfigError, match=r"gone\.toml: No such file"):
            read(tmp_path / "gone.toml")


def test_without_files_the_built_in_catalogue_and_the_console_serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    config = read_alerts(None, {})
    assert len(read_sources(None)) > 5
    assert [(channel.name, channel.kind) for channel in config.channels] == [("console", "console")]
    assert config.rules == (Rule("core themes", "console"),)


def test_the_files_beside_come_before_the_built_in_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("sources.toml").write_text('[[source]]\nid = "mine"\nkind = "feed"\nurl = "https://mine.example/"\n')
    Path("alerts.toml").write_text('[[channel]]\nname = "log"\nkind = "file"\npath = "a.jsonl"\n')
    assert [source.id for source in read_sources(None)] == ["mine"]
    assert [channel.name for channel in read_alerts(None, {}).channels] == ["log"]


def test_the_files_that_init_writes_are_sound() -> None:
    assert len(parse_sources(SOURCES, "sources.toml")) == 1
    assert alerts(ALERTS).rules == (Rule("core themes", "console"),)


def test_a_rule_left_blank_wants_everything_new() -> None:
    assert rule("") == Rule("r", "console", ("*",), ("*",), ("*",), ("*",), ("new",), 0.0)


@pytest.mark.parametrize("star", ['"*"', '["*"]', '["kk", "*"]'])
def test_a_star_stands_for_all_however_it_is_written(star: str) -> None:
    assert rule(f"languages = {star}").languages == ("*",)


@pytest.mark.parametrize("field", ["themes", "countries", "languages", "outlets"])
def test_a_star_in_any_list_is_all(field: str) -> None:
    assert getattr(rule(f'{field} = ["*"]'), field) == ("*",)


def test_a_star_in_when_is_every_kind() -> None:
    assert rule('when = "*"').when == get_args(Kind)


def test_a_rule_says_what_it_wants() -> None:
    fields = (
        'themes = ["eu-partnership"]\ncountries = ["UZ", "CENTRAL_ASIA"]\nlanguages = ["uz", "ru"]\n'
        'outlets = ["state", "wire"]\nwhen = ["new", "corroborated"]\nmin_confidence = 0.6\n'
    )
    expected = Rule(
        "r", "console", ("eu-partnership",), ("UZ", "CENTRAL_ASIA"), ("uz", "ru"), ("state", "wire"),
        ("new", "corroborated"), 0.6,
    )  # fmt: skip
    assert rule(fields) == expected


WRONG_ALERTS = """\
[[channel]]
name = "loft"
kind = "pigeon"

[[channel]]
name = "mail"
kind = "email"
smtp = "smtp.example.org:99999"
to = "desk@example.org"

[[channel]]
name = "mail 2"
kind = "email"
smtp = "smtp.example.org:587"
from = "vigie"
to = ["desk@example.org", "desk\\nBcc: spy@example.org"]
tls = "ssl"

[[channel]]
name = "mail 3"
kind = "email"

[[channel]]
name = "hook"
kind = "webhook"
url = "hooks.example.org"

[[channel]]
name = "hook"
kind = "webhook"
url = "https://hooks.example.org/vigie"
secret_env = "HOOK_SECRET"

[[channel]]
name = "hook 2"
kind = "webhook"
url = "https://hooks.example.org/vigie"
secret_env = "SHORT_SECRET"

[[channel]]
name = "hook 2"
kind = "console"

[[channel]]
name = "chat"
kind = "apprise"

[[rule]]
name = "one"
channel = "nowhere"
themes = ["distancing-moscow", "gossip"]
countries = ["KG", "XX"]
languages = ["Kyrgyz"]
outlets = ["tabloid"]
when = ["sometimes"]
min_confidence = 60

[[rule]]
name = "two"
channel = "loft"
themes = "eu-partnership"

[[rule]]
name = "three"
channel = "nowhere"

[[rule]]
name = "three"
channel = "loft"
"""


def test_every_fault_of_the_alerts_is_told_with_its_line() -> None:
    known, countries = ", ".join(theme_ids()), "AM, AZ, BY, GE, KG, KZ, MD, TJ, TM, UZ, CENTRAL_ASIA"
    outlets, kinds = (", ".join(map(repr, get_args(literal))) for literal in (OutletKind, Kind))
    assert faults_of_alerts(WRONG_ALERTS, SHORT_SECRET="hunter-2") == [
        "alerts.toml:3: [[channel]] 1: kind: Input should be 'console', 'file', 'atom', 'email', 'webhook' or 'apprise'",
        "alerts.toml:8: [[channel]] 2: smtp: must be host:port",
        "alerts.toml:9: [[channel]] 2: to: must be a list",
        "alerts.toml:15: [[channel]] 3: from: must be an e-mail address",
        "alerts.toml:16: [[channel]] 3: to.1: must be an e-mail address",
        "alerts.toml:17: [[channel]] 3: tls: Input should be 'none', 'starttls' or 'implicit'",
        "alerts.toml:19: [[channel]] 4: a channel of kind email needs smtp, from, to",
        "alerts.toml:23: [[channel]] 5: url: must be an http or https address",
        "alerts.toml:32: [[channel]] 6: secret_env: the environment variable HOOK_SECRET is not set",
        "alerts.toml:38: [[channel]] 7: secret_env: the secret must be base64, with or without whsec_ before it",
        "alerts.toml:41: [[channel]] 8: name: 'hook 2' stands twice",
        "alerts.toml:44: [[channel]] 9: a channel of kind apprise needs url (or secret_env)",
        f"alerts.toml:51: [[rule]] 1: themes: unknown theme: gossip (known: {known})",
        f"alerts.toml:52: [[rule]] 1: countries: unknown country: XX (known: {countries})",
        'alerts.toml:53: [[rule]] 1: languages.0: must be an ISO 639-1 code, such as "kk"',
        f"alerts.toml:54: [[rule]] 1: outlets.0: Input should be {outlets} or '*'",
        f"alerts.toml:55: [[rule]] 1: when.0: Input should be {kinds} or '*'",
        "alerts.toml:56: [[rule]] 1: min_confidence: Input should be less than or equal to 1",
        "alerts.toml:61: [[rule]] 2: themes: must be a list",
        "alerts.toml:65: [[rule]] 3: channel: there is no channel 'nowhere'",
        "alerts.toml:68: [[rule]] 4: name: 'three' stands twice",
    ]


EMAIL = 'kind = "email"\nsmtp = "[::1]:587"\nfrom = "Vigie <vigie@example.org>"\nto = ["a@example.org", "b@example.org"]'


def test_a_mail_channel_reads_its_password_from_a_variable() -> None:
    text = f'[[channel]]\nname = "mail"\n{EMAIL}\nusername = "vigie"\npassword_env = "MAIL_PASSWORD"\n'
    (channel,) = alerts(text, MAIL_PASSWORD="s3cret").channels
    assert (channel.smtp, channel.tls) == (("::1", 587), "starttls")
    assert (channel.sender, channel.to) == ("Vigie <vigie@example.org>", ("a@example.org", "b@example.org"))
    assert (channel.username, channel.secret) == ("vigie", "s3cret")
    assert "s3cret" not in repr(channel)


async def test_a_feed_of_alerts_needs_its_place(tmp_path: Path) -> None:
    text = f'[[channel]]\nname = "feed"\nkind = "atom"\npath = "{tmp_path / "alerts.atom"}"\n'
    async with httpx.AsyncClient() as client:
        channel = open_channel(alerts(text).channels[0], client)
        assert channel == AtomChannel("feed", tmp_path / "alerts.atom")
    assert faults_of_alerts('[[channel]]\nname = "feed"\nkind = "atom"\n') == [
        "alerts.toml:1: [[channel]] 1: a channel of kind atom needs path"
    ]


def test_a_secret_can_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n")
    text = (
        f'[[channel]]\nname = "hook"\nkind = "webhook"\nurl = "https://h.example/"\nsecret_file = "{tmp_path / "secret"}"\n'
    )
    assert alerts(text).channels[0].secret == "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_two_secrets_stand_side_by_side_while_one_is_changed_for_the_other() -> None:
    text = '[[channel]]\nname = "hook"\nkind = "webhook"\nurl = "https://h.example/"\nsecret_env = "HOOK"\n'
    both = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw whsec_" + "a" * 32
    assert parse_alerts(text, "alerts.toml", {"HOOK": both}).channels[0].secret == both
    with pytest.raises(ConfigError, match="the secret must be base64"):
        parse_alerts(text, "alerts.toml", {"HOOK": f"{both} whsec_x"})


@pytest.mark.parametrize(
    ("content", "fault"), [(None, "No such file or directory"), (b"", " is empty"), (b"\xff\xfe", "not UTF-8")]
)
def test_a_secret_file_that_holds_none_is_a_fault(tmp_path: Path, content: bytes | None, fault: str) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)
    (told,) = faults_of_alerts(f'[[channel]]\nname = "mail"\n{EMAIL}\npassword_file = "{path}"\n')
    assert told.startswith("alerts.toml:7: [[channel]] 1: password_file: ")
    assert told.endswith(fault)


HOOK = '[[channel]]\nname = "hook"\nkind = "webhook"\nurl = "https://h.example/"\n'
MAIL = f'[[channel]]\nname = "mail"\n{EMAIL}\n'


@pytest.mark.parametrize("secret", ["!!!!", "whsec_", "whsec_ whsec_QUJD", "QUJD!", "ÄÖ=="])
def test_a_secret_that_would_sign_nothing_is_a_fault(secret: str) -> None:
    assert faults_of_alerts(f'{HOOK}secret_env = "HOOK"\n', HOOK=secret) == [
        "alerts.toml:5: [[channel]] 1: secret_env: the secret must be base64, with or without whsec_ before it"
    ]


def test_a_blank_secret_is_none() -> None:
    for text in (f'{HOOK}secret_env = "BLANK"\n', f'{MAIL}username = "v"\npassword_env = "BLANK"\n'):
        (fault,) = faults_of_alerts(text, BLANK="   ")
        assert fault.endswith("_env: the secret is blank")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (f'{HOOK}password_env = "P"\n', "a channel of kind webhook makes no use of password_env"),
        (f'{HOOK}smtp = "h:25"\nfrom = "v@h.example"\n', "a channel of kind webhook makes no use of smtp, from"),
        (f'{MAIL}secret_env = "P"\n', "a channel of kind email makes no use of secret_env"),
        (f'{MAIL}username = "v"\n', "username: a login needs password_env, password_file or password_block"),
        (
            '[[channel]]\nname = "chat"\nkind = "apprise"\nsecret_env = "P"\n',
            "secret_env: no address of a service that apprise knows",
        ),
        (
            '[[channel]]\nname = "chat"\nkind = "apprise"\nurl = "nonsense"\n',
            "url: no address of a service that apprise knows",
        ),
    ],
)
def test_what_a_channel_would_pass_over_in_silence_is_a_fault(text: str, fault: str) -> None:
    (told,) = faults_of_alerts(text, P="hunter-2")
    assert told.endswith(f": [[channel]] 1: {fault}")


@pytest.mark.parametrize("field", ["themes", "countries", "languages", "outlets", "when"])
def test_a_rule_that_names_nothing_is_a_fault(field: str) -> None:
    with pytest.raises(ConfigError, match=f"{field}: names nothing"):
        rule(f"{field} = []")


def test_a_rule_for_a_language_that_nobody_speaks_is_a_fault() -> None:
    with pytest.raises(ConfigError, match=r"languages\.1: there is no language 'xx'"):
        rule('languages = ["kk", "xx"]')
    assert rule('languages = ["kk", "und", "tl"]').languages == ("kk", "und", "tl")


def test_a_secret_is_not_told_in_a_fault() -> None:
    text = '[[channel]]\nname = "hook"\nkind = "webhook"\nurl = "https://h.example/"\nsecret_env = "HOOK"\n'
    assert "hunter-2" not in "".join(faults_of_alerts(text, HOOK="hunter-2"))


def test_a_rule_has_quiet_hours_on_the_clock_of_a_place() -> None:
    quiet = rule('quiet = "22:00-07:00"\nzone = "Asia/Almaty"').quiet
    assert quiet == QuietHours(time(22), time(7), ZoneInfo("Asia/Almaty"))
    assert rule("").quiet is None


def test_a_rule_names_words_voices_priority_and_a_cap() -> None:
    found = rule('words = ["base"]\nmin_voices = 2\npriority = "high"\ncap = 5')
    assert (found.words, found.min_voices, found.priority, found.cap) == (("base",), 2, "high", 5)


@pytest.mark.parametrize(
    ("field", "fault"),
    [
        ('quiet = "at night"', 'quiet: must be two times of the day, such as "22:00-07:00"'),
        ('quiet = "25:00-07:00"', 'quiet: must be two times of the day, such as "22:00-07:00"'),
        ('quiet = "07:00-07:00"', 'quiet: must be two times of the day, such as "22:00-07:00"'),
        ('zone = "Nowhere/City"', 'zone: must be a time zone, such as "Asia/Almaty"'),
        ('zone = "../../etc/passwd"', 'zone: must be a time zone, such as "Asia/Almaty"'),
        ('words = [" "]', "words.0: must be a word"),
        ("min_voices = 0", "min_voices: Input should be greater than or equal to 1"),
        ('priority = "low"', "priority: Input should be '*' or 'high'"),
        ("cap = -1", "cap: Input should be greater than or equal to 0"),
    ],
)
def test_what_a_rule_cannot_mean_is_a_fault(field: str, fault: str) -> None:
    with pytest.raises(ConfigError) as caught:
        rule(field)
    assert fault in str(caught.value)


@pytest.mark.parametrize("agent", ["paper/1\\r\\nX-Evil: 1", "paper\\n", "caf\u00e9", "\\u0000"])
def test_a_user_agent_that_would_break_a_header_is_a_fault(agent: str) -> None:
    text = f'[[source]]\nid = "a"\nkind = "feed"\nurl = "https://a.example/"\nuser_agent = "{agent}"\n'

    with pytest.raises(ConfigError) as caught:
        parse_sources(text, "sources.toml")
    assert len(caught.value.faults) == 1
    assert "sources.toml:5: " in caught.value.faults[0]
    assert "user_agent" in caught.value.faults[0]


def test_what_a_drop_cannot_be_asked_is_a_fault_of_the_rule() -> None:
    head = '[[channel]]\nname = "log"\nkind = "console"\n[[rule]]\nname = "r"\nchannel = "log"\n'
    why = 'cannot be asked of "drop": what was not told has none; write a rule of its own for drops'
    assert faults_of_alerts(f'{head}when = ["new", "drop"]\nmin_voices = 2\npriority = "high"\n') == [
        f"alerts.toml:8: [[rule]] 1: min_voices: {why}",
        f"alerts.toml:9: [[rule]] 1: priority: {why}",
    ]
    for fine in ('when = ["new", "burst"]', 'when = "*"'):
        assert alerts(f'{head}{fine}\nmin_voices = 2\npriority = "high"\n').rules
