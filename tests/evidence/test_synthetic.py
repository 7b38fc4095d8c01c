"""Synthetic sheets: the same for a seed, unlike each other, and never over a real one."""

import pytest

import kla_analysis as kla
from kla_analysis.errors import ParameterError
from kla_analysis.evidence.synthetic import write_synthetic


def test_synthetic_sheets_are_the_same_for_a_seed_and_never_hide_a_real_one(tmp_path, instrument):
    one = write_synthetic(tmp_path / "a", instrument, year=2025, seed=1, areas=["63.01", "63.10"])
    other = write_synthetic(tmp_path / "b", instrument, year=2025, seed=1, areas=["63.10"])
    assert one[1].read_bytes() == other[0].read_bytes()
    another = write_synthetic(tmp_path / "c", instrument, year=2025, seed=2, areas=["63.10"])
    assert another[0].read_bytes() != other[0].read_bytes()
    sheet = kla.load_assessment(one[1], instrument)
    assert sheet.origin.illustrative
    assert 300 < kla.roll_up(sheet, instrument).total.low < 1000
    other[0].with_suffix(".origin.yaml").unlink()
    with pytest.raises(ParameterError, match="bukan lembar sintetis"):
        write_synthetic(tmp_path / "b", instrument, year=2025, seed=1, areas=["63.10"])


def test_each_district_has_its_own_answers_and_gaps(tmp_path, instrument):
    paths = write_synthetic(tmp_path, instrument, year=2025, seed=1, areas=[f"63.{at:02}" for at in range(1, 9)])
    sheets = [kla.load_assessment(path, instrument) for path in paths]
    assert [path.parent.name for path in paths] == [sheet.area_code for sheet in sheets]
    assert len({sheet.scores.sum() for sheet in sheets}) == 8
    assert len({sheet.missing for sheet in sheets}) > 6  # some lack nothing
    for sheet in sheets:
        assert (sheet.scores.fillna(0) <= instrument.questions["max_points"]).all()
