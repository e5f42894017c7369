"""Numbers with their nouns, as people read them. Knows what no noun means."""


def counted(number: int, one: str, many: str = "") -> str:
    """`1 entry`, `2 entries`; the plural is the singular and an s, unless it is given."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"
