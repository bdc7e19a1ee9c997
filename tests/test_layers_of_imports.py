"""Each layer imports only those below it; what reads, draws or runs foreign code does so in one place or nowhere."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# From the bottom to the top; a file belongs to the longest of these that its path begins with.
LAYERS = (
    "ctr_app/__init__.py",
    "ctr_app/data",
    "ctr_app/models",
    "ctr_app/training",
    "ctr_app/explain",
    "ctr_app/cli",
    "ctr_app/__main__.py",
    "ctr_app/ui",
    "pages",
    "app.py",
)
# The last two speak with a server as a browser does, in Streamlit's own messages, and run the Data page to time it.
MAY_IMPORT_STREAMLIT = ("ctr_app/ui", "pages", "app.py", "benchmarks/browser_tab.py", "benchmarks/table_parts.py")
SESSION_STATE = "ctr_app/ui/state.py"
UNSAFE_MODULES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
# Its purpose is to time code blocks that the user has; the app does not import it.
RUNS_NOTEBOOKS = "benchmarks/peers/tutorial.py"
UNSAFE_CALLS = {"eval", "exec", "torch.load"}
# Tests may make what the code must refuse, so they are not held to these rules.
PROJECT_FILES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("app.py", "pages/**/*.py", "ctr_app/**/*.py", "benchmarks/**/*.py")
    for path in ROOT.glob(pattern)
)


@cache
def nodes(source: str) -> tuple[ast.AST, ...]:
    """Everything in a file's syntax tree, which several tests walk through."""
    return tuple(ast.walk(ast.parse(source)))


def imported(source: str, path: str) -> Iterator[str]:
    """Full names of all modules that a file imports, wherever in it, and of what it takes from them."""
    package = path.split("/")[:-1]
    for node in nodes(source):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*parents, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def begins_with(path: str, part: str) -> bool:
    """Whether a file is ``part`` or lies in it; ``ctr_app/cli`` is ``ctr_app/cli.py`` too."""
    return path == part or path.startswith((f"{part}/", f"{part}.py"))


def layer_of(path: str) -> int | None:
    """The number of the layer that a file or an imported name, written as a path, belongs to."""
    found = [number for number, layer in enumerate(LAYERS) if begins_with(path, layer)]
    if found:
        return max(found)
    return 0 if begins_with(path, "ctr_app") else None


def upward_imports(source: str, path: str) -> list[str]:
    """What a file imports from layers above its own."""
    own = layer_of(path)
    below = len(LAYERS) if own is None else own
    names = ((name, layer_of(name.replace(".", "/"))) for name in imported(source, path))
    return [name for name, layer in names if layer is not None and layer > below]


def imports_any(source: str, path: str, modules: set[str]) -> bool:
    """Whether a file imports one of the given top-level modules or anything in them."""
    return any(name.split(".")[0] in modules for name in imported(source, path))


def touches_session_state(source: str) -> bool:
    """Whether a file reads or writes ``session_state`` under any name of streamlit."""
    return any(
        (isinstance(node, ast.Attribute) and node.attr == "session_state")
        or (isinstance(node, ast.alias) and node.name.split(".")[-1] == "session_state")
        or (isinstance(node, ast.Constant) and node.value == "session_state")
        for node in nodes(source)
    )


def unsafe_calls(source: str, path: str) -> list[str]:
    """Calls that run code from a file: eval, exec, torch.load, and numpy's load of pickled objects."""
    taken = {"torch.load"} & set(imported(source, path))
    found = list(taken)
    for node in nodes(source):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            allows_pickle = any(
                k.arg == "allow_pickle" and not (isinstance(k.value, ast.Constant) and k.value.value is False)
                for k in node.keywords
            )
            if name in UNSAFE_CALLS or allows_pickle:
                found.append(name)
    return found


def sources() -> Iterator[tuple[str, str]]:
    for path in PROJECT_FILES:
        yield path, (ROOT / path).read_text(encoding="utf-8")


def test_every_layer_that_exists_is_walked():
    assert {"ctr_app/data/batch.py", "ctr_app/models/fm.py", "ctr_app/training/trainer.py"} <= set(PROJECT_FILES)
    assert [path for path in PROJECT_FILES if path.startswith("ctr_app/") and layer_of(path) == 0] == [
        "ctr_app/__init__.py"
    ]


def test_each_layer_imports_only_those_below_it():
    wrong = {path: upward_imports(source, path) for path, source in sources()}
    assert {path: names for path, names in wrong.items() if names} == {}


def test_only_the_screen_imports_streamlit():
    wrong = [path for path, source in sources() if imports_any(source, path, {"streamlit"})]
    assert [path for path in wrong if not any(begins_with(path, part) for part in MAY_IMPORT_STREAMLIT)] == []


def test_one_module_alone_touches_the_session_state():
    touching = [path for path, source in sources() if touches_session_state(source)]
    assert [path for path in touching if path != SESSION_STATE] == []


def test_nothing_can_run_code_from_a_file():
    assert [path for path, source in sources() if imports_any(source, path, UNSAFE_MODULES)] == []
    wrong = {path: unsafe_calls(source, path) for path, source in sources() if path != RUNS_NOTEBOOKS}
    assert {path: calls for path, calls in wrong.items() if calls} == {}


@pytest.mark.parametrize(
    ("path", "source", "upward"),
    [
        ("ctr_app/data/store.py", "from ..models.fm import FM", ["ctr_app.models.fm.FM"]),
        ("ctr_app/data/store.py", "from .. import models", ["ctr_app.models"]),
        ("ctr_app/data/store.py", "import ctr_app.ui.state", ["ctr_app.ui.state"]),
        ("ctr_app/data/store.py", "def f():\n    from ..cli import main", ["ctr_app.cli.main"]),
        ("ctr_app/training/driver.py", "from ..explain.pairs import pair_frame", ["ctr_app.explain.pairs.pair_frame"]),
        ("ctr_app/ui/main.py", "from pages.home import draw", ["pages.home.draw"]),
        ("ctr_app/cli.py", "from .ui.charts import heatmap", ["ctr_app.ui.charts.heatmap"]),
        ("ctr_app/explain/values.py", "from ..training.trainer import predict\nimport torch", []),
        ("ctr_app/cli/training.py", "from . import output\nfrom .. import __version__", []),
        ("pages/home.py", "from ctr_app.ui import home", []),
        ("benchmarks/speed.py", "from ctr_app.cli import main", []),
    ],
)
def test_an_import_from_above_is_found_however_it_is_written(path, source, upward):
    assert upward_imports(source, path) == upward


@pytest.mark.parametrize(
    ("source", "calls"),
    [
        ("eval('1')", ["eval"]),
        ("model.eval()", []),
        ("import torch\ntorch.load(path)", ["torch.load"]),
        ("from torch import load", ["torch.load"]),
        ("np.load(path, allow_pickle=True)", ["np.load"]),
        ("np.load(path, allow_pickle=False)", []),
    ],
)
def test_a_call_that_runs_foreign_code_is_found(source, calls):
    assert unsafe_calls(source, "ctr_app/data/store.py") == calls


@pytest.mark.parametrize(
    ("source", "touches"),
    [
        ("st.session_state['run'] = 1", True),
        ("from streamlit import session_state as s", True),
        ("getattr(st, 'session_state')", True),
        ("from .state import state", False),
    ],
)
def test_a_touch_of_the_session_state_is_found(source, touches):
    assert touches_session_state(source) is touches
