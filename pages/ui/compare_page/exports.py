"""The comparison as files."""

from functools import partial

import streamlit as st

from pages.ui.shared.session import store
from rft_core import report

EXPORTS = (
    (
        "html",
        "Report",
        "html",
        "text/html",
        (
            "One HTML file with all figures, tables and the commands to repeat each run. It"
            " opens without a network."
        ),
    ),
    (
        "csv",
        "CSV",
        "zip",
        "application/zip",
        "Runs, settings, curves, tracked evaluations and differences as tidy tables.",
    ),
    ("parquet", "Parquet", "zip", "application/zip", "The same tables, with types."),
    ("json", "JSON", "json", "application/json", "Everything as one document."),
)


def show_exports(content: report.comparison.Content) -> None:
    """Offer the comparison as files, made when they are downloaded."""
    st.subheader("Export", anchor=False)
    with st.container(horizontal=True):
        for form, label, ending, mime, help_text in EXPORTS:
            make = partial(_export, content, form)
            name = f"{report.files.FILE_NAME}.{ending}"
            st.download_button(
                label,
                make,
                name,
                mime,
                key=f"compare.export.{form}",
                help=help_text,
                on_click="ignore",
                icon=":material/download:",
            )
    st.segmented_control(
        "Image format of the camera buttons",
        ["svg", "png"],
        default="svg",
        key="compare.image",
        format_func=str.upper,
        required=True,
    )
    st.caption(
        "The address of this page opens the same view for anyone who can reach this dashboard."
    )


def _export(content: report.comparison.Content, form: str) -> bytes:
    return report.files.one_file(report.files.file_contents(content, form, store().home.runs))
