"""Reference documents from the command line: added, listed, echoed by signals and told in alerts, removed."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from fpdf import FPDF
from typer.testing import CliRunner, Result

from alerts.rules import Rule
from extractors.errors import ConfigError
from extractors.signals.pairs import load_pair_model
from extractors.themes.background import load_background
from extractors.themes.classify import Classifier
from extractors.themes.vocabulary import core_ids
from extractors.types import Report
from flows.cli import app
from flows.documents import embed_sentences
from flows.echoes import echo_records, load_references
from flows.finder import Finder
from flows.models import Models
from flows.settings import read_settings
from flows.tell import tell
from storage.database import Database, open_database

NOW = datetime(2025, 3, 2, 10, tzinfo=UTC)
NOTE = """À l'Assemblée générale des Nations unies, le Kazakhstan s'est abstenu chaque fois que l'on votait contre la guerre que la Russie \
mène en Ukraine, et Astana ne reconnaît pas les régions que Moscou a annexées. Son président l'a redit devant celui de la Russie, au \
forum de Saint-Pétersbourg : le Kazakhstan prend ses distances avec Moscou, refuse de l'aider à contourner les sanctions et cherche, \
pour son pétrole, des routes qui évitent le territoire russe.

L'Ouzbékistan et l'Union européenne ont signé à Bruxelles un accord de partenariat renforcé, après six ans de négociations, qui \
porte sur les matières premières critiques, le commerce et la coopération douanière. La Commission européenne a promis à Tachkent \
trois milliards d'euros pour les routes, les câbles et les mines, et le président ouzbek a invité celle de la Commission à Samarcande.

La Chine prête de quoi construire le chemin de fer qui traversera le Kirghizstan ; les rails et les ateliers viennent de Pékin, et le \
président chinois en a parlé à Xi'an avec ceux du Kirghizstan et de l'Ouzbékistan. La dette du Kirghizstan envers la banque chinoise \
de l'export-import dépasse quatre milliards de dollars, et les députés de Bichkek demandent ce que vaudra la ligne.

L'Organisation de coopération de Shanghai a ouvert à Tachkent le siège de sa structure antiterroriste, et ses États membres, dont le \
Kazakhstan et l'Ouzbékistan, y mettent en commun les noms de ceux qu'ils recherchent. Le conseil de la structure se réunit deux fois \
l'an, prépare les exercices des membres et rend compte au sommet de l'organisation, qui se tient chaque été dans une autre capitale.
"""
VOTE = {
    "id": "vote", "outlet": "wire.example", "published": "2025-03-02T10:00:00Z", "title": "Astana abstains",
    "text": "Kazakhstan abstained when the UN General Assembly condemned Russia's annexation of four Ukrainian regions, its delegate said.",
}  # fmt: skip

Vigie = Callable[..., Result]


@pytest.fixture
def vigie(encoder_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Vigie:
    """The command line in an empty folder, with the built encoder and one database."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VIGIE_CACHE", str(encoder_cache))
    monkeypatch.setenv("VIGIE_DB", f"sqlite:///{tmp_path}/vigie.db")
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def note(tmp_path: Path) -> Path:
    path = tmp_path / "note-2022.txt"
    path.write_text(NOTE, encoding="utf-8")
    return path


