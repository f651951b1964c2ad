"""Figures for the back row."""

import plotly.graph_objects as go

from rft_core.report.drawing.projector import HEIGHT, LINE, TYPE, enlarge
from rft_core.report.run.schedule_explorer import compared, schedule_figure
from rft_core.spec.presets import preset


def figure() -> go.Figure:
    drawn = schedule_figure(
        compared(preset("scheduled"), ()), epsilon=8 / 255, norm="linf", epochs=10, key="x"
    )
    drawn.add_annotation(x=1, y=1, text="a", font={"size": 12}, xshift=6)
    drawn.frames = [
        go.Frame(data=[go.Scatter(x=[1], y=[2], line={"width": 2}, marker={"size": 6})], name="0")
    ]
    return drawn


def test_type_lines_and_height_grow_and_data_stay():
    before = figure()
    after = enlarge(before)
    assert after.layout.height == round(HEIGHT * before.layout.height)
    assert after.layout.font.size == TYPE * before.layout.font.size
    assert after.layout.annotations[0].font.size == TYPE * 12
    assert after.layout.annotations[0].xshift == TYPE * 6
    assert after.data[0].line.width == LINE * before.data[0].line.width
    # arrays are in the form that is sent to the browser
    assert after.data[0].y == before.to_plotly_json()["data"][0]["y"]
    assert after.layout.xaxis.range == before.layout.xaxis.range
    assert after.layout.uirevision == before.layout.uirevision
    assert after.frames[0].data[0].line.width == LINE * 2
    assert after.frames[0].data[0].marker.size == TYPE * 6


def test_the_figure_itself_is_left_alone():
    before = figure()
    kept = before.to_json()
    enlarge(before)
    assert before.to_json() == kept
