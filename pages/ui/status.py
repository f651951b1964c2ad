"""How a run's status is shown: a chip with its reason."""

import streamlit as st

from rft_core.store.run_store import RunRecord
from rft_core.units import format_duration

CHIPS = {
    "queued": ("gray", ":material/schedule:", "waits for the device"),
    "running": ("blue", ":material/play_circle:", "training"),
    "stopping": ("orange", ":material/stop_circle:", "finishes its step, measures and keeps what it has"),
    "paused": ("violet", ":material/pause_circle:", "resume it to go on"),
    "stopped": ("orange", ":material/stop_circle:", "ended early by request"),
    "finished": ("green", ":material/check_circle:", "done"),
    "failed": ("red", ":material/error:", "the reason stands beside it"),
    "lost": ("red", ":material/help:", "its process is gone; resume it to go on from its last checkpoint"),
}


def show_status(record: RunRecord) -> None:
    """Draw the chip, and beside it why the run is in this state and when it was last heard of."""
    colour, icon, meaning = CHIPS[record.status]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.badge(record.status, icon=icon, color=colour, help=meaning)
        heard = f"last heartbeat {format_duration(record.heartbeat_age)} ago" if record.is_active else ""
        st.caption(" · ".join(part for part in (record.reason, heard, f"on {record.device}" if record.device else "", record.run_id) if part))


def time_left(record: RunRecord) -> float | None:
    """Return the seconds a running run still needs at its pace so far, or None before it has a pace."""
    if not (record.is_active and record.started and record.step and record.total_steps and record.heartbeat):
        return None
    pace = (record.heartbeat - record.started) / record.step
    return max(0.0, pace * (record.total_steps - record.step))
