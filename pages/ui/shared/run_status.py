"""How a run's status is shown: a chip, its reason, its pace and its memory."""

from typing import Literal

import numpy as np
import streamlit as st

from pages.ui.shared.frame import plain
from pages.ui.shared.session import store
from rft_core import RunRecord, format_duration, report, units
from rft_core import store as run_store

Colour = Literal["gray", "blue", "orange", "violet", "green", "red"]

CHIPS: dict[str, tuple[Colour, str, str]] = {
    "queued": ("gray", ":material/schedule:", "waiting for the device"),
    "running": ("blue", ":material/play_circle:", "training"),
    "stopping": (
        "orange",
        ":material/stop_circle:",
        "finishing its step, then measuring and saving",
    ),
    "paused": ("violet", ":material/pause_circle:", "resume it to continue"),
    "stopped": ("orange", ":material/stop_circle:", "stopped early on request"),
    "finished": ("green", ":material/check_circle:", "done"),
    "failed": ("red", ":material/error:", "see the reason below"),
    "lost": (
        "red",
        ":material/help:",
        "its process is gone; resume it to continue from its last checkpoint",
    ),
}
WAYS_OUT = {
    "failed": (
        "Its output is in the log below. Resume continues from the last checkpoint; Duplicate"
        " starts over with other settings."
    ),
    "lost": "Its last output is in the log below.",
}


def show_chip(record: RunRecord) -> None:
    """Draw the status as a chip that explains itself on hover."""
    colour, icon, meaning = CHIPS[record.status]
    st.badge(record.status, icon=icon, color=colour, help=meaning)


def show_status(record: RunRecord, past: report.run.RunHistory) -> None:
    """Show why a run is in its state, its last heartbeat, its speed and its progress."""
    heard = (
        f"last heartbeat {format_duration(record.heartbeat_age)} ago" if record.is_active else ""
    )
    reason = "" if record.status in WAYS_OUT else plain(record.reason)
    waits = (
        plain(waiting_text(run_store.find_waiting(store().engine, record.run_id)))
        if record.status == "queued"
        else ""
    )
    st.caption(
        " · ".join(
            part
            for part in (
                waits,
                reason,
                heard,
                f"on {plain(record.device)}" if record.device else "",
                *usage(past),
                record.run_id,
            )
            if part
        )
    )
    if record.status in WAYS_OUT:
        st.error(
            f"{plain(record.reason) or 'no reason was recorded'}\n\n{WAYS_OUT[record.status]}",
            icon=CHIPS[record.status][1],
        )
    if past.fault:
        st.warning(plain(past.fault), icon=":material/broken_image:")
    if record.is_active or record.status in ("queued", "paused"):
        st.progress(record.progress, text=progress_text(record, past))


def waiting_text(waiting: run_store.Waiting | None) -> str:
    """Return the position of a queued run and the active runs ahead of it; "" if it no longer
    waits.
    """
    if waiting is None:
        return ""
    rank = f"{units.ordinal(waiting.position)} in the queue"
    if not waiting.at_work:
        return rank
    count = len(waiting.at_work)
    return f"{rank}, behind {waiting.at_work[0] if count == 1 else f'{count} active runs'}"


def progress_text(record: RunRecord, past: report.run.RunHistory) -> str:
    """Return how far a run is, and how much time an active run still needs."""
    if not record.is_active:
        return (
            f"step {record.step} of {record.total_steps or '?'}" if record.step else "not started"
        )
    if not record.total_steps:
        return "loading data and model"
    if record.step >= record.total_steps:
        return f"step {record.step} of {record.total_steps}; measuring on the test images"
    left = time_left(record, past)
    return f"step {record.step} of {record.total_steps}; " + (
        f"about {format_duration(left)} left" if left is not None else "time left not known yet"
    )


def time_left(record: RunRecord, past: report.run.RunHistory) -> float | None:
    """Return the seconds that training still needs at its latest pace, or None before there is
    one.
    """
    if not record.total_steps or past.pace is None:
        return None
    return max(0.0, past.pace * (record.total_steps - record.step))


def usage(past: report.run.RunHistory) -> list[str]:
    """Return how fast a run trains and how much memory it needed, as far as it reported either."""
    newest = {
        name: past.training[name][-1]
        for name in ("images_per_second", "device_memory_mib", "process_memory_mib")
        if len(past.training[name])
    }
    reported = {name: value for name, value in newest.items() if np.isfinite(value)}
    parts = (
        [f"{reported['images_per_second']:,.0f} images a second"]
        if "images_per_second" in reported
        else []
    )
    # a GPU runs out of its own memory; on a CPU the memory of the process counts
    for name, label in (("device_memory_mib", "GPU memory"), ("process_memory_mib", "memory")):
        if name in reported:
            return [*parts, f"{reported[name] / 1024:.1f} GiB of {label} at most"]
    return parts
