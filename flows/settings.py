"""The settings: `VIGIE_*` and `vigie.toml`, read once, here alone. The environment wins."""

import os
import re
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from extractors.errors import ConfigError
from extractors.web.polite import parse_shard
from flows.tables import line_of

FILE = "vigie.toml"


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vigie"


def _networks(value: object) -> object:
    if isinstance(value, str):
        return tuple(ip_network(part.strip()) for part in value.split(",") if part.strip())
    return value


def parse_keep(value: object) -> timedelta | None:
    """How long pages are kept, None for ever. Raises ValueError for what is neither days, weeks nor `forever`."""
    if value is None or value == "forever":
        return None
    if isinstance(value, timedelta):
        return value
    match = re.fullmatch(r"(\d{1,5})([dw])", value) if isinstance(value, str) else None
    if match is None or not int(match[1]):
        raise ValueError('must be "forever", or a number of days or weeks such as "90d" or "26w"')
    return timedelta(days=int(match[1]) * (7 if match[2] == "w" else 1))


def _shard(value: str) -> str:
    parse_shard(value)
    return value


class Settings(BaseSettings):
    """What the operator decided. Every field is `VIGIE_<NAME>` in the environment and `<name>` in vigie.toml."""

    model_config = SettingsConfigDict(
        env_prefix="VIGIE_", toml_file=FILE, extra="forbid", frozen=True, env_ignore_empty=True
    )

    db: str = "sqlite:///vigie.db"
    sources: Path | None = None
    alerts: Path | None = None
    contact: str = Field(default="", pattern=r"^[\x20-\x7e]*$")  # it goes into a header
    cache: Annotated[Path, AfterValidator(Path.expanduser)] = Field(default_factory=_cache)
    encoder: Annotated[Path, AfterValidator(Path.expanduser)] | None = None
    model: Annotated[Path, AfterValidator(Path.expanduser)] | None = None
    themes: Annotated[Path, AfterValidator(Path.expanduser)] | None = None
    snapshots: Path = Path("vigie-snapshots")
    keep_snapshots: Annotated[timedelta | None, NoDecode, BeforeValidator(parse_keep)] = None
    home: Path = Path(".vigie")
    fresh_hours: float = Field(default=72.0, gt=0, le=1e6)
    max_failed: float = Field(default=1.0, ge=0, le=1)
    allowed_networks: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(_networks)] = ()
    host_spacing: float = Field(default=0.5, ge=0, allow_inf_nan=False)
    timeout: float = Field(default=45.0, gt=0, allow_inf_nan=False)
    host_pages: int = Field(default=100, gt=0)
    run_pages: int = Field(default=5000, gt=0)
    run_megabytes: int = Field(default=1000, gt=0)
    shard: Annotated[str, AfterValidator(_shard)] = "1/1"
    cron: str = "*/15 * * * *"
    board: str = Field(default="", pattern=r"^(https?://[\x21-\x7e]+)?$")  # it goes into alerts
    port: int = Field(default=4200, gt=0, lt=65536)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then vigie.toml."""
        _ = dotenv_settings, file_secret_settings
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def read_settings(**given: object) -> Settings:
    """Read the settings. Raises ConfigError with every fault, each naming its setting."""
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        raise ConfigError([_fault(item) for item in error.errors()]) from error
    except (OSError, ValueError) as error:  # tomllib's and Unicode's decode errors are ValueErrors
        raise ConfigError(f"{FILE}: {error}") from error


def _fault(item: object) -> str:
    location, kind, message = item["loc"], item["type"], item["msg"]  # type: ignore[index]
    name = str(location[0])
    message = message.removeprefix("Value error, ") if kind != "extra_forbidden" else "unknown setting"
    if f"VIGIE_{name.upper()}" in os.environ:
        return f"VIGIE_{name.upper()}: {message}"
    file = Path(FILE)
    line = line_of(name, file.read_text(encoding="utf-8").splitlines()) if file.exists() else 1
    return f"{FILE}:{line}: {name}: {message}"
