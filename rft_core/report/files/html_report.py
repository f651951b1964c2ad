"""One HTML file with everything a comparison shows, and the commands that repeat its runs.

It opens without a network.

Names, notes and tags are escaped, and a content security policy allows only the two scripts of this
file and no requests.
"""

import base64
import hashlib
import json
import time
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import plotly.graph_objects as go

from rft_core.files.home import CHECKOUT
from rft_core.metrics.shared_images import describe_shared
from rft_core.report.comparison.lines import PANELS
from rft_core.report.comparison.pareto_plane import pareto_figure
from rft_core.report.comparison.robustness_figure import curves_figure
from rft_core.report.comparison.rows import (
    area_table,
    common_rows,
    difference_rows,
    differing_rows,
    group_table,
    number_rows,
)
from rft_core.report.comparison.sentences import (
    describe_curves,
    describe_pairs,
    describe_pareto,
    describe_tracking,
)
from rft_core.report.comparison.tracking_figure import accuracy_panels
from rft_core.report.comparison.view import Content, pareto_rows
from rft_core.report.files.formats import run_document, versions
from rft_core.report.files.tables import say_time, without_home
from rft_core.spec.rerun_command import short_command, spec_command
from rft_core.spec.stored_spec import parse_stored
from rft_core.store.records import RunRecord

ASSETS = CHECKOUT / "assets"
CURVES_PIXELS = 400


def html_report(content: Content, runs_folder: Path) -> str:
    """Return the report of a comparison as an HTML document; `runs_folder` holds the files of the
    runs, needed for the intervals of areas.
    """
    from plotly.offline import get_plotlyjs

    scripts = (get_plotlyjs(), (ASSETS / "report.js").read_text())
    body = "".join(
        [
            _head(content),
            _figures(content, runs_folder),
            _tables(content),
            _settings(content),
            _runs(content),
        ]
    )
    run = "".join(f"<script>{script}</script>" for script in scripts)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(scripts)}">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{_title(content)}</title>"
        f"<style>{(ASSETS / 'report.css').read_text()}</style></head>"
        f"<body>{body}{run}</body></html>\n"
    )


def _policy(scripts: Sequence[str]) -> str:
    digests = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in scripts
    )
    return (
        f"default-src 'none'; script-src {digests}; style-src 'unsafe-inline'; img-src data: blob:"
    )


def _text(value: Any) -> str:
    return escape(str(without_home(value)))


def _title(content: Content) -> str:
    return (
        f"Comparison of {len(content.records)} runs"
        if len(content.records) != 1
        else f"Run {_text(content.labels[0])}"
    )


def _head(content: Content) -> str:
    made = ", ".join(f"{name} {version}" for name, version in versions().items())
    warnings = "".join(
        f'<p class="warning">{_text(warning)}</p>' for warning in content.comparison.warnings
    )
    return (
        f'<h1>{_title(content)}</h1><p class="quiet">RFT Lab, {say_time(time.time())}. Written with'
        f" {_text(made)}.</p>{warnings}"
    )


def _figures(content: Content, runs_folder: Path) -> str:
    areas = pareto_rows(content, runs_folder)
    charts = (
        (
            "Which run learns its task, and when?",
            "tracking",
            accuracy_panels(content.lines, list(PANELS), content.view.axis, key="tracking"),
            describe_tracking(content),
        ),
        (
            "How robust is each run at every epsilon?",
            "curves",
            curves_figure(content.lines, key="curves", height=CURVES_PIXELS),
            describe_curves(content),
        ),
        (
            "What does robustness cost in clean accuracy?",
            "pareto",
            pareto_figure(content.lines, target=content.target, key="pareto"),
            describe_pareto(content, areas),
        ),
    )
    drawn = "".join(
        f"<h2>{title}</h2>{_chart(name, figure, caption)}"
        for title, name, figure, caption in charts
    )
    return (
        drawn
        + _table(area_table(areas))
        + '<p class="quiet">Areas in percent of the unit square; intervals: 95 %, bootstrap over'
        " the test images.</p>"
    )


