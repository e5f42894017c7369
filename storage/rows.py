"""The tables. Rows never leave this folder: they are turned into types on the line where the session ends."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel


class UtcTime(TypeDecorator[datetime]):
    """An aware time in UTC on both databases: SQLite gives back what it was given, without the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive time: it would be somebody's local one."""
        if value is None:
            return None
        if value.tzinfo is None:
            msg = f"naive time: {value}"
            raise ValueError(msg)
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the zone back."""
        _ = dialect
        return None if value is None else value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _json(*, empty: str) -> Any:  # noqa: ANN401 - SQLModel types its columns as Any
    return Column(JSON, nullable=False, server_default=empty)


def _time(*, nullable: bool = False, index: bool = False) -> Any:  # noqa: ANN401
    return Column(UtcTime(), nullable=nullable, index=index)


def _text(*, nullable: bool = False) -> Any:  # noqa: ANN401
    return Column(Text(), nullable=nullable)


def _reference(to: str, *, primary: bool = False, index: bool = False) -> Any:  # noqa: ANN401
    return Column(ForeignKey(to, ondelete="CASCADE"), nullable=False, primary_key=primary, index=index)


class SourceRow(SQLModel, table=True):
    """How polling a source has gone and what its habit is; what it is stands in sources.toml.

    `weight` sums its failures by their kind, `interval` are the seconds between two polls at present, `digest` is of the
    body last read, `gap_at` tells when two polls had nothing in common.
    """

    __tablename__ = "source"
    id: str = Field(primary_key=True)
    polled_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    succeeded_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    not_before: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    failures: int = 0
    error: str = ""
    state: str = ""
    weight: float = 0.0
    interval: float = 0.0
    listed: int = 0
    digest: str = ""
    next_poll: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    newest: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    gap_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    quiet_since: datetime | None = Field(default=None, sa_column=_time(nullable=True))


class EntryRow(SQLModel, table=True):
    """The queue: an item from its discovery on. `stage` says what was last done to it; `content` is the feed's own text.

    Of a live blog `live_at` is the time of its newest post, and `looks` counts how often it was fetched again for that.
    """

    __tablename__ = "entry"
    __table_args__ = (
        Index("entry_due", "stage", "next_try"),
        Index("entry_guid", "source", "guid"),
        Index("entry_seen", "source", "first_seen"),
    )
    id: int | None = Field(default=None, primary_key=True)
    url: str = Field(sa_column=Column(Text(), nullable=False, unique=True))
    source: str = Field(index=True)
    title: str = Field(default="", sa_column=_text())
    published: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    first_seen: datetime = Field(sa_column=_time(index=True))
    first_poll: bool = False
    quiet: bool = False
    stage: str = "discovered"
    attempts: int = 0
    next_try: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    error: str = ""
    landed: str = Field(default="", sa_column=_text())
    content_type: str = ""
    snapshot: str = ""
    guid: str = ""
    content: str = Field(default="", sa_column=_text())
    live_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    looks: int = 0


class ArticleRow(SQLModel, table=True):
    """The readable part of an entry's page. `at` is `Report.when`; `gated` counts the passages that passed the gate.

    `sketch` is its wording, by which a revision is known; `revisions` counts the earlier versions; `kept` is False where
    the text may not be kept.
    """

    __tablename__ = "article"
    __table_args__ = (Index("article_read", "at", "lang", "gated"),)  # trends count years of articles from it alone
    id: int | None = Field(default=None, primary_key=True)
    entry_id: int = Field(sa_column=Column(ForeignKey("entry.id", ondelete="CASCADE"), nullable=False, unique=True))
    canonical: str = Field(sa_column=Column(Text(), nullable=False, index=True))
    title: str = Field(sa_column=_text())
    author: str = Field(default="", sa_column=_text())
    published: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    site: str = ""
    lang: str = "und"
    text: str = Field(sa_column=_text())
    hash: str = Field(index=True)
    at: datetime = Field(sa_column=_time())
    gated: int = 0
    sketch: bytes | None = Field(default=None, sa_column=Column(LargeBinary(), nullable=True))
    revisions: int = 0
    kept: bool = True


class RevisionRow(SQLModel, table=True):
    """An earlier version of an article, as it read until `at`."""

    __tablename__ = "revision"
    id: int | None = Field(default=None, primary_key=True)
    article_id: int = Field(sa_column=_reference("article.id", index=True))
    at: datetime = Field(sa_column=_time())
    title: str = Field(sa_column=_text())
    published: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    hash: str
    text: str = Field(sa_column=_text())
    snapshot: str = ""


class PassageRow(SQLModel, table=True):
    """A passage of an article. `key` names it outside: in replays the input's id, else the article and the offset.

    `at` is its own time, where a live blog gives each of its entries one. `sketch` and `wire` are what is left of the
    wording of a text that may not be kept: neither can be turned back into it.
    """

    __tablename__ = "passage"
    __table_args__ = (UniqueConstraint("article_id", "start"),)
    id: int | None = Field(default=None, primary_key=True)
    article_id: int = Field(sa_column=_reference("article.id"))
    key: str = Field(sa_column=Column(String(), nullable=False, unique=True))
    start: int
    end: int
    text: str = Field(sa_column=_text())
    at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    sketch: bytes | None = Field(default=None, sa_column=Column(LargeBinary(), nullable=True))
    wire: str = ""


class ReadingRow(SQLModel, table=True):
    """What a model read in a passage that passed the gate. `vector` holds float16 numbers."""

    __tablename__ = "reading"
    passage_id: int = Field(sa_column=_reference("passage.id", primary=True))
    labels: list[str] = Field(sa_column=_json(empty="[]"))
    countries: list[str] = Field(sa_column=_json(empty="[]"))
    scores: dict[str, float] = Field(sa_column=_json(empty="{}"))
    evidence: list[dict[str, Any]] = Field(sa_column=_json(empty="[]"))
    model: str = Field(index=True)
    vector: bytes = Field(sa_column=Column(LargeBinary(), nullable=False))
    provisional: dict[str, float] = Field(sa_column=_json(empty="{}"))


class ReclassificationRow(SQLModel, table=True):
    """How far a model has got in reading the stored passages again: up to which number; `whole` when it skips none."""

    __tablename__ = "reclassification"
    model: str = Field(primary_key=True)
    passage: int = 0
    whole: bool = False
    started_at: datetime = Field(sa_column=_time())
    ended_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))


class SignalRow(SQLModel, table=True):
    """One event. `why` says in words why it counted as new when it opened.

    `merged_into` names the signal that it proved to be one with: then it has no members, and only its alerts are its own.
    """

    __tablename__ = "signal"
    id: str = Field(primary_key=True)
    themes: list[str] = Field(sa_column=_json(empty="[]"))
    countries: list[str] = Field(sa_column=_json(empty="[]"))
    first_seen: datetime = Field(sa_column=_time(index=True))
    last_seen: datetime = Field(sa_column=_time(index=True))
    status: str = "new"
    why: str = Field(default="", sa_column=_text())
    provisional: list[str] = Field(sa_column=_json(empty="[]"))
    priority: str = "normal"
    follows: str = Field(default="", index=True)
    merged_into: str = Field(default="", index=True)
    corroborated_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))


class SignalTagRow(SQLModel, table=True):
    """A theme and a country of a signal ("" where it has none), and when it opened: a count reads the index alone."""

    __tablename__ = "signal_tag"
    __table_args__ = (Index("signal_tag_told", "theme", "country", "first_seen", "signal_id"),)
    signal_id: str = Field(sa_column=_reference("signal.id", primary=True))
    theme: str = Field(primary_key=True)
    country: str = Field(primary_key=True)
    first_seen: datetime = Field(sa_column=_time())


class MemberRow(SQLModel, table=True):
    """A passage's place in a signal; a passage has one at most. Of a copy the wording's `sketch` is kept, and its wire."""

    __tablename__ = "member"
    passage_id: int = Field(sa_column=_reference("passage.id", primary=True))
    signal_id: str = Field(sa_column=_reference("signal.id", index=True))
    at: datetime = Field(sa_column=_time(index=True))
    sketch: bytes | None = Field(default=None, sa_column=Column(LargeBinary(), nullable=True))
    wire: str = ""


class AlertRow(SQLModel, table=True):
    """That a signal was told, once for each kind, whatever rules and channels there were."""

    __tablename__ = "alert"
    signal_id: str = Field(sa_column=_reference("signal.id", primary=True))
    kind: str = Field(primary_key=True)
    at: datetime = Field(sa_column=_time())


class VerdictRow(SQLModel, table=True):
    """What somebody found of a signal; none is ever overwritten. `members` are the passages judged, with their labels."""

    __tablename__ = "verdict"
    id: int | None = Field(default=None, primary_key=True)
    signal_id: str = Field(sa_column=_reference("signal.id", index=True))
    verdict: str
    by: str
    at: datetime = Field(sa_column=_time())
    members: dict[str, list[str]] = Field(sa_column=_json(empty="{}"))
    themes: list[str] = Field(sa_column=_json(empty="[]"))
    corrected: list[str] = Field(sa_column=_json(empty="[]"))
    other: str = ""
    others: list[str] = Field(sa_column=_json(empty="[]"))
    note: str = Field(default="", sa_column=_text())


class DeliveryRow(SQLModel, table=True):
    """The outbox. `key` is the idempotency key; `leased_until` keeps two workers from sending the same one.

    A message about the watch itself has no signal. `due_at` is when its day of tries began, None where that is
    `created_at`.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        Index("delivery_due", "state", "next_try"),
        Index("delivery_recipient", "channel", "target", "created_at"),
    )
    key: str = Field(primary_key=True)
    signal_id: str | None = Field(
        default=None, sa_column=Column(ForeignKey("signal.id", ondelete="CASCADE"), nullable=True, index=True)
    )
    kind: str
    rule: str
    channel: str
    target: str = ""
    payload: dict[str, Any] = Field(sa_column=_json(empty="{}"))
    state: str = "pending"
    attempts: int = 0
    created_at: datetime = Field(sa_column=_time())
    due_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    next_try: datetime = Field(sa_column=_time())
    leased_until: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    leased_by: str = ""
    sent_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    error: str = Field(default="", sa_column=_text())


