"""Tables put into the Data page, and widgets found on it."""

from __future__ import annotations

from typing import Any

from streamlit.testing.v1 import AppTest


def upload(app: AppTest, content: bytes | str, name: str = "clicks.csv") -> AppTest:
    """Put a file in."""
    app.file_uploader(key="data-upload").upload(name, content.encode() if isinstance(content, str) else content)
    return app.run()


def table(header: str, *cells: str, rows: int = 300) -> str:
    """A CSV whose cells are templates over the row's number i."""
    lines = [
        ",".join(cell.format(i=i, two=i % 2, three=i % 3, seven=i % 7, third=int(i % 3 == 0)) for cell in cells)
        for i in range(rows)
    ]
    return "\n".join([header, *lines])


def select(app: AppTest, start: str) -> Any:
    """The selectbox whose key begins so."""
    return next(box for box in app.selectbox if box.key.startswith(start))


def edit(app: AppTest, row: int, **cells: str) -> AppTest:
    """Change cells of one row in the table of columns."""
    editor = next(key for key in app.session_state.keys() if str(key).startswith("data-columns"))  # noqa: SIM118
    app.session_state[editor] = {"edited_rows": {row: cells}, "added_rows": [], "deleted_rows": []}
    return app.run()


def pressed(app: AppTest, start: str) -> AppTest:
    """Press the button whose key begins so."""
    return next(button for button in app.button if button.key.startswith(start)).click().run()


def keys(app: AppTest) -> set[str]:
    """The keys of all buttons."""
    return {button.key for button in app.button}


CLICKS = table("click,site,price", "{two}", "s{seven}", "{i}.5")
