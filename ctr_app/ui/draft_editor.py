"""The uploaded table before it is stored: what was read, problems with remedies, columns, histories, split."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from ..data.columns import as_lists, as_text
from ..data.correcting import corrected
from ..data.errors import InputError, shorten
from ..data.inferring import LABEL_NAMES, infer
from ..data.ingest import check
from ..data.reading import ReadOptions, read_table
from ..data.schema import SEPARATORS, Column, Corrections, Role, Schema
from ..data.sniffing import SNIFFED_SEPARATORS
from ..data.splitting import SplitRule
from ..data.store import Preparation, write_names
from . import parts, services
from .navigation import go_to
from .state import Draft, state
from .words import _, plain

ROLE_NAMES = {
    Role.NUMERIC: "number",
    Role.CATEGORICAL: "category",
    Role.SEQUENCE: "history",
    Role.IGNORED: "leave out",
}
SEPARATOR_NAMES = {" ": "space", "\t": "tab"}


def draw(draft: Draft) -> None:
    """The editor; stores the table and goes on to Train when it is accepted."""
    table = draft.tables["train"]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{plain(table.name)}** · {plain(table.describe())}", width="content")
        if table.separator is not None:
            _reading(draft)
    if not _label(draft) or draft.schema is None:
        return
    _problems(draft, draft.schema)
    with st.container(horizontal=True, vertical_alignment="center"):
        accepted = st.button(_("Use this table"), key="data-accept", type="primary", icon=":material/check:")
        st.button(_("Discard"), key="data-discard", icon=":material/close:", on_click=_discard)
    message = st.empty()
    _columns(draft, draft.schema)
    _histories(draft, draft.schema)
    _split(draft, draft.schema)
    _more_files(draft)
    with st.expander(_("First rows"), icon=":material/table_rows:"):
        st.dataframe(table.frame.head(100).to_pandas(), hide_index=True, alt=_("The first rows of the table"))
    if accepted:
        with message.container():
            _accept(draft)


def schema_table(schema: Schema) -> pd.DataFrame:
    """Columns and roles as a table for reading."""
    return pd.DataFrame(
        {
            _("Column"): [column.name for column in schema.columns],
            _("Read as"): [_("label") if c.role is Role.LABEL else _(ROLE_NAMES[c.role]) for c in schema.columns],
            _("Compared with"): [column.candidate or "" for column in schema.columns],
        }
    )


def _reading(draft: Draft) -> None:
    """Overrule how the text file was understood: its separator and whether its first line holds names."""
    table = draft.tables["train"]
    with st.popover(_("Read it differently"), icon=":material/tune:"):
        separators = list(dict.fromkeys([table.separator or ",", *SNIFFED_SEPARATORS]))
        separator = st.selectbox(
            _("Cells are separated by"),
            separators,
            key=f"data-cells-{draft.version}",
            format_func=lambda s: _(SEPARATOR_NAMES[s]) if s in SEPARATOR_NAMES else s,
        )
        has_header = st.toggle(_("The first line holds names"), table.has_header, key=f"data-header-{draft.version}")
        if (separator, has_header) != (table.separator, table.has_header):
            with parts.sentences():
                draft.tables["train"] = read_table(draft.content, table.name, ReadOptions(separator, has_header))
                draft.inference = infer(draft.tables["train"].frame)
                _changed(draft, draft.inference.schema)


def _changed(draft: Draft, schema: Schema | None) -> None:
    draft.schema = schema
    draft.version += 1
    st.rerun()


def _discard() -> None:
    state().draft = None


def _label(draft: Draft) -> bool:
    """Which column is the label and which of its values counts as a click; False until both are settled."""
    frame = draft.tables["train"].frame
    names = frame.columns
    current = draft.schema.label if draft.schema else next((n for n in names if n.lower() in LABEL_NAMES), None)
    left, right = st.columns(2)
    label = left.selectbox(
        _("Which column says whether it was clicked?"),
        names,
        index=names.index(current) if current else None,
        key=f"data-label-{draft.version}",
        format_func=str,
        placeholder=_("Choose the label"),
    )
    if label is None:
        if draft.inference.label_candidates:
            st.info(_("The label could not be guessed. Choose the column that the model should predict."))
        else:
            st.error(_("No column has two values, so none can be the label as it is. Choose a column, then its value."))
        return False
    values = sorted(as_text(frame[label]).drop_nulls().unique())
    if len(values) < 2:
        st.error(
            _(
                "{label} has one value only, so there is nothing to tell apart. Choose another column.",
                label=plain(label),
            )
        )
        return False
    known = draft.schema.positive if draft.schema and draft.schema.label == label else None
    if known is None and len(values) == 2:
        known = infer(frame, label).schema.positive  # type: ignore[union-attr]
    if len(values) > 50:
        st.error(
            _(
                "{label} has {count} values where two are needed. Choose another column as the label.",
                label=plain(label),
                count=len(values),
            )
        )
        return False
    positive = right.selectbox(
        _("Which value counts as a click?"),
        values,
        index=values.index(known) if known in values else None,
        key=f"data-positive-{draft.version}-{label}",
        format_func=str,
        placeholder=_("Choose a value"),
    )
    if positive is None:
        st.error(
            _(
                "{label} has {count} values where two are needed. Choose the one that counts as a click; "
                "the others will be “no click”.",
                label=plain(label),
                count=len(values),
            )
        )
        return False
    if draft.schema is None or (draft.schema.label, draft.schema.positive) != (label, positive):
        with parts.sentences():
            draft.inference = infer(frame, label)
            _changed(draft, corrected(frame, draft.inference, Corrections(label=label, positive=positive)))
    rate = (as_text(frame[label]) == positive).mean()
    st.caption(_("{share:.1%} of the rows are clicks.", share=float(rate or 0)))
    return True


def _problems(draft: Draft, schema: Schema) -> None:
    """What may be wrong with a column, each with its remedy."""
    read = {column.name for column in schema.fields}
    for profile in draft.inference.profiles:
        if profile.warning and profile.name in read:
            with st.container(border=True, horizontal=True, vertical_alignment="center"):
                st.markdown(
                    f":material/warning: **{plain(profile.name)}**: {plain(_(profile.warning))}", width="stretch"
                )
                if st.button(_("Leave it out"), key=f"data-ignore-{profile.name}"):
                    _changed(draft, schema.without_role(profile.name))


def _columns(draft: Draft, schema: Schema) -> None:
    """One line per column; its role can be changed."""
    st.subheader(_("Columns"))
    names = {_(word): role for role, word in ROLE_NAMES.items()}
    words = {role: word for word, role in names.items()}
    profiles = {profile.name: profile for profile in draft.inference.profiles}
    listed = [column for column in schema.columns if column.role is not Role.LABEL]
    frame = pd.DataFrame(
        {
            "name": [column.name for column in listed],
            "role": [words[column.role] for column in listed],
            "why": [_(profiles[column.name].reason) for column in listed],
            "distinct": [profiles[column.name].distinct for column in listed],
            "missing": [profiles[column.name].missing_share for column in listed],
            "examples": [", ".join(shorten(e, 24) for e in profiles[column.name].examples) for column in listed],
        }
    )
    edited = st.data_editor(
        frame,
        hide_index=True,
        key=f"data-columns-{draft.version}",
        disabled=["name", "why", "distinct", "missing", "examples"],
        column_config={
            "name": _("Column"),
            "role": st.column_config.SelectboxColumn(_("Read as"), options=list(names), required=True),
            "why": _("Why"),
            "distinct": st.column_config.NumberColumn(_("Values"), format="localized"),
            "missing": st.column_config.ProgressColumn(_("Missing"), min_value=0, max_value=1, format="percent"),
            "examples": _("Examples"),
        },
        alt=_("Columns, what they are read as, and why"),
    )
    for column, word in zip(listed, edited["role"], strict=True):
        if names[word] is not column.role:
            with parts.sentences():
                _changed(draft, _with_role(draft, schema, column, names[word]))


def _with_role(draft: Draft, schema: Schema, column: Column, role: Role) -> Schema:
    """The schema with one column's role changed; a new history gets a guessed separator."""
    if role is Role.SEQUENCE:
        change = Corrections(sequences={column.name: None})
    else:
        change = Corrections(**{{Role.IGNORED: "ignore"}.get(role, role.value): (column.name,)})  # type: ignore[arg-type]
    return corrected(draft.tables["train"].frame, replace(draft.inference, schema=schema), change)