def _chart(name: str, figure: go.Figure, caption: str) -> str:
    figure.update_layout(template="plotly_white")
    # no "<" may occur in the script element, whatever the name of a run; plotly also escapes it,
    # but
    # does not promise to
    data = figure.to_json().replace("<", "\\u003c")
    return (
        f'<figure><div id="{name}" role="img" aria-label="{_text(caption)}"'
        f' style="height:{figure.layout.height}px"></div>'
        f"<figcaption>{_text(caption)}</figcaption></figure>"
        f'<script type="application/json" data-chart="{name}">{data}</script>'
    )


def _tables(content: Content) -> str:
    parts = [
        "<h2>Numbers</h2>",
        _table(number_rows(content)),
        '<p class="quiet">On test images, with 95 % intervals (Wilson) in brackets.</p>',
    ]
    if content.is_grouped:
        parts += ["<h2>Means of each group</h2>", _table(group_table(content))]
        parts += [
            '<p class="quiet">Mean ± standard deviation, with the 95 % interval of the mean in'
            " brackets (Student's t). Differences are over the seeds that both groups share.</p>"
        ]
    if content.pairs:
        parts += [
            f"<h2>Against {_text(content.pairs[0].baseline_name)}</h2>",
            _table(difference_rows(content)),
        ]
        parts += [
            '<p class="quiet">Run minus baseline in points, with 95 % intervals over the test'
            " images; the intervals say nothing about other seeds.</p>"
        ]
        parts += [
            "<ul>",
            *(f"<li>{_text(sentence)}</li>" for sentence in describe_pairs(content)),
            "</ul>",
        ]
    return "".join(parts)


def _settings(content: Content) -> str:
    differing = _table(differing_rows(content)) or "<p>None.</p>"
    return (
        f"<h2>Settings that differ</h2>{differing}<h2>Settings in"
        " common</h2><details><summary>Show"
        f" all</summary>{_table(common_rows(content))}</details>"
    )


def _runs(content: Content) -> str:
    return "<h2>Run it again</h2>" + "".join(
        _run(label, record) for label, record in zip(content.labels, content.records)
    )


def _run(label: str, record: RunRecord) -> str:
    document = run_document(record)
    report = record.report or {}
    facts = {
        "Run": record.run_id,
        "Status": record.status,
        "Reason": record.reason,
        "Started": document["started"],
        "Ended": document["ended"],
    }
    facts |= {
        "Machine": ", ".join(
            f"{name} {value}" for name, value in (report.get("machine") or {}).items()
        ),
        "Test images (digest)": report.get("images_digest"),
        "Images in two splits": "; ".join(describe_shared(report.get("shared_images"))),
    }
    facts |= {"Notes": record.spec.notes, "Tags": ", ".join(record.spec.tags)}
    short = short_command(parse_stored(document["spec"]))
    rows = [{"": name, " ": value} for name, value in facts.items() if value]
    spec = json.dumps(document["spec"], indent=2, ensure_ascii=False)
    return (
        f"<h3>{_text(label)}</h3>{_table(rows)}"
        + (f"<p>In short:</p><pre>{_text(short)}</pre>" if short else "")
        + "<details><summary>Complete: save this as spec.json, then"
        f" <code>{_text(spec_command())}</code></summary>" + f"<pre>{_text(spec)}</pre></details>"
    )


def _table(rows: Sequence[dict[str, Any]]) -> str:
    if not rows:
        return ""
    head = "".join(f"<th>{_text(name)}</th>" for name in rows[0])
    body = "".join(
        "<tr>" + "".join(f"<td>{_text(value)}</td>" for value in row.values()) + "</tr>"
        for row in rows
    )
    return (
        "<div"
        f' class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )
