"""The whole form in the address: `?preset=fixed&seed=3&set=optim.epochs:10`.

A link, a refresh and the back button restore it.
"""

from types import MappingProxyType

import streamlit as st

from pages.ui.shared.frame import plain
from rft_core import RunSpec
from rft_core import spec as run_spec

WRITTEN, NOTICES = "form.url", "form.link_said"
NAMES = ("preset", "seed", "set")
# the range of a field of the form, where it is smaller than that of the spec
RANGES = MappingProxyType(
    {
        "optim.learning_rate": (1e-7, 100.0),
        "optim.head_learning_rate": (1e-7, 100.0),
        "strategy.alpha": (0.01, 100_000.0),
        "seed": (0, 2**31 - 1),
    }
)


def arrived() -> bool:
    """Return whether the address holds a form that this session did not write."""
    query = _query()
    return bool(query) and query != st.session_state.get(WRITTEN)


def read(base: RunSpec, offered: tuple[str, ...]) -> RunSpec:
    """Return `base` with the settings of the address; `show_notices` shows which could not be
    used.
    """
    query = _query()
    items = [*(f"seed:{seed}" for seed in query.get("seed", [])[-1:]), *query.get("set", [])]
    spec, st.session_state[NOTICES] = run_spec.read_items(items, base, offered, RANGES)
    return spec


def add_notice(sentence: str) -> None:
    """Add a notice about the link, once."""
    st.session_state[NOTICES] = list(dict.fromkeys([*st.session_state.get(NOTICES, []), sentence]))


def forget() -> None:
    """Drop the notices about the link."""
    st.session_state.pop(NOTICES, None)


def show_notices() -> None:
    """Show in one line what in the link could not be used as it is."""
    if notices := st.session_state.get(NOTICES):
        st.warning(plain(f"From the link: {'; '.join(notices)}."), icon=":material/link_off:")


def write(preset: str, spec: RunSpec | None, base: RunSpec) -> None:
    """Write the form into the address: the preset, and what differs from `base`.

    While the form holds a mistake (`spec` is None), the settings in the address stay as they were.
    """
    wanted = {name: values for name, values in _query().items() if spec is None} | {
        "preset": [preset]
    }
    if spec is not None:
        items = run_spec.link_items(spec, base)
        wanted |= {"seed": [item.partition(":")[2] for item in items if item.startswith("seed:")]}
        wanted |= {"set": [item for item in items if not item.startswith("seed:")]}
    wanted = {name: values for name, values in wanted.items() if values}
    for name in NAMES:
        if name in st.query_params and name not in wanted:
            del st.query_params[name]
        elif name in wanted and st.query_params.get_all(name) != wanted[name]:
            st.query_params[name] = wanted[name]
    st.session_state[WRITTEN] = wanted


def _query() -> dict[str, list[str]]:
    return {name: st.query_params.get_all(name) for name in NAMES if name in st.query_params}
