"""Reading what a page shows in AppTest."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def words(app: AppTest) -> str:
    """All sentences on a page, one per line."""
    parts = (app.title, app.subheader, app.markdown, app.caption, app.info, app.warning, app.error, app.page_link)
    return "\n".join(str(element.value) for part in parts for element in part)


def charts(app: AppTest) -> int:
    """How many charts are on a page."""
    return len(app.get("vega_lite_chart"))


def is_well(app: AppTest) -> bool:
    """Whether the page has neither an exception nor an error or a warning."""
    return not app.exception and not app.error and not app.warning
