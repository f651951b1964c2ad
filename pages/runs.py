"""Runs: the queue and the history; one run watched live or looked back at."""

import numpy as np
import streamlit as st

from pages.ui.frame import columns, mistakes_shown, open_page
from pages.ui.session import history, reconciled, store
from pages.ui.shifts import show_shifts
from pages.ui.status import show_status, time_left
from rft_core import UserError
from rft_core.metrics.curve import RobustnessCurve
from rft_core.preview import factors
from rft_core.report.figures import CONFIG, accuracy_figure, epsilon_strip, robustness_figure, run_style
from rft_core.report.history import RunHistory
from rft_core.report.sentences import describe_run
from rft_core.spec import flatten
from rft_core.store.run_store import RESUMABLE, RunRecord
from rft_core.units import format_duration, format_epsilon
from rft_core.worker.submit import ensure_worker

LIVE_SECONDS = 1.0
TABLE_ROWS, SHOWN_ROWS = 200, 3
MAGNIFY = 8

COLUMNS = {
    "": st.column_config.TextColumn(width=20),
    "name": st.column_config.TextColumn("Name", width=150),
    "status": st.column_config.TextColumn("Status", width=70),
    "progress": st.column_config.ProgressColumn("Progress", min_value=0, max_value=1, format="percent", width=120),
    "clean": st.column_config.NumberColumn("Clean", format="%.1f %%", width=65),
    "robust": st.column_config.NumberColumn("Robust", format="%.1f %%", width=65, help="Accuracy at the target epsilon"),
    "expected": st.column_config.NumberColumn(
        "Expected", format="%.1f %%", width=75, help="Expected robustness: mean accuracy over epsilon from 0 to the target"
    ),
    "target": st.column_config.TextColumn("Target", width=60),
    "schedule": st.column_config.TextColumn("Schedule", width=80),
    "backbone": st.column_config.TextColumn("Backbone", width=110),
    "data": st.column_config.TextColumn("Data", width=110),
    "created": st.column_config.DatetimeColumn("Created", format="distance", width=110),
}


def main() -> None:
    open_page("Runs", __file__)
    reconciled()
    if not store().records(limit=1):
        st.info("No runs yet. On Train, launch the trio: standard, fixed and scheduled, about 2 minutes.", icon=":material/lightbulb:")
        st.page_link("pages/train.py", label="Go to Train", icon=":material/model_training:")
        return
    chosen = choose_run()
    if chosen is None:
        return
    record = store().get(chosen)
    live = bool(store().records(("queued", "running", "stopping"), limit=1))
    st.fragment(run_every=LIVE_SECONDS if live else None, key="runs.live")(watch)(record.run_id)


def choose_run() -> str | None:
    """Let the visitor pick a run; the choice is in the URL and survives a refresh."""
    records = store().records(limit=TABLE_ROWS)
    labels = {record.run_id: f"{record.name}  ·  {record.run_id}" for record in records}
    wanted = st.query_params.get("run", "")
    if wanted and wanted not in labels:
        with mistakes_shown():
            st.query_params["run"] = wanted = store().get(wanted).run_id
    if "runs.run" not in st.session_state or (wanted in labels and st.session_state["runs.run"] not in labels):
        st.session_state["runs.run"] = wanted if wanted in labels else records[0].run_id
    elif wanted in labels and st.session_state.get("runs.shown") != wanted and st.session_state.get("runs.shown") == st.session_state["runs.run"]:
        st.session_state["runs.run"] = wanted
    chosen = st.selectbox("Run", list(labels), format_func=labels.get, key="runs.run", label_visibility="collapsed")
    st.query_params["run"] = chosen
    st.session_state["runs.shown"] = chosen
    return chosen


def watch(run_id: str) -> None:
    """Draw the table and the chosen run; called again every second while anything is under way."""
    reconciled()
    show_table(run_id)
    if st.session_state.pop("runs.picked", False):
        st.rerun()
    try:
        record = store().get(run_id)
    except UserError as error:
        st.error(str(error), icon=":material/error:")
        return
    past = history(record.run_id)
    show_header(record)
    figures = st.container()
    step = choose_measurement(past)
    with figures:
        show_figures(record, past, step)
    show_shifts(record)
    show_details(record, past)
    if not store().records(("queued", "running", "stopping"), limit=1) and st.session_state.get("runs.live"):
        st.session_state["runs.live"] = False
        st.rerun()
    st.session_state["runs.live"] = record.is_active or record.status == "queued"


