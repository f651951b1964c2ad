"""The list of runs with search, filters, order and pages, all kept in the URL; a click on a row
chooses a run.
"""

from urllib.parse import quote

import numpy as np
import streamlit as st

from pages.ui.shared.session import store
from rft_core import format_epsilon, report
from rft_core import store as run_store

SHOWN_ROWS, ROW_HEIGHT = 4, 35
CHOSEN, PAGE, GENERATION, LISTED = "runs.run", "runs.page", "runs.generation", "runs.listed"
ORDER_LABELS = {
    "newest": "Newest",
    "oldest": "Oldest",
    "name": "Name",
    "status": "Status",
    "clean": "Clean",
    "robust": "Robust",
    "expected": "Expected",
}
FILTERS = {
    "statuses": "Status",
    "datasets": "Dataset",
    "strategies": "Strategy",
    "schedules": "Schedule",
    "tags": "Tag",
}
CHIP_COLOURS = {
    "queued": "gray",
    "running": "blue",
    "stopping": "orange",
    "paused": "violet",
    "stopped": "orange",
    "finished": "green",
    "failed": "red",
    "lost": "red",
}
SVG_DASHES = {"solid": "", "dash": "5 2", "dot": "2 2", "dashdot": "5 2 2 2", "longdash": "8 2"}
COLUMNS = {
    "colour": st.column_config.ImageColumn(
        "", width=34, help="The run's colour and dash in every chart"
    ),
    "name": st.column_config.TextColumn("Name", width=130),
    "status": st.column_config.MultiselectColumn(
        "Status",
        options=run_store.status.STATUSES,
        color=[CHIP_COLOURS[status] for status in run_store.status.STATUSES],
        width=85,
    ),
    "progress": st.column_config.ProgressColumn(
        "Progress", min_value=0, max_value=1, format="percent", width=75
    ),
    "clean": st.column_config.NumberColumn(
        "Clean", format="%.1f %%", width=62, help="Accuracy on unchanged test images"
    ),
    "robust": st.column_config.NumberColumn(
        "Robust", format="%.1f %%", width=62, help="Accuracy on test images at the target epsilon"
    ),
    "expected": st.column_config.NumberColumn(
        "Expected",
        format="%.1f %%",
        width=72,
        help="Expected robustness: mean accuracy over epsilon from 0 to the target",
    ),
    "measured_by": st.column_config.TextColumn(
        "Measured by",
        width=140,
        help="The attack behind robust and expected, its steps, and the number of test images",
    ),
    "target": st.column_config.TextColumn("Target", width=58),
    "schedule": st.column_config.TextColumn("Schedule", width=72),
    "strategy": st.column_config.TextColumn("Strategy", width=70),
    "data": st.column_config.TextColumn("Data", width=85),
    "tags": st.column_config.TextColumn("Tags", width=48),
    "created": st.column_config.DatetimeColumn("Age", format="distance", width=93),
}


def choose_wanted() -> tuple[run_store.Wanted, int]:
    """Draw search, filters, order and page picker; return what the list shows, and the index of its
    first row.
    """
    choices = {"statuses": run_store.status.STATUSES} | run_store.list_choices(store().engine)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        text = st.text_input(
            "Search",
            key="runs.search",
            bind="query-params",
            type="search",
            live="0.3s",
            placeholder="Name, tag, note or setting, such as optim.epochs=16",
            label_visibility="collapsed",
            width=380,
        )
        # right after a link is opened, the widgets do not have the values of the URL yet
        set_filters = sum(
            bool(st.session_state.get(key, st.query_params.get_all(key)))
            for key in map("runs.{}".format, FILTERS)
        )
        with st.popover(
            f"Filters ({set_filters})" if set_filters else "Filters",
            icon=":material/filter_list:",
            key="runs.filters",
        ):
            chosen = {
                kind: tuple(_filter(kind, label, choices[kind])) for kind, label in FILTERS.items()
            }
        order = st.selectbox(
            "Order",
            list(run_store.ORDERS),
            format_func=lambda name: ORDER_LABELS.get(name, name),
            key="runs.order",
            bind="query-params",
            label_visibility="collapsed",
            width=140,
        )
        wanted = run_store.Wanted(text or "", **chosen, order=order)
        return wanted, _choose_page(store().summaries(wanted, limit=1).total)


