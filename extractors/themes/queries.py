"""Boolean keyword queries, one a theme, from `data/queries.toml`: the baseline that needs no learning. Measures nothing."""

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from extractors.themes.actors import Gazetteer, compile_gazetteer
from extractors.themes.features import said_in


@dataclass(frozen=True, slots=True)
class Queries:
    """`groups` holds the compiled words of each group; `needs` says which groups a theme asks for, all of them."""

    groups: Mapping[str, Gazetteer]
    needs: Mapping[str, tuple[str, ...]]

    def themes_in(self, title: str, text: str) -> frozenset[str]:
        """The themes whose query holds for title and text together."""
        said = said_in(title, text)
        found = {name for name, words in self.groups.items() if words.find(said)}
        return frozenset(theme for theme, needs in self.needs.items() if found.issuperset(needs))


@functools.cache
def load_queries() -> Queries:
    """Read and compile `data/queries.toml`."""
    data = tomllib.loads(files("extractors").joinpath("data/queries.toml").read_text(encoding="utf-8"))
    # a gazetteer a group: in one of all groups a longer name of one would hide a shorter name of another
    groups = {group["id"]: compile_gazetteer([group]) for group in data["group"]}
    return Queries(groups, {query["theme"]: tuple(query["all"]) for query in data["query"]})
