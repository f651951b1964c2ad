"""The schema, the same on SQLite and PostgreSQL."""

from sqlalchemy import (
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)

from rft_core.spec.sections import readable

metadata = MetaData()
SCHEMA_VERSION = 3
LONGEST_ID = 40


class Line(TypeDecorator):
    """A line of text that is read without what does not show: earlier versions took any name."""

    impl, cache_ok = String, True

    def process_result_value(self, value: str | None, dialect: object) -> str | None:
        """Return the text of a cell as it is shown."""
        return None if value is None else readable(value)


meta = Table(
    "meta",
    metadata,
    Column("key", String(40), primary_key=True),
    Column("value", Text, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("run_id", String(LONGEST_ID), primary_key=True),
    # the order of creation; a run's colour everywhere derives from it
    Column("number", Integer, nullable=False),
    Column("name", Line(200), nullable=False),
    Column("spec", Text, nullable=False),
    Column("spec_hash", String(32), nullable=False),
    Column("status", String(12), nullable=False),
    Column("reason", Text, nullable=False, default=""),
    # what a person asked of a running child: "", "stop" or "pause"
    Column("request", String(12), nullable=False, default=""),
    Column("host", String(200)),
    Column("device", String(40)),
    Column("pid", Integer),
    Column("pid_start", Float),
    Column("heartbeat", Float),
    Column("created", Float, nullable=False),
    Column("started", Float),
    Column("ended", Float),
    Column("step", Integer, nullable=False, default=0),
    Column("total_steps", Integer),
    Column("report", Text),
    # the run whose checkpoint this one began with, and the step it was at; no foreign key: a
    # fork outlives its parent
    Column("parent", String(40)),
    Column("parent_step", Integer),
    # when a person deleted it; hidden from then on, removed later
    Column("deleted", Float),
    Index("runs_by_status", "status", "created"),
)

# what lists show and filter by, derived from spec and report, so that no list has to read those
summaries = Table(
    "summaries",
    metadata,
    Column("run_id", String(40), ForeignKey("runs.run_id", ondelete="CASCADE"), primary_key=True),
    Column("backbone", Text, nullable=False),
    Column("dataset", Text, nullable=False),
    Column("strategy", String(40), nullable=False),
    Column("objective", String(40), nullable=False),
    Column("schedule", String(40), nullable=False),
    Column("norm", String(8), nullable=False),
    Column("epsilon", Float, nullable=False),
    Column("seed", Integer, nullable=False),
    Column("image_size", Integer),
    Column("wanted_device", String(40), nullable=False),
    # one tag a line, with a line's end before the first and after the last
    Column("tags", Text, nullable=False),
    # id, name, notes, tags and settings, one a line, case folded
    Column("words", Text, nullable=False),
    Column("clean", Float),
    Column("robust", Float),
    Column("expected", Float),
    # gradient evaluations a second over the whole run
    Column("rate", Float),
    # what measured robust and expected, as JSON: the list reads no report
    Column("measured_by", Text),
)

events = Table(
    "events",
    metadata,
    Column("run_id", String(40), ForeignKey("runs.run_id", ondelete="CASCADE"), primary_key=True),
    Column("sequence", Integer, primary_key=True),
    Column("step", Integer, nullable=False),
    Column("epoch", Float, nullable=False),
    Column("wall_time", Float, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("payload", Text, nullable=False),
)

artifacts = Table(
    "artifacts",
    metadata,
    Column("run_id", String(40), ForeignKey("runs.run_id", ondelete="CASCADE"), primary_key=True),
    Column("path", String(400), primary_key=True),
    Column("kind", String(40), nullable=False),
    Column("size", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
)
