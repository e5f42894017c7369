"""The stages on files, by the contract: classify, language, extract, replay, documents, signals, from the command line."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, create_engine, text
from typer.testing import CliRunner, Result

from extractors.errors import ConfigError
from extractors.themes.vocabulary import core_ids, theme_ids
from flows.cli import app

SHARED = Path(__file__).parents[2].parent / "shared"
VOTE = {
    "id": "vote", "outlet": "wire.example", "published": "2025-03-02T10:00:00Z", "title": "Astana abstains",
    "text": "Kazakhstan abstained when the UN General Assembly condemned Russia's annexation of four Ukrainian regions, its delegate said.",
}  # fmt: skip
COPY = VOTE | {"id": "copy", "outlet": "post.example", "published": "2025-03-02T11:00:00Z", "title": "Astana abstains at UN"}
DEAL = {
    "id": "deal", "outlet": "wire.example", "published": "2025-03-02T12:30:00+02:00", "title": "Tashkent and Brussels sign",
    "text": "Uzbekistan and the European Commission signed an agreement on critical raw materials worth 210 million euros in Tashkent.",
}  # fmt: skip
CAKE = {
    "id": "cake", "outlet": "post.example", "published": "2025-03-02", "title": "",
    "text": "Mix the flour with honey, let the dough rest for an hour, then cut it into strips and fry them in hot oil.",
}  # fmt: skip

Vigie = Callable[..., Result]


@pytest.fixture
def vigie(encoder_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Vigie:
    """The command line in an empty folder, with the built encoder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VIGIE_CACHE", str(encoder_cache))
    return lambda *words, **given: CliRunner().invoke(app, [str(word) for word in words], **given)


