"""The pages, their titles and paths, and how one leads to another."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

import streamlit as st

from ..training.run_store import Run
from .words import _

PAGES_FOLDER = Path(__file__).resolve().parents[2] / "pages"
# name -> title, icon, what it is for
PAGES: dict[str, tuple[str, str, str]] = {
    "home": ("Home", ":material/home:", "Start here: three models, three pictures."),
    "data": ("Data", ":material/table_chart:", "Bring a table, or sample one, and say what its columns are."),
    "train": ("Train", ":material/play_circle:", "Choose a model, train it, and watch it learn."),
    "interactions": ("Interactions", ":material/grid_on:", "Which pairs of fields matter together."),
    "attention": ("Attention", ":material/visibility:", "Which past clicks explain this one."),
    "predictions": (
        "Predictions",
        ":material/query_stats:",
        "What one prediction is made of, and what would change it.",
    ),
    "evaluate": ("Evaluate", ":material/speed:", "How good the predictions are, and where they are off."),
    "runs": ("Runs", ":material/list_alt:", "Every run, side by side."),
}


def page_of(name: str) -> Any:
    """The page called ``name`` for navigation and links."""
    title, icon, help = PAGES[name]
    return st.Page(
        PAGES_FOLDER / f"{name}.py",
        title=_(title),
        icon=icon,
        help=_(help),
        url_path="" if name == "home" else name,
        default=name == "home",
    )


def go_to(name: str, run: Run | None = None) -> NoReturn:
    """Switch to a page, on a run if one is given."""
    st.switch_page(page_of(name), query_params={"run": run.id} if run else None)


def link_to(name: str, label: str, run: Run | None = None, icon: str | None = None) -> None:
    """A link to a page, on a run if one is given."""
    st.page_link(page_of(name), label=label, icon=icon or PAGES[name][1], query_params={"run": run.id} if run else None)


def picture_page(family: str) -> str:
    """The page that shows what a model of that family learned."""
    return "attention" if family == "din" else "interactions"
