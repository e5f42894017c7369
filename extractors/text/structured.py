"""What a page says of itself to machines: the objects of its JSON-LD, whatever they are nested in. Judges nothing."""

import json
from collections.abc import Iterator
from typing import Any

from lxml.html import HtmlElement

DEEPEST = 12


def structured_data(tree: HtmlElement) -> Iterator[dict[str, Any]]:
    """Every object of the page's schema.org data, the outer ones first; what is no JSON is passed over."""
    for script in tree.xpath('//script[@type="application/ld+json"]'):
        try:
            data = json.loads(script.text or "", strict=False)  # line breaks within strings are common
        except (ValueError, RecursionError):
            continue
        yield from _objects(data, DEEPEST)


def is_a(item: dict[str, Any], kind: str) -> bool:
    """Whether an object is of a schema.org type; it may be of several."""
    types = item.get("@type")
    return kind in (types if isinstance(types, list) else [types])


def _objects(data: Any, depth: int) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - JSON
    if isinstance(data, dict):
        yield data
        data = list(data.values())
    if isinstance(data, list) and depth:
        for item in data:
            yield from _objects(item, depth - 1)