def show_table(run_id: str) -> None:
    """List the newest runs, the chosen one marked; clicking a row chooses it."""
    records = store().records(limit=TABLE_ROWS)
    rows = [_row(record, record.run_id == run_id) for record in records]
    ids = [record.run_id for record in records]
    # the key changes with the list, so that a mark never slides to another run
    st.dataframe(
        rows,
        column_config=COLUMNS,
        hide_index=True,
        height=min(38 + 35 * len(rows), 38 + 35 * SHOWN_ROWS),
        key=f"runs.table.{ids[0]}.{len(ids)}",
        on_select=lambda: _select(ids),
        selection_mode="single-row",
        placeholder="–",
        alt="All runs with status, progress and results",
    )


def _select(ids: list[str]) -> None:
    rows = st.session_state[f"runs.table.{ids[0]}.{len(ids)}"].selection.rows
    if rows:
        st.session_state["runs.run"] = ids[rows[0]]
        st.session_state["runs.picked"] = True


def _row(record: RunRecord, chosen: bool) -> dict:
    report = record.report or {}

    def percent(name: str) -> float | None:
        return None if report.get(name) is None else 100 * report[name]

    return {
        "": "▶" if chosen else "",
        "name": record.name,
        "status": record.status,
        "progress": 1.0 if record.status == "finished" else record.progress,
        "clean": percent("clean_accuracy"),
        "robust": percent("robust_accuracy"),
        "expected": percent("expected_robustness"),
        "target": format_epsilon(record.spec.threat.epsilon, record.spec.threat.norm),
        "schedule": record.spec.schedule.kind,
        "backbone": record.spec.model.backbone,
        "data": record.spec.data.dataset.rpartition("/")[2],
        "created": np.datetime64(int(record.created), "s").item(),
    }


def show_header(record: RunRecord) -> None:
    """Draw the status with its reason, the progress with the time left, and what can be done."""
    left, right = columns(8, 4)
    with left:
        colour, _ = run_style(record.number)
        st.markdown(f'<span style="color:{colour}">■</span> **{_escape(record.name)}**', unsafe_allow_html=True)
        show_status(record)
        if record.is_active:
            st.progress(record.progress, text=_progress_text(record))
    with right, st.container(horizontal=True, horizontal_alignment="right", gap="small"):
        _buttons(record)


def _escape(text: str) -> str:
    for mark in "\\`*_{}[]()#+-.!|<>$&~:":
        text = text.replace(mark, f"&#{ord(mark)};")
    return text


def _progress_text(record: RunRecord) -> str:
    if not record.total_steps:
        return "loading data and model"
    if record.step >= record.total_steps:
        return f"step {record.step} of {record.total_steps}; measuring on the test images"
    return f"step {record.step} of {record.total_steps}; about {format_duration(time_left(record))} left"


def _buttons(record: RunRecord) -> None:
    act = store()
    if record.status in ("running", "queued"):
        _button(
            "Stop and keep",
            "stop",
            ":material/stop:",
            lambda: act.request(record.run_id, "stop"),
            "Finishes the step, measures, keeps the model and its report.",
        )
        _button("Pause", "pause", ":material/pause:", lambda: act.request(record.run_id, "pause"), "Keeps a checkpoint and gives the device free.")
    if record.status in RESUMABLE:
        _button("Resume", "resume", ":material/play_arrow:", lambda: (act.resume(record.run_id), ensure_worker(act.home)), "Goes on from the last checkpoint.")
    if not record.is_active:
        with st.popover("Delete", icon=":material/delete:"):
            st.caption("Removes the run, its measurements and its files.")
            _button("Delete this run", "delete", ":material/delete:", lambda: act.delete(record.run_id), "There is no way back.")


def _button(label: str, name: str, icon: str, action, help_text: str) -> None:
    if st.button(label, icon=icon, key=f"runs.{name}", help=help_text):
        with mistakes_shown():
            action()
            if name == "delete":
                st.query_params.clear()
                st.session_state.pop("runs.run", None)
            st.rerun()