def _histories(draft: Draft, schema: Schema) -> None:
    """For each history: its separator, its candidate, its order and length, and one decoded row."""
    histories = schema.with_role(Role.SEQUENCE)
    if not histories:
        return
    st.subheader(_("Histories"))
    for column in histories:
        with st.container(border=True):
            changed = _history(draft, schema, column)
            if changed != column:
                _changed(draft, schema.with_column(changed))


def _history(draft: Draft, schema: Schema, column: Column) -> Column:
    key = f"{draft.version}-{column.name}"
    st.markdown(f"**{plain(column.name)}**")
    cells = st.columns([1, 2, 1, 1], vertical_alignment="bottom")
    separators = list(dict.fromkeys([column.separator or "|", *SEPARATORS]))
    separator = cells[0].selectbox(
        _("Separated by"),
        separators,
        index=0,
        key=f"data-separator-{key}",
        format_func=lambda s: _(SEPARATOR_NAMES[s]) if s in SEPARATOR_NAMES else s,
        accept_new_options=True,
    )
    candidates = [None, *(c.name for c in schema.with_role(Role.CATEGORICAL))]
    candidate = cells[1].selectbox(
        _("Compared with"),
        candidates,
        index=candidates.index(column.candidate),
        key=f"data-candidate-{key}",
        format_func=lambda name: _("nothing (pooled)") if name is None else name,
        help=_("The field of the item on offer whose values these are; DIN weighs each past item against it."),
    )
    length = cells[2].number_input(_("Keep the last"), 1, 1000, column.max_length, key=f"data-length-{key}")
    newest = cells[3].toggle(_("Newest first"), column.newest_first, key=f"data-newest-{key}")
    changed = replace(column, separator=separator, candidate=candidate, max_length=int(length), newest_first=newest)
    series = draft.tables["train"].frame[column.name]
    example = as_lists(series.drop_nulls().head(1), changed)
    if len(example) and len(example[0]):
        items = [shorten(item, 24) for item in example[0].to_list()]
        shown = " → ".join(plain(item) for item in items[-8:])
        more = "… " if len(items) > 8 else ""
        st.caption(_("The first row, oldest to newest: {items}", items=more + shown))
    return changed


