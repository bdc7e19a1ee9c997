"""The catalogue of words, the escaping of names, and that no page speaks past them."""

from __future__ import annotations

import ast
import json
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctr_app.data.errors import InputError
from ctr_app.ui import words
from ctr_app.ui.words import _, error_text, plain
from tests.paths import REPOSITORY

from .conftest import OpenPage

SCREEN_FILES = sorted([*(REPOSITORY / "ctr_app" / "ui").glob("*.py"), *(REPOSITORY / "pages").glob("*.py")])
# What of a call's arguments a person reads, by the name of the function called.
FIRST = {
    *("title", "header", "subheader", "markdown", "caption", "text", "write", "badge", "titled", "empty_state"),
    *("info", "warning", "error", "success", "spinner", "toast", "metric", "expander", "popover"),
    *("button", "download_button", "link_button", "radio", "toggle", "checkbox", "slider", "segmented_control"),
    *("selectbox", "multiselect", "pills", "number_input", "text_input", "text_area", "file_uploader"),
    *("TextColumn", "NumberColumn", "ProgressColumn", "SelectboxColumn", "DatetimeColumn", "ListColumn"),
}
SECOND = ("link_to", "progress")
NAMED = ("label", "help", "placeholder", "alt", "title", "subtitle", "text", "body")
# Calls whose answer may be shown: translated, escaped, or a number in words.
SAFE_CALLS = ("_", "plain", "error_text", "label_of", "run_label", "spaced", "duration", "count", "shorten", "_shown")
# Names that are the same in every language.
SAME_EVERYWHERE = {"AUC", "GAUC", "FM", "DCN-V2", "CTR Lens"}


