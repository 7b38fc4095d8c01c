"""The audit names exactly what the reference sheet gets wrong."""

import pandas as pd
import people
import pytest
from conftest import run_json, run_kla

import kla_analysis as kla


def test_three_totals_of_the_reference_sheet(reference, instrument):
    audit = kla.audit(reference, instrument)
    assert audit.totals == {"printed": 770.36, "indicators": 765.46, "questions": 771.81}
    assert audit.maxima == {"printed": 1035, "indicators": 1000, "questions": 1004, "instrument": 1000}


def test_the_lines_that_do_not_add_up(reference, instrument):
    audit = kla.audit(reference, instrument)
    assert audit.indicators_that_do_not_add_up == ("1", "7", "17", "19", "21B", "26")
    # K1: maximum 150 printed, 115 in its indicators; K2: 93.8 and 98.8; KD: 67.5 and 57.6.
    assert audit.components_that_do_not_add_up == ("K1", "K2", "KD")
    assert not audit.adds_up


def test_points_at_stake(reference, instrument):
    rows = kla.audit(reference, instrument).rows
    assert rows.loc[("indicator", "26"), "at_stake"] == pytest.approx(52.4 - 41.5)
    assert rows.loc[("component", "KD"), "at_stake"] == pytest.approx(68.5 - 57.6)


def test_a_sheet_without_printed_lines_is_refused_in_words(tanah_bumbu, instrument):
    with pytest.raises(kla.DataError, match=r"\.printed\.csv"):
        kla.audit(tanah_bumbu, instrument)


def test_a_district_s_own_sheet_is_audited_at_every_level(reference, instrument, tmp_path):
    """The recapitulation as an office makes it gives the audit of the same figures in the project's own form."""
    path = people.write_xlsx(
        tmp_path / "a.xlsx", [people.recapitulation(instrument, reference.scores, reference.printed)]
    )
    found = kla.audit(kla.read_sheet(path).assessment(), instrument)
    pd.testing.assert_frame_equal(found.rows, kla.audit(reference, instrument).rows)
    said = run_json("audit", str(path))
    assert said["totals"] == {"printed": 770.36, "indicators": 765.46, "questions": 771.81}
    assert {row["code"]: row["at_stake"] for row in said["rows"]}["26"] == 10.9
    assert "10,9 poin dipertaruhkan" in run_kla("audit", str(path)).stdout


def test_what_a_sheet_does_not_say_is_said_to_the_audit(tmp_path):
    rows = [("Kode", "Indikator", "Nilai Maksimal", "Nilai"), ("1", "a", 96, 50), ("", "Jumlah K0", 164, 60)]
    path = people.write_xlsx(tmp_path / "a.xlsx", [people.page("A", rows)])
    asked = run_kla("audit", str(path))
    assert asked.returncode == 3
    named = [word for word in ("--area", "--year", "--stage") if word in asked.stderr]
    said = run_kla("audit", str(path), "--area", "63.10", "--year", "2025", "--stage", "self_assessment")
    assert len(named) == 3
    assert not [word for word in named if word in said.stderr], said.stderr


def test_a_sheet_that_stops_at_indicators_is_audited_from_there(reference, instrument, tmp_path):
    rows = [("Evaluasi Mandiri Kab. Tanah Bumbu 2025",), ("Kode", "Indikator", "Nilai Maksimal", "Nilai")]
    rows += [
        ("1", "a", 96, 73),
        ("2", "b", 36, 30),
        ("3", "c", 32, 24.5),
        (None, "JUMLAH KELEMBAGAAN", 164, 130),
        (None, "TOTAL", 1000, 127.5),
    ]
    found = kla.audit(
        kla.read_sheet(people.write_xlsx(tmp_path / "a.xlsx", [people.page("A", rows)])).assessment(), instrument
    )
    assert found.totals == {"printed": 127.5, "indicators": 127.5}
    assert found.components_that_do_not_add_up == ("K0",)
    assert found.rows.loc[("component", "K0"), "at_stake"] == 2.5
    # The printed total is the sum of the indicators, not of the printed components.
    assert found.rows.loc[("total", "total"), "summed_score"] == 130