def _split(draft: Draft, schema: Schema) -> None:
    """How rows are cut into train, validation and test, and which columns say whose and when."""
    st.subheader(_("Split"))
    cells = st.columns(4, vertical_alignment="bottom")
    others = [None, *(column.name for column in schema.columns if column.role is not Role.LABEL)]
    methods = ["random", "time"] if schema.time else ["random"]
    words = {"random": _("at random, clicks alike"), "time": _("by time, latest for testing")}
    none = _("none")
    method = cells[0].selectbox(
        _("Rows are split"),
        methods,
        index=methods.index(draft.split.method) if draft.split.method in methods else 0,
        key=f"data-split-{draft.version}",
        format_func=lambda m: words[m],
        disabled=len(draft.tables) > 1,
    )
    time = cells[1].selectbox(
        _("Time"),
        others,
        index=others.index(schema.time),
        key=f"data-time-{draft.version}",
        format_func=lambda name: none if name is None else name,
    )
    group = cells[2].selectbox(
        _("User or session"),
        others,
        index=others.index(schema.group),
        key=f"data-group-{draft.version}",
        format_func=lambda name: none if name is None else name,
        help=_("For GAUC: AUC within each user."),
    )
    draft.min_count = int(
        cells[3].number_input(
            _("Fewest occurrences"),
            1,
            1000,
            draft.min_count,
            key=f"data-min-count-{draft.version}",
            help=_("Rarer values share one vector, “unknown”."),
        )
    )
    seed = 0
    if draft.split.method == "random":
        seed = st.number_input(
            _("Seed of the split"),
            0,
            2**31 - 1,
            draft.split.seed,
            key=f"data-split-seed-{draft.version}",
            width=220,
            help=_("The same seed draws the same rows for training, validation and test."),
        )
    draft.split = SplitRule(method or "random", seed=int(seed))
    if (time, group) != (schema.time, schema.group):
        _changed(draft, replace(schema, time=time, group=group))