def write(path: Path, *records: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
    return path


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_classify_answers_each_record_in_order(vigie: Vigie, tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", CAKE | {"unknown": 1}, VOTE, DEAL)
    assert vigie("classify", source, "--out", tmp_path / "out.jsonl").exit_code == 0
    cake, vote, deal = lines(tmp_path / "out.jsonl")
    assert [row["id"] for row in (cake, vote, deal)] == ["cake", "vote", "deal"]
    assert set(vote) == {"id", "lang", "themes", "labels", "countries", "evidence", "model"}
    assert set(vote["themes"]) == set(cake["themes"]) == set(theme_ids())
    assert (cake["labels"], cake["countries"], cake["evidence"]) == ([], [], [])
    assert vote["labels"] == ["distancing-moscow"]
    assert vote["countries"] == ["KZ"]
    assert deal["labels"] == ["eu-partnership"]
    (evidence,) = vote["evidence"]
    assert VOTE["text"][evidence["start"] : evidence["end"]] == evidence["text"]


def test_language_answers_each_record(vigie: Vigie, tmp_path: Path) -> None:
    texts = {"kk": "Қазақстан қалыс қалды, ал көршілері қарсы дауыс берді.", "und": "OK"}
    source = write(tmp_path / "in.jsonl", *({"id": lang, "text": text} for lang, text in texts.items()))
    result = vigie("language", source)
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(row["id"], row["lang"]) for row in rows] == [("kk", "kk"), ("und", "und")]
    assert all(0 <= row["confidence"] <= 1 for row in rows)


def test_extract_gives_the_article(vigie: Vigie, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    body = "".join(f"<p>{VOTE['text']} Paragraph {i} of the report.</p>" for i in range(3))
    page.write_text(
        f"<html><head><title>Astana abstains</title></head><body><article>{body}</article></body></html>", encoding="utf-8"
    )
    result = vigie("extract", page, "--url", "https://wire.example/a?utm_source=x")
    article = json.loads(result.stdout)
    assert set(article) == {"url", "canonical", "title", "author", "published", "site", "lang", "text", "paragraphs"}
    assert article["canonical"] == "https://wire.example/a"
    assert len(article["paragraphs"]) == 3
    assert article["lang"] == "en"
    assert vigie("extract", page, "--url", "ftp://wire.example").exception.faults  # type: ignore[union-attr]


def test_replay_tells_each_event_once_and_the_same_twice(vigie: Vigie, tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", DEAL, COPY, VOTE, VOTE, CAKE)
    for name in ("one", "two"):
        assert (
            vigie("replay", source, "--db", f"sqlite:///{tmp_path}/{name}.db", "--out", tmp_path / f"{name}.jsonl").exit_code
            == 0
        )
    assert (tmp_path / "one.jsonl").read_bytes() == (tmp_path / "two.jsonl").read_bytes()
    vote, deal = lines(tmp_path / "one.jsonl")
    assert vote["members"] == ["vote", "copy"]
    assert vote["alerts"] == [{"kind": "new", "at": "2025-03-02T10:00:00Z"}]
    assert vote["status"] == "new"
    assert deal["members"] == ["deal"]
    assert deal["first_seen"] == "2025-03-02T10:30:00Z"
    assert set(vote) == {"signal", "themes", "countries", "first_seen", "status", "members", "alerts", "why"}


def test_replay_wants_a_database_of_its_own(vigie: Vigie, tmp_path: Path) -> None:
    source, db = write(tmp_path / "in.jsonl", VOTE), f"sqlite:///{tmp_path}/one.db"
    assert vigie("replay", source, "--db", db).exit_code == 0
    assert isinstance(vigie("replay", source, "--db", db).exception, ConfigError)


def test_replay_is_the_same_on_postgresql(vigie: Vigie, tmp_path: Path, postgres: URL) -> None:
    source = write(tmp_path / "in.jsonl", DEAL, COPY, VOTE, CAKE)
    administer(postgres, "CREATE DATABASE replayed")
    try:
        url = postgres.set(database="replayed").render_as_string(hide_password=False)
        assert vigie("replay", source, "--db", url, "--out", "pg.jsonl").exit_code == 0
    finally:
        administer(postgres, "DROP DATABASE replayed WITH (FORCE)")
    assert vigie("replay", source, "--db", f"sqlite:///{tmp_path}/lite.db", "--out", "lite.jsonl").exit_code == 0
    assert Path("pg.jsonl").read_bytes() == Path("lite.jsonl").read_bytes()


def administer(url: URL, command: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(command))
    engine.dispose()


def test_a_wrong_file_lists_every_fault_and_writes_nothing(vigie: Vigie, tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text(
        'not json\n{"id": "a", "title": "", "published": "yesterday", "text": "x"}\n{"id": "b", "title": ""}\n',
        encoding="utf-8",
    )
    result = vigie("replay", source, "--db", f"sqlite:///{tmp_path}/none.db", "--out", tmp_path / "out.jsonl")
    assert isinstance(result.exception, ConfigError)
    faults = "\n".join(result.exception.faults)
    assert f"{source}:1: not JSON" in faults
    assert f"{source}:2: outlet: missing" in faults
    assert f"{source}:2: published" in faults
    assert f"{source}:3: text: missing" in faults
    assert not (tmp_path / "none.db").exists()
    assert not (tmp_path / "out.jsonl").exists()


def test_what_was_found_is_listed_shown_and_exported(vigie: Vigie, tmp_path: Path) -> None:
    db = f"sqlite:///{tmp_path}/found.db"
    vigie("replay", write(tmp_path / "in.jsonl", VOTE, COPY, DEAL), "--db", db, "--out", tmp_path / "out.jsonl")
    vote, _ = lines(tmp_path / "out.jsonl")
    assert vote["signal"] in vigie("signals", "list", "--db", db, "--country", "KZ").stdout
    assert vote["signal"] not in vigie("signals", "list", "--db", db, "--theme", "eu-partnership").stdout
    shown = vigie("signals", "show", vote["signal"][:6], "--db", db).stdout
    assert VOTE["text"] in shown
    assert "evidence, distancing-moscow" in shown
    exported = [json.loads(line) for line in vigie("signals", "export", "--db", db).stdout.splitlines()]
    assert [len(row["reports"]) for row in exported] == [2, 1]
    assert vigie("signals", "export", "--db", db, "--format", "csv").stdout.startswith("signal,first_seen")
    assert "<feed" in vigie("signals", "export", "--db", db, "--format", "atom").stdout
    assert isinstance(vigie("signals", "list", "--db", db, "--theme", "nonsense").exception, ConfigError)
    with closing(sqlite3.connect(tmp_path / "found.db")) as connection:
        assert connection.execute("SELECT count(*) FROM delivery").fetchone() == (0,)


@pytest.mark.skipif(not SHARED.exists(), reason="needs the shared seed documents")
def test_the_core_themes_are_found_in_the_documents_that_the_watch_was_made_from(vigie: Vigie, tmp_path: Path) -> None:
    db = f"sqlite:///{tmp_path}/documents.db"
    files = sorted((SHARED / "seeds").glob("*.txt"))
    assert vigie("documents", "add", *files, "--db", db).exit_code == 0
    listed = [json.loads(line) for line in vigie("documents", "list", "--db", db, "--format", "jsonl").stdout.splitlines()]
    assert len(listed) == 2
    themes = {theme.split()[0] for document in listed for theme in document["themes"]}
    assert core_ids() <= themes


def test_init_writes_three_files_once(vigie: Vigie, tmp_path: Path) -> None:
    assert vigie("init").stdout.count("written") == 3
    (tmp_path / "alerts.toml").write_text("# mine\n", encoding="utf-8")
    assert vigie("init").stdout.count("left alone") == 3
    assert (tmp_path / "alerts.toml").read_text(encoding="utf-8") == "# mine\n"


def test_a_password_in_a_source_s_address_is_never_listed(vigie: Vigie, tmp_path: Path) -> None:
    (tmp_path / "sources.toml").write_text(
        '[[source]]\nid = "a"\nkind = "feed"\nurl = "https://desk:geheim@wire.example/feed"\n', encoding="utf-8"
    )
    listed = vigie("sources", "list", "--db", f"sqlite:///{tmp_path}/empty.db").stdout
    assert "https://desk:***@wire.example/feed" in listed
    assert "geheim" not in listed
