"""The tables of the comparison: numbers, differences from the baseline, settings."""

import streamlit as st

from pages.ui.shared.frame import plain
from rft_core import report

SENTENCES_SHOWN = 3


def show_numbers(content: report.comparison.Content) -> None:
    """List the numbers of each run, and of each group."""
    if content.is_grouped:
        st.subheader("Means of each group", anchor=False)
        st.dataframe(report.comparison.group_table(content), hide_index=True, height="content")
        st.caption(
            "Mean ± standard deviation, with the 95 % interval of the mean in brackets"
            " (Student's t). Differences are over the seeds that both groups share."
        )
    st.subheader("Numbers", anchor=False)
    st.dataframe(report.comparison.number_rows(content), hide_index=True, height="content")


def show_differences(content: report.comparison.Content) -> None:
    """Show how each run differs from the baseline, and whether that could be luck."""
    if not content.pairs:
        st.caption(
            "Differences need a baseline and another run, both measured on their test images."
        )
        return
    st.subheader(f"Against {plain(content.pairs[0].baseline_name)}, in points", anchor=False)
    st.dataframe(report.comparison.difference_rows(content), hide_index=True, height="content")
    sentences = report.comparison.describe_pairs(content)
    st.markdown("\n".join(f"- {plain(sentence)}" for sentence in sentences[:SENTENCES_SHOWN]))
    if len(sentences) > SENTENCES_SHOWN:
        with st.expander("All differences in words"):
            st.markdown(
                "\n".join(f"- {plain(sentence)}" for sentence in sentences[SENTENCES_SHOWN:])
            )
    if explanation := _explain_differences(content):
        st.caption(explanation)


def _explain_differences(content: report.comparison.Content) -> str:
    """Return what the differences are; "" if there are none."""
    if all(pair.difference is None for pair in content.pairs):
        return ""
    paired = (
        "Runs on the same test images are compared image by image, which narrows the interval. "
        if any(pair.is_paired for pair in content.pairs)
        else ""
    )
    return (
        f"Run minus baseline, with the 95 % interval in brackets. {paired}The intervals say"
        " nothing about other seeds."
    )


def show_settings(content: report.comparison.Content) -> None:
    """List only the settings that differ."""
    st.subheader("Settings that differ", anchor=False)
    if content.comparison.settings:
        st.dataframe(report.comparison.differing_rows(content), hide_index=True, height="content")
    else:
        st.caption("None: these runs have the same settings.")