def show_figures(record: RunRecord, past: RunHistory, step: int | None) -> None:
    """Draw accuracy over steps with the schedule beneath, the robustness curve, and the followed images."""
    spec, target = record.spec, format_epsilon(record.spec.threat.epsilon, record.spec.threat.norm)
    left, right = columns(8, 4)
    with left:
        st.subheader("How accurate is it while it trains?", anchor=False)
        epochs = spec.optim.epochs
        per_epoch = record.total_steps / epochs if record.total_steps else None
        newest = past.measurements[-1].step if past.measurements else None
        marked = step if step is not None and step != newest else None
        figure = accuracy_figure(past, total_steps=record.total_steps, steps_per_epoch=per_epoch, target=target, key=record.run_id, marked_step=marked)
        st.plotly_chart(figure, key=f"runs.accuracy.{record.run_id}", config=dict(CONFIG), alt=describe_run(record, past))
        strip = epsilon_strip(*factors(spec), epsilon=spec.threat.epsilon, norm=spec.threat.norm, total_steps=record.total_steps, done=past, key=record.run_id)
        st.plotly_chart(strip, key=f"runs.epsilon.{record.run_id}", config=dict(CONFIG), alt=f"Epsilon over the steps of the run, target {target}")
        st.caption(describe_run(record, past))
    with right:
        st.subheader("How does it hold against stronger attacks?", anchor=False)
        curve, final = _curve_at(record, past, step)
        figure = robustness_figure(curve, epsilon=spec.threat.epsilon, norm=spec.threat.norm, key=record.run_id, final=final)
        st.plotly_chart(
            figure, key=f"runs.curve.{record.run_id}", config=dict(CONFIG), alt="Accuracy over the attack's epsilon; the area is expected robustness"
        )
        show_examples(record, past, step, target)


def choose_measurement(past: RunHistory) -> int | None:
    """Let the visitor go back to any evaluation; the newest is followed while the handle stands at the right end."""
    steps = [one.step for one in past.measurements]
    if len(steps) < 2:
        return steps[-1] if steps else None
    epochs = {one.step: one.epoch for one in past.measurements}
    newest = steps[-1]
    if st.session_state.get("runs.step") not in steps or st.session_state.get("runs.followed", newest) == st.session_state.get("runs.step"):
        st.session_state["runs.step"] = newest
    st.session_state["runs.followed"] = newest
    return st.select_slider(
        "Look back",
        steps,
        key="runs.step",
        format_func=lambda step: f"step {step} (epoch {epochs.get(step, 0):.1f})",
        help="Robustness curve and images as they were at an evaluation.",
    )


def _curve_at(record: RunRecord, past: RunHistory, step: int | None) -> tuple[RobustnessCurve | None, bool]:
    newest = past.measurements[-1].step if past.measurements else None
    if record.report and step == newest:
        return RobustnessCurve.from_points(record.report["curve"]), True
    return next((one.curve for one in past.measurements if one.step == step), None), False


def show_examples(record: RunRecord, past: RunHistory, step: int | None, target: str) -> None:
    """Draw the followed test images: clean, perturbation magnified, adversarial, and what the model says of them."""
    known = [place for place in sorted(past.examples) if step is None or place <= step]
    if not known:
        return
    entry = past.examples[known[-1]]
    path = store().folder(record.run_id) / entry["file"]
    if not path.is_file():
        st.caption("The example images of this evaluation are missing.")
        return
    st.subheader("The same test images, attacked", anchor=False)
    with np.load(path, allow_pickle=False) as saved:
        names, shown = entry["class_names"], min(3, len(saved["labels"]))
        grey = np.clip(0.5 + MAGNIFY * saved["delta"].astype(np.float32), 0, 1)
        for place in range(shown):
            cells = st.columns(3, gap="small")
            truth = names[int(saved["labels"][place])]
            _picture(cells[0], saved["clean"][place], names[int(saved["clean_prediction"][place])], saved["clean_confidence"][place], truth)
            cells[1].image(grey[place], width="stretch", alt=f"Perturbation, magnified {MAGNIFY} times")
            cells[1].caption(f"change × {MAGNIFY}, at most {target}")
            _picture(cells[2], saved["adversarial"][place], names[int(saved["prediction"][place])], saved["confidence"][place], truth)


def _picture(cell, image: np.ndarray, said: str, confidence: float, truth: str) -> None:
    right = said == truth
    cell.image(image, width="stretch", alt=f"{truth}, taken for {said}")
    cell.caption(f"{':green[✓]' if right else ':red[✗]'} {said}, {100 * float(confidence):.0f} %")


def show_details(record: RunRecord, past: RunHistory) -> None:
    """Draw settings, log and files behind a fold."""
    with st.expander("Settings, log and command"):
        settings, log = st.tabs(["Settings", "Log"])
        with settings:
            st.code(f"python -m rft_core show {record.run_id} --json", language="bash")
            st.dataframe([{"setting": name, "value": str(value)} for name, value in flatten(record.spec).items()], hide_index=True, height=260)
        with log:
            for line in past.log:
                st.text(line)
            path = store().folder(record.run_id) / "run.log"
            st.code(path.read_text(errors="replace")[-4000:] if path.is_file() and path.stat().st_size else "nothing was printed", language="text")


main()
