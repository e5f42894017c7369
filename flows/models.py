"""The models and themes that the settings name, opened here alone, each at first need.

Without settings they are the shipped ones. What does not fit together is refused with the command that mends it.
"""

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TypeVar
from zipfile import BadZipFile

from extractors.errors import ConfigError
from extractors.signals.pairs import PairModel, check_pair_model, load_pair_model, read_pair_model
from extractors.themes.background import BACKGROUND, Background, check_background, load_background, read_background
from extractors.themes.classify import Classifier, Head, check_head, load_head, open_classifier, read_head
from extractors.themes.encoder import NAME, RETRAIN, Encoder, encoder_of, open_encoder
from extractors.themes.own_encoder import encoder_name, read_encoder
from extractors.themes.provisional import open_likenesses
from extractors.themes.vocabulary import Theme
from flows.current import current_folder
from flows.settings import Settings
from flows.themes.files import read_themes
from storage.database import Database
from storage.readings import stored_models

HEAD, PAIRS = "head.npz", "pairs.json"

Model = TypeVar("Model")


class Models:
    """Encoder, head, pair model and own themes of one configuration; nothing is read before it is asked for."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def encoder_name(self) -> str:
        """The encoder's name, without loading it."""
        return encoder_name(self.settings.encoder) if self.settings.encoder else NAME

    @cached_property
    def encoder(self) -> Encoder:
        """The encoder: of `VIGIE_ENCODER`, else the shipped one, built into the cache where it is missing."""
        if self.settings.encoder:
            return read_encoder(self.settings.encoder)
        return open_encoder(self.settings.cache, lambda line: sys.stderr.write(f"{line}\n"))

    @cached_property
    def folder(self) -> Path | None:
        """The current one in `VIGIE_MODEL`, looked up once: head and pair model are of one training. None: the shipped."""
        return current_folder(self.settings.model)

    @cached_property
    def head(self) -> Head:
        """The head: of `VIGIE_MODEL`, else the shipped one. Raises ConfigError where it is not the encoder's."""
        folder = self.folder
        head = _read(folder / HEAD, lambda file: read_head(file.read_bytes())) if folder else load_head()
        check_head(head, self.encoder_name)
        return head

    @cached_property
    def pairs(self) -> PairModel:
        """The pair model: of `VIGIE_MODEL`; without it, or where its corpus told no events, the shipped one."""
        folder = self.folder
        if folder and (folder / PAIRS).exists():
            model = _read(folder / PAIRS, lambda file: read_pair_model(file.read_text(encoding="utf-8")))
        else:
            model = load_pair_model()
        check_pair_model(model, self.encoder_name)
        return model

    @cached_property
    def themes(self) -> tuple[Theme, ...]:
        """The themes of the operator's own, of `VIGIE_THEMES`. Raises ConfigError with every fault of theirs."""
        return read_themes(self.settings.themes)

    @cached_property
    def provisional(self) -> tuple[Theme, ...]:
        """Those of them that the head does not know. Raises ConfigError where the background is not the encoder's."""
        unknown = tuple(theme for theme in self.themes if theme.id not in self.head.themes)
        if unknown:
            check_background(self.background, self.encoder_name)
        return unknown

    @cached_property
    def background(self) -> Background:
        """What likeness is measured against: of `VIGIE_MODEL`, where it holds one, else the shipped one."""
        file = self.folder / BACKGROUND if self.folder else None
        if file and file.exists():
            return _read(file, lambda found: read_background(found.read_bytes()))
        return load_background()

    @cached_property
    def classifier(self) -> Classifier:
        """Encoder and head, loaded, with the examples of the provisional themes."""
        head, provisional = self.head, self.provisional  # the cheap ones first: where one is refused, nothing is loaded
        own = open_likenesses(self.encoder, self.background, provisional) if provisional else ()
        return replace(open_classifier(self.encoder, head), own=own)

    def check(self) -> None:
        """Raise ConfigError with every fault. An encoder of one's own is loaded for it; the shipped one is not."""
        if self.settings.encoder:
            _ = self.encoder  # alone: what is wrong with it would be said of head and pair model again
        faults: list[str] = []
        for look in (lambda: self.head, lambda: self.pairs, lambda: self.provisional):
            try:
                look()
            except ConfigError as error:
                faults += error.faults
        if faults:
            raise ConfigError(tuple(dict.fromkeys(faults)))

    def check_stored(self, database: Database) -> None:
        """Raise ConfigError where readings of another encoder are stored: this one's vectors compare with none of them."""
        others = sorted({encoder_of(version) for version in stored_models(database)} - {"", self.encoder_name})
        if others:
            raise ConfigError(
                f"the stored readings are of the encoder {', '.join(others)}, not of {self.encoder_name}: "
                f"run `vigie reclassify`, which reads them again"
            )


def _read(file: Path, read: Callable[[Path], Model]) -> Model:
    try:
        return read(file)
    except OSError as error:
        raise ConfigError(f"VIGIE_MODEL: {file}: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
        raise ConfigError(f"VIGIE_MODEL: {file}: not as `vigie train` writes it: {RETRAIN}") from error