def _more_files(draft: Draft) -> None:
    """Validation and test rows of their own, and readable names of values."""
    with st.expander(_("Validation and test files, names of items"), icon=":material/attach_file:"):
        cells = st.columns(3)
        for split, cell in zip(("valid", "test"), cells, strict=False):
            file = cell.file_uploader(
                _("Validation rows") if split == "valid" else _("Test rows"), key=f"data-upload-{split}"
            )
            with parts.sentences():
                _take_file(draft, split, file)
        candidates = sorted({c.candidate for c in draft.schema.columns if c.candidate} if draft.schema else set())
        if candidates:
            file = cells[2].file_uploader(
                _("Names: a table with the values of {field} and their names", field=plain(candidates[0])),
                key="data-upload-names",
            )
            with parts.sentences():
                _take_names(draft, candidates[0], file)


def _take_file(draft: Draft, split: str, file: Any) -> None:
    if file is not None and file.file_id not in state().uploaded:
        state().uploaded += (file.file_id,)
        draft.tables[split] = read_table(file.getvalue(), file.name)
    if split in draft.tables:
        st.caption(plain(f"{draft.tables[split].name}: {draft.tables[split].describe()}"))


def _take_names(draft: Draft, field: str, file: Any) -> None:
    """Find the column whose values are the field's and take the first other text column as their names."""
    if file is not None and file.file_id not in state().uploaded:
        state().uploaded += (file.file_id,)
        frame = read_table(file.getvalue(), file.name).frame
        values = set(as_text(draft.tables["train"].frame[field]).drop_nulls().unique())
        shares = {
            name: len(values & set(as_text(frame[name]).drop_nulls())) / max(1, len(values)) for name in frame.columns
        }
        key = max(shares, key=shares.__getitem__)
        if shares[key] < 0.1:
            raise InputError("No column of {file} has the values of {field}.", file=file.name, field=field)
        title = next((n for n in frame.columns if n != key and as_text(frame[n]).n_unique() > 0.5 * frame.height), None)
        if title is None:
            raise InputError("No column of {file} looks like names.", file=file.name)
        pairs = frame.select(as_text(frame[key]).alias("value"), as_text(frame[title]).alias("name")).drop_nulls()
        draft.names[field] = dict(zip(pairs["value"], pairs["name"], strict=True))
    if field in draft.names:
        st.caption(_("{count} names for {field}.", count=parts.count(len(draft.names[field])), field=plain(field)))


def _accept(draft: Draft) -> None:
    with parts.sentences():
        assert draft.schema is not None
        split = SplitRule("files") if len(draft.tables) > 1 else draft.split
        preparation = Preparation(draft.schema, split, draft.min_count)
        with st.spinner(_("Encoding the table")):
            check(draft.tables, preparation)
            dataset = services.datasets().add_table(draft.tables, preparation)
            write_names(dataset, draft.names)
            dataset.encoded()
        state().dataset_id, state().draft, state().run_id = dataset.id, None, None
        go_to("train")