def rows(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_signal_tells_which_passage_of_which_document_it_echoes(vigie: Vigie, note: Path, tmp_path: Path) -> None:
    stream = tmp_path / "in.jsonl"
    stream.write_text(json.dumps(VOTE), encoding="utf-8")
    vigie("replay", stream, "--db", f"sqlite:///{tmp_path}/vigie.db", "--out", tmp_path / "out.jsonl")
    assert "note-2022.txt" in vigie("documents", "add", note).stdout

    (listed,) = rows(vigie("documents", "list", "--format", "jsonl"))
    assert (listed["name"], listed["lang"], listed["echoed_by"]) == ("note-2022.txt", "fr", 1)
    assert "distancing-moscow" in str(listed["themes"])
    (signal,) = rows(vigie("signals", "list", "--format", "jsonl"))
    echo = signal["echoes"][0]
    assert echo["document"] == "note-2022.txt"
    assert NOTE[echo["start"] :].startswith(echo["text"])
    assert echo["quote"].startswith("À l'Assemblée générale")
    assert rows(vigie("signals", "export"))[0]["echoes"] == signal["echoes"]
    shown = vigie("signals", "show", signal["signal"]).stdout
    assert f"echoes note-2022.txt at {echo['start']}, likeness {echo['likeness']:.2f}\n{echo['quote']}" in shown

    assert vigie("documents", "remove", "note-2022.txt").exit_code == 0
    assert vigie("documents", "list").stdout == ""
    assert rows(vigie("signals", "list", "--format", "jsonl"))[0]["echoes"] == []


def test_an_alert_tells_it(
    vigie: Vigie, note: Path, classifier: Classifier, make_report: Callable[..., Report], tmp_path: Path
) -> None:
    vigie("documents", "add", note)
    database = open_database(f"sqlite:///{tmp_path}/vigie.db")
    with database.read() as session:
        references = load_references(session, Models(read_settings()))
    database.close()
    (reading,) = classifier.read([(VOTE["title"], VOTE["text"])])
    assert reading
    watch = Finder(72.0, core_ids(), load_pair_model())
    watch.echo = lambda reports: echo_records(reports, references)
    placed = watch.add(make_report(title=VOTE["title"], text=VOTE["text"], reading={
        "scores": reading.scores, "labels": reading.labels, "countries": reading.countries, "vector": reading.vector,
        "evidence": reading.evidence, "model": reading.model,
    }))  # fmt: skip

    (delivery,) = tell(watch, placed.known, "new", [Rule("all", "desk")], {"desk": Desk()}, {}, NOW)

    assert delivery.payload["echoes"][0]["document"] == "note-2022.txt"


def test_a_watch_without_documents_reads_no_model_for_them(database: Database) -> None:
    with database.read() as session:
        assert load_references(session, Models(read_settings())) is None


def test_a_pdf_is_a_document(vigie: Vigie, tmp_path: Path) -> None:
    paper = FPDF()
    paper.add_font("body", fname=str(files("font_roboto").joinpath("files/Roboto-Regular.ttf")))
    paper.set_font("body", size=11)
    paper.add_page()
    paper.multi_cell(0, 6, NOTE)
    paper.output(str(tmp_path / "note.pdf"))

    assert vigie("documents", "add", tmp_path / "note.pdf").exit_code == 0
    (listed,) = rows(vigie("documents", "list", "--format", "jsonl"))
    assert (listed["name"], listed["lang"]) == ("note.pdf", "fr")
    assert {"eu-partnership 1", "distancing-moscow 1"} <= set(listed["themes"])


def test_every_file_that_cannot_be_read_is_named_and_nothing_is_stored(vigie: Vigie, note: Path, tmp_path: Path) -> None:
    locked, half, scan, twin = (tmp_path / name for name in ("locked.pdf", "half.pdf", "scan.pdf", "a/note-2022.txt"))
    twin.parent.mkdir()
    twin.write_text(NOTE, encoding="utf-8")
    for path, password in ((locked, "geheim"), (scan, "")):
        paper = FPDF()
        if password:
            paper.set_encryption(owner_password="owner", user_password=password)
        paper.add_page()
        paper.output(str(path))
    half.write_bytes(scan.read_bytes()[:200])

    result = vigie("documents", "add", note, twin, tmp_path / "gone.txt", locked, half, scan)

    assert isinstance(result.exception, ConfigError)
    assert [fault.removeprefix(f"{tmp_path}/") for fault in result.exception.faults] == [
        "note-2022.txt: another file of this call has that name, by which documents are told apart",
        "a/note-2022.txt: another file of this call has that name, by which documents are told apart",
        "gone.txt: No such file or directory",
        "locked.pdf: it is encrypted; save it without its password first",
        "half.pdf: it is no whole PDF",
        "scan.pdf: there is no text in it",
    ]
    assert vigie("documents", "list").stdout == ""


def test_a_document_that_is_not_there_cannot_be_removed(vigie: Vigie) -> None:
    assert isinstance(vigie("documents", "remove", "note.txt").exception, ConfigError)


def test_sentences_are_parts_of_their_passage_and_short_ones_say_nothing(classifier: Classifier) -> None:
    found = embed_sentences(classifier.encoder, {0: "Oui. " + NOTE.split("\n\n")[3].partition(". ")[0], 90: "Non."})

    ((only,),) = found.values()
    assert list(found) == [0]
    assert only.vector.shape == load_background().mean.shape


class Desk:
    """A channel of one recipient."""

    name, targets = "desk", ("",)