def _choose_page(total: int) -> int:
    """Draw the page picker if `total` runs need several pages; return the index of the page's first
    run.
    """
    pages = max(1, -(-total // run_store.PAGE_ROWS))
    if st.session_state.get(PAGE, 1) > pages:
        # a search left fewer pages than the one that was open
        st.session_state[PAGE] = pages
    number = st.pagination(pages, key=PAGE, max_visible_pages=5) if pages > 1 else 1
    st.caption(f"{total} {'run' if total == 1 else 'runs'}")
    return run_store.PAGE_ROWS * (number - 1)


def _filter(kind: str, label: str, offered: tuple[str, ...]) -> list[str]:
    # a value of the URL that no run has any more stays visible, so that it can be removed
    kept = [value for value in st.query_params.get_all(f"runs.{kind}") if value not in offered]
    return st.multiselect(
        label, [*offered, *kept], key=f"runs.{kind}", bind="query-params", placeholder="all"
    )


def show_list(wanted: run_store.Wanted, offset: int) -> None:
    """Draw one page of the list with the chosen run marked; called again while any run is
    active.
    """
    page = store().summaries(wanted, run_store.PAGE_ROWS, offset)
    if not page.rows:
        st.info(
            "No run matches. Clear or shorten the search.",
            icon=":material/filter_list_off:",
        )
        clear_button("list")
        return
    chosen = st.session_state.get(CHOSEN)
    ids = tuple(row.run_id for row in page.rows)
    if st.session_state.get(LISTED) != (ids, chosen):
        # a new key draws a new table: the mark must never move to another run when the list changes
        st.session_state[GENERATION] = st.session_state.get(GENERATION, 0) + 1
        st.session_state[LISTED] = (ids, chosen)
    marked = [ids.index(chosen)] if chosen in ids else []
    picked = st.dataframe(
        [_cells(row) for row in page.rows],
        column_config=COLUMNS,
        hide_index=True,
        height=ROW_HEIGHT * (SHOWN_ROWS + 1) + 3,
        row_height=ROW_HEIGHT,
        key=f"runs.table.{st.session_state[GENERATION]}",
        on_select="rerun",
        selection_mode="single-row-required" if marked else "single-row",
        selection_default={"selection": {"rows": marked}} if marked else None,
        placeholder="–",
        alt="Runs with status, progress and results; choosing a row shows the run below",
    )
    if picked.selection.rows and (run_id := ids[picked.selection.rows[0]]) != chosen:
        st.session_state[CHOSEN] = run_id
        # the mark is already where it was clicked, so the table keeps its key
        st.session_state[LISTED] = (ids, run_id)
        st.rerun()


def clear_button(name: str) -> None:
    """Draw the button that clears search and filters; `name` distinguishes it from others on the
    page.
    """
    if st.button(
        "Clear the search",
        icon=":material/filter_list_off:",
        key=f"runs.clear.{name}",
        on_click=_clear,
    ):
        # inside the fragment of the list, only the list would be drawn again
        st.rerun()


def _clear() -> None:
    st.session_state["runs.search"] = ""
    for kind in FILTERS:
        st.session_state[f"runs.{kind}"] = []


def _cells(row: run_store.RunSummary) -> dict:
    def percent(value: float | None) -> float | None:
        return None if value is None else round(100 * value, 1)

    return {
        "colour": swatch(row.number),
        "name": row.name,
        "status": [row.status],
        "progress": 1.0 if row.status == "finished" else round(row.progress, 3),
        "clean": percent(row.clean),
        "robust": percent(row.robust),
        "expected": percent(row.expected),
        "measured_by": row.measured_by.chip if row.measured_by else None,
        "target": format_epsilon(row.epsilon, row.norm),
        "schedule": row.schedule,
        "strategy": row.strategy,
        "data": row.dataset.rpartition("/")[2],
        "tags": ", ".join(row.tags),
        "created": np.datetime64(int(row.created), "s").item(),
    }


def swatch(number: int) -> str:
    """Return a picture (data URI) of the colour and dash of a run, the same in every chart."""
    colour, dash = report.drawing.run_style(number)
    dashes = f" stroke-dasharray='{SVG_DASHES[dash]}'" if SVG_DASHES[dash] else ""
    line = f"<path d='M1 8h26' stroke='{colour}' stroke-width='5'{dashes}/>"
    return "data:image/svg+xml," + quote(
        f"<svg xmlns='http://www.w3.org/2000/svg' width='28' height='16'>{line}</svg>",
        safe="<>/:=' ",
    )
