"""Colours and dashes, with the same meaning on every page."""

# Okabe and Ito's palette, safe for colour-blind viewers
CLEAN, ROBUST, EXPECTED, EPSILON, REFERENCE = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#8A8F98"
RUN_COLOURS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#7A5195",
    "#8C6D31",
)
RUN_DASHES = ("solid", "dash", "dot", "dashdot", "longdash")


def run_style(number: int) -> tuple[str, str]:
    """Return the (colour, dash) of the run that was stored as the `number`-th."""
    return (
        RUN_COLOURS[number % len(RUN_COLOURS)],
        RUN_DASHES[number // len(RUN_COLOURS) % len(RUN_DASHES)],
    )