@pytest.fixture
def chinese(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A catalogue with a few sentences, and the server set to its language."""
    catalogue = {
        "Train": "训练",
        "{rows} rows": "{rows} 行",
        "No runs yet. Press one of the buttons above, or train a model on a table of your own.": "还没有训练。",
        "Column {column} is empty.": "{column} 列是空的。",
    }
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "zh.json").write_text(json.dumps(catalogue), encoding="utf-8")
    monkeypatch.setattr(words, "CATALOGUES", tmp_path / "words")
    monkeypatch.setenv("CTR_LENS_LANGUAGE", "zh")
    words.catalogue.cache_clear()
    yield
    words.catalogue.cache_clear()


@pytest.mark.usefixtures("chinese")
def test_a_sentence_of_the_catalogue_is_translated_and_keeps_its_placeholders() -> None:
    assert _("Train") == "训练"
    assert _("{rows} rows", rows=7) == "7 行"
    assert error_text(InputError("Column {column} is empty.", column="age")) == "age 列是空的。"


@pytest.mark.usefixtures("chinese")
def test_what_the_catalogue_lacks_is_shown_in_english() -> None:
    assert _("Data") == "Data"
    assert _("{count} more", count=3) == "3 more"


@pytest.mark.usefixtures("chinese")
def test_pages_speak_the_language_of_the_server(open_page: OpenPage) -> None:
    app = open_page("home")
    assert not app.exception
    assert "还没有训练。" in [caption.value for caption in app.caption]


@pytest.mark.parametrize("code", ["en", "xx", "../zh", "zh/../../x", "", "ZH"])
def test_a_language_without_a_catalogue_is_english(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    monkeypatch.setenv("CTR_LENS_LANGUAGE", code)
    assert words.catalogue(code) == {}
    assert _("Train") == "Train"


def test_a_sentence_without_values_keeps_its_braces() -> None:
    assert _("a {b} c") == "a {b} c"


@pytest.mark.parametrize(
    ("name", "escaped"),
    [
        ("a_b", r"a\_b"),
        ("![](http://x/y.png)", r"\!\[\]\(http\://x/y.png\)"),
        ("<b>bold</b>", r"\<b\>bold\</b\>"),
        (":red[x]", r"\:red\[x\]"),
        ("$x^2$", r"\$x^2\$"),
        ("# title", r"\# title"),
        ("back\\slash", "back\\\\slash"),
        ("two\n\nlines", "two lines"),
        ("&lt;", r"\&lt;"),
        ("🦊 ☃ עמודה", "🦊 ☃ עמודה"),
        (3, "3"),
    ],
)
def test_a_name_from_data_is_escaped(name: object, escaped: str) -> None:
    assert plain(name) == escaped


@given(st.text())
def test_escaping_keeps_every_character_and_leaves_no_markup_bare(name: str) -> None:
    escaped = plain(name)
    assert re.sub(r"\\([^\w\s]|_)", r"\1", escaped) == " ".join(name.split())
    assert not re.search(r"[`*_{}\[\]()<>#!|~$:&]", re.sub(r"\\([^\w\s]|_)", "", escaped))
    assert "\n" not in escaped


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Every call in a file with the last part of the function's name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func).rpartition(".")[2], node


def shown(name: str, call: ast.Call) -> Iterator[ast.expr]:
    """The arguments of a call that a person reads."""
    if name in FIRST and call.args:
        yield call.args[0]
    if name in SECOND and len(call.args) > 1:
        yield call.args[1]
    if name not in SAFE_CALLS:
        yield from (keyword.value for keyword in call.keywords if keyword.arg in NAMED)


def bare_words(node: ast.expr) -> list[str]:
    """Words in an expression that come neither from the catalogue nor through ``plain``."""
    if isinstance(node, ast.Constant):
        text = re.sub(r":material/\w*:?|:[\w-]+\[|:\w+:", "", node.value) if isinstance(node.value, str) else ""
        is_column = re.fullmatch(r"\w+:[NOQT]", text)  # of a chart's own frame
        return [text] if re.search(r"[^\W\d_]", text) and not is_column and text not in SAME_EVERYWHERE else []
    if isinstance(node, ast.JoinedStr | ast.BinOp | ast.IfExp | ast.BoolOp | ast.FormattedValue):
        parts = [node.body, node.orelse] if isinstance(node, ast.IfExp) else list(ast.iter_child_nodes(node))
        return [word for part in parts if isinstance(part, ast.expr) for word in bare_words(part)]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "join":
        return bare_words(node.func.value)
    return []


@pytest.mark.parametrize("path", SCREEN_FILES, ids=lambda path: path.stem)
def test_every_word_on_screen_comes_from_the_catalogue(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    bare = {
        call.lineno: found for name, call in calls(tree) for node in shown(name, call) if (found := bare_words(node))
    }
    assert bare == {}


@pytest.mark.parametrize("path", SCREEN_FILES, ids=lambda path: path.stem)
def test_every_placeholder_of_a_sentence_has_its_value(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for name, call in calls(tree):
        if name == "_" and call.args and isinstance(call.args[0], ast.Constant):
            sentence = call.args[0].value
            asked = {field for _text, field, _spec, _conversion in string.Formatter().parse(sentence) if field}
            given = {keyword.arg for keyword in call.keywords}
            assert asked == given, (call.lineno, sentence)
        if name == "_" and call.args:
            assert not isinstance(call.args[0], ast.JoinedStr), (call.lineno, "an f-string is in no catalogue")


@pytest.mark.parametrize(
    ("source", "bare"),
    [
        ('st.title("Data")', ["Data"]),
        ('st.title(_("Data"))', []),
        ('st.markdown(f"**{_(word)}** and more")', ["** and more"]),
        ('st.markdown(f"**{plain(name)}** · {plain(x)}")', []),
        ('left.button("Go" if ready else _("Wait"))', ["Go"]),
        ('st.metric(_("AUC"), "0.9", help="what it is")', ["what it is"]),
        ('st.info(_("A") + " or B")', [" or B"]),
        ('st.badge(f":material/check: {_(state)}")', []),
        ('link_to("data", "Go to Data")', ["Go to Data"]),
        ('charts.titled(sentence, subtitle="in logits")', ["in logits"]),
        ('st.dataframe(frame, column_config={"a": st.column_config.NumberColumn("AUC")})', []),
    ],
)
def test_a_word_past_the_catalogue_is_found(source: str, bare: list[str]) -> None:
    found = [word for name, call in calls(ast.parse(source)) for node in shown(name, call) for word in bare_words(node)]
    assert found == bare
