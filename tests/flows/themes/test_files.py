"""Themes of one's own as TOML: what they mean, what is left out, and every fault with its file, line and field."""

from collections.abc import Callable
from pathlib import Path

import pytest

from extractors.errors import ConfigError
from extractors.themes.vocabulary import load_themes
from flows.themes.files import own_ids, parse_theme, read_themes

Make = Callable[..., str]


def faults(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse_theme(text, "water.toml")
    return list(caught.value.faults)


def test_a_theme_has_a_name_a_definition_examples_and_counter_examples(water: str) -> None:
    theme = parse_theme(water, "water.toml")
    assert (theme.id, theme.core) == ("water", False)
    assert theme.definition.startswith("States of the region share")
    assert [example.holds for example in theme.examples] == [True] * 5 + [False] * 5
    assert (theme.examples[2].lang, theme.examples[2].text[:9]) == ("ru", "Казахстан")


def test_a_label_that_is_left_out_is_the_english_one(water: str) -> None:
    labels = parse_theme(water, "water.toml").labels
    assert labels == {"en": "Water and dams", "fr": "Water and dams", "ru": "Вода"}


def test_a_built_in_theme_has_the_same_form_and_only_its_name_is_taken() -> None:
    folder = Path(__file__).parents[3] / "extractors" / "data" / "themes"
    text = (folder / "regional-conflict.toml").read_text(encoding="utf-8")
    assert faults(text) == ["water.toml:1: id: 'regional-conflict' is a built-in theme"]
    theme = parse_theme(text.replace('"regional-conflict"', '"trouble"'), "trouble.toml")
    assert theme.examples == next(theme for theme in load_themes() if theme.id == "regional-conflict").examples


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('id = "water"', 'id = "Water & dams"', "water.toml:1: id: must be small letters a to z, digits and dashes"),
        ('id = "water"', 'id = ""', "water.toml:1: id: must be small letters a to z, digits and dashes"),
        ('id = "water"\n', "", "water.toml:1: id: missing"),
        ('id = "water"\n', 'id = "water"\ncolour = "blue"\n', "water.toml:2: colour: unknown field"),
        ('id = "water"\n', 'id = "water"\ncore = true\n',
         "water.toml:2: core: a theme of your own is never core: name it in a rule to be told of it"),
        ('definition = "States of the region share, dispute or dam the rivers that they have in common."\n', "",
         "water.toml:1: definition: missing"),
        ('en = "Water and dams"\n', "", "water.toml:4: label.en: missing"),
        ('en = "Water and dams"', 'en = " "', "water.toml:5: label.en: must not be empty"),
        ('ru = "Вода"', 'de = "Wasser"', "water.toml:6: label.de: unknown field"),
        ('lang = "fr"\ntext = "Le T', 'lang = "French"\ntext = "Le T',
         'water.toml:21: [[example]] 4: lang: must be an ISO 639-1 code, such as "kk"'),
        ('lang = "fr"\ntext = "Le T', 'text = "Le T', "water.toml:20: [[example]] 4: lang: missing"),
        ('lang = "fr"\ntext = "Le K', 'lang = "fr"\nsource = "x"\ntext = "Le K',
         "water.toml:42: [[counter_example]] 4: source: unknown field"),
        ('text = "Паводок', 'texte = "Паводок', "water.toml:36: [[counter_example]] 3: text: missing"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_line_and_field(water: str, old: str, new: str, said: str) -> None:
    assert old in water
    assert said in faults(water.replace(old, new, 1))


def test_too_few_examples_and_what_is_wrong_with_them_are_told_together(make_theme: Make) -> None:
    text = make_theme(holds=(("en", " "),), differs=())
    assert faults(text) == [
        "water.toml:1: counter_example: at least 5 are needed, there are 0",
        "water.toml:8: example: at least 5 are needed, there is 1",
        "water.toml:10: [[example]] 1: text: must not be empty",
    ]


def test_a_text_stands_once(make_theme: Make) -> None:
    text = make_theme(differs=(*(("en", f"Counter-example {n}.") for n in range(4)), ("en", "Example  0.")),
                      holds=tuple(("en", f"Example {n}.") for n in range(5)))  # fmt: skip
    assert faults(text) == ["water.toml:46: [[counter_example]] 5: text: stands twice"]


def test_what_is_no_toml_is_told_with_its_line() -> None:
    assert faults('id = "water"\nlabel = {')[0].startswith("water.toml:2: not TOML")


def test_the_faults_of_all_files_are_told(tmp_path: Path, water: str) -> None:
    (tmp_path / "a.toml").write_text(water, encoding="utf-8")
    (tmp_path / "b.toml").write_text(water, encoding="utf-8")
    (tmp_path / "c.toml").write_text('id = "c"\n', encoding="utf-8")
    (tmp_path / "notes.txt").write_text("no theme", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_themes(tmp_path)
    assert caught.value.faults == (
        f"{tmp_path}/b.toml:1: id: 'water' is also in {tmp_path}/a.toml",
        f"{tmp_path}/c.toml:1: definition: missing",
        f"{tmp_path}/c.toml:1: label: missing",
        f"{tmp_path}/c.toml:1: example: at least 5 are needed, there are 0",
        f"{tmp_path}/c.toml:1: counter_example: at least 5 are needed, there are 0",
    )
    assert own_ids(tmp_path) == ("c", "water", "water")  # what may be named, before what it says is judged


def test_without_a_folder_there_are_no_themes_of_ones_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, water: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_themes(None) == ()
    assert own_ids(None) == ()
    (tmp_path / "themes").mkdir()
    assert read_themes(None) == ()
    (tmp_path / "themes" / "water.toml").write_text(water, encoding="utf-8")
    assert [theme.id for theme in read_themes(None)] == ["water"]
    with pytest.raises(ConfigError, match="VIGIE_THEMES: elsewhere: no such folder"):
        read_themes(Path("elsewhere"))