class ChangeRow(SQLModel, table=True):
    """That a burst or a drop was found, whatever rules there were. `key` names its country, theme and week."""

    __tablename__ = "change"
    key: str = Field(primary_key=True)
    flag: str = Field(primary_key=True)
    at: datetime = Field(sa_column=_time())


class MuteRow(SQLModel, table=True):
    """What is not told until a time: `what` is signal, theme, country or source."""

    __tablename__ = "mute"
    what: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    until: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    by: str = ""
    at: datetime = Field(sa_column=_time())


class DocumentRow(SQLModel, table=True):
    """A reference document: what the watch was made from, and what signals echo."""

    __tablename__ = "document"
    id: str = Field(primary_key=True)
    name: str
    lang: str
    added_at: datetime = Field(sa_column=_time())


class DocumentPassageRow(SQLModel, table=True):
    """A labelled passage of a reference document."""

    __tablename__ = "document_passage"
    document_id: str = Field(sa_column=_reference("document.id", primary=True))
    start: int = Field(primary_key=True)
    text: str = Field(sa_column=_text())
    labels: list[str] = Field(sa_column=_json(empty="[]"))
    countries: list[str] = Field(sa_column=_json(empty="[]"))
    model: str
    vector: bytes = Field(sa_column=Column(LargeBinary(), nullable=False))


