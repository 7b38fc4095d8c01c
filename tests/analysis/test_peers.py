"""Peers: same province, same kind, same round, same rules; the middle of them, and who is borrowed."""

import shutil

from conftest import ROOT, run_kla

import kla_analysis as kla
from kla_analysis import tables, wording
from kla_analysis.analysis.peers import peer_codes, peers_of


def test_the_cities_of_a_province_are_no_peers_of_its_districts():
    codes = peer_codes("63.10")
    assert "63.01" in codes
    assert not {"63.10", "63.71", "62.01"} & set(codes)
    assert peer_codes("63.71") == ["63.72"]


def test_beside_the_middle_of_the_peers(tmp_path, monkeypatch):
    shutil.copytree(ROOT / "data", tmp_path / "data")
    monkeypatch.setenv("KLA_DATA", str(tmp_path / "data"))
    codes = ["63.01", "63.02", "63.03", "63.71"]
    done = run_kla(
        "synthetic",
        str(tmp_path / "data/assessments"),
        "--areas",
        ",".join(codes),
        "--year",
        "2022",
        "--instrument",
        "kla-2024",
    )
    assert done.returncode == 0, done.stderr
    case = kla.open("63.10", 2022)
    peers = peers_of(case)
    assert [peer.name for peer in peers] == ["Kab. Tanah Laut", "Kab. Kotabaru", "Kab. Banjar"]  # the city is none
    table = kla.behind_peers(case)
    middle = sorted(peer.roll_up.indicators.at["6", "low"] for peer in peers)[1]
    assert table.at["6", "peer_points"] == middle
    assert table.at["6", "behind_peers"] == max(0, middle - case.indicators.at["6", "low"])
    assert table["behind_peers"].is_monotonic_decreasing
    said = repr(wording.peers_in_words(table, case))
    assert "3 daerah sejenis" in said
    assert "3 di antaranya ilustratif atau sintetis" in said
    assert tables.peers_table(table, case).cells
