"""rft_core.report.run.measured_run: a run without a report raises, and says which."""

import pytest

from rft_core.errors import UserError
from rft_core.report.run.measured_run import measured_method, measured_report
from rft_core.spec.presets import preset
from tests.unit.report.stored import stored


@pytest.mark.parametrize("read", [measured_report, measured_method])
def test_a_run_without_a_report_is_named(store, read):
    run_id = store.submit(preset("digits_quick"))
    with pytest.raises(UserError, match=f"{run_id} has no report yet"):
        read(store.get(run_id))


def test_a_measured_run_gives_its_report_and_its_attack(store):
    record = stored(store, "rose")
    assert measured_report(record) is record.report
    assert measured_method(record) == record.measured_by