class DocumentSentenceRow(SQLModel, table=True):
    """A sentence of a reference document's passage; offsets into the passage. `encoder` is the one that made the vector."""

    __tablename__ = "document_sentence"
    __table_args__ = (
        ForeignKeyConstraint(
            ["document_id", "passage"], ["document_passage.document_id", "document_passage.start"], ondelete="CASCADE"
        ),
    )
    document_id: str = Field(primary_key=True)
    passage: int = Field(primary_key=True)
    start: int = Field(primary_key=True)
    end: int
    encoder: str
    vector: bytes = Field(sa_column=Column(LargeBinary(), nullable=False))


class RunRow(SQLModel, table=True):
    """The gates of one cycle: what came in and went out at each, and why the rest did not."""

    __tablename__ = "run"
    id: str = Field(primary_key=True)
    started_at: datetime = Field(sa_column=_time(index=True))
    ended_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    gates: dict[str, Any] = Field(sa_column=_json(empty="{}"))


class BackfillRow(SQLModel, table=True):
    """How far the reading of a source's past has got. `cursor` is what the next batch begins with."""

    __tablename__ = "backfill"
    id: str = Field(primary_key=True)
    source: str
    since: datetime = Field(sa_column=_time())
    until: datetime = Field(sa_column=_time())
    cursor: dict[str, Any] = Field(sa_column=_json(empty="{}"))
    done: int = 0
    total: int = 0
    started_at: datetime = Field(sa_column=_time())
    ended_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
