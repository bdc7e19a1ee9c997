"""The one exception that carries a sentence for the user."""


class InputError(ValueError):
    """What the user gave cannot be used; ``str(error)`` is one plain sentence.

    The sentence is kept as a template and its values, so that a page can show it in another language.

    >>> str(InputError("Column {column} is empty.", column="age"))
    'Column age is empty.'
    """

    def __init__(self, template: str, **values: object) -> None:
        self.template = template
        self.values = values
        super().__init__(template.format(**values))


def join_names(names: list[str] | tuple[str, ...], limit: int = 8) -> str:
    """``a, b, c and 12 more``: names for a sentence, never a wall of them."""
    shown = [shorten(name) for name in names[:limit]]
    rest = len(names) - len(shown)
    return ", ".join(shown) + (f" and {rest} more" if rest else "")


def shorten(text: str, width: int = 40) -> str:
    """Cut ``text`` in the middle to at most ``width`` characters, on one line."""
    text = " ".join(str(text).split())
    if len(text) <= width:
        return text
    head = (width - 1) // 2
    return f"{text[:head]}…{text[len(text) - (width - 1 - head) :]}"


def spaced(count: int) -> str:
    """A whole number with thin spaces between its thousands: ``1 204 331``."""
    return f"{count:,}".replace(",", "\u2009")
