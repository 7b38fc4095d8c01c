"""Another year's rules, proven on a small second instrument made for this test."""

import json
import shutil

import pytest
from conftest import ROOT

import kla_analysis as kla
from kla_analysis.analysis.crosswalk import carry_over, compare_instruments, load_mapping
from kla_analysis.errors import DataError

MAPPING = """from_question,to_question,standing,reason
1.1,A.1,assumed,sama pokoknya
2.4,A.2,assumed,sama pokoknya
6.3,B.1,assumed,sama pokoknya
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """The project's data with a second, small instrument beside the first."""
    data = shutil.copytree(ROOT / "data", tmp_path_factory.mktemp("proyek") / "data")
    old, new = data / "instruments/kla-2024", data / "instruments/kla-uji"
    new.mkdir()
    text = (old / "instrument.yaml").read_text(encoding="utf-8")
    text = text.replace("id: kla-2024", "id: kla-uji").replace("max_total: 1000", "max_total: 100")
    for number, small in (
        (500, 50),
        (600, 60),
        (601, 61),
        (700, 70),
        (701, 71),
        (800, 80),
        (801, 81),
        (900, 90),
        (901, 91),
        (1000, 100),
    ):
        text = text.replace(f"lower: {number}", f"lower: {small}")
        text = text.replace(f"printed_upper: {number}", f"printed_upper: {small}")
    (new / "instrument.yaml").write_text(text, encoding="utf-8")
    source = "assumed,salinan-2024"
    (new / "components.csv").write_text(
        f"component_code,name_id,name_en,max_score,standing,source\nK0,Kelembagaan,Institutions,60,{source}\n"
        f"K1,Klaster I,Cluster I,40,{source}\n"
    )
    (new / "indicators.csv").write_text(
        f"component_code,indicator_code,name_id,name_en,max_score,standing,source\nK0,A,A,A,60,{source}\nK1,B,B,B,40,{source}\n"
    )
    header = (old / "questions.csv").read_text(encoding="utf-8").splitlines()[0]
    rows = [("K0", "A", "A.1", 40), ("K0", "A", "A.2", 20), ("K1", "B", "B.1", 30), ("K1", "B", "B.2", 10)]
    (new / "questions.csv").write_text(
        header
        + "\n"
        + "".join(f"{c},{i},{q},{m},{q},{q},Dinas PPPA,false,false,false,{source}\n" for c, i, q, m in rows)
    )
    (new / "discrepancies.yaml").write_text("[]\n")
    shutil.copy(old / "agencies.csv", new)
    package = json.loads((data / "datapackage.json").read_text(encoding="utf-8"))
    package["resources"] += [
        {**resource, "name": resource["name"].replace("2024", "uji"), "path": resource["path"].replace("2024", "uji")}
        for resource in package["resources"]
        if "kla-2024" in resource["path"]
    ]
    (data / "datapackage.json").write_text(json.dumps(package), encoding="utf-8")
    return data


@pytest.fixture(scope="module")
def new(data):
    return kla.load_instrument("kla-uji", data=data)


@pytest.fixture
def mapping(tmp_path, instrument, new, data):
    path = tmp_path / "padanan.csv"
    path.write_text(MAPPING)
    return load_mapping(path, instrument, new, data=data)


def test_scores_cross_as_the_share_of_their_maximum(reference, mapping, instrument, new):
    crossing = carry_over(reference, mapping, instrument, new)
    # 1.1 had 12 of 12 -> 40 of 40; 2.4 had 5 of 10 -> 10 of 20; 6.3 had 9 of 21 -> 12.857143 of 30.
    assert crossing.assessment.scores.dropna().to_dict() == {"A.1": 40, "A.2": 10, "B.1": 12.857143}
    rolled = kla.roll_up(crossing.assessment, new)
    assert (rolled.total.low, rolled.total.high) == (62.857143, 72.857143)  # B.2 is unanswered, not guessed
    assert rolled.missing == ("B.2",)


def test_what_has_no_counterpart_is_listed_with_its_points(reference, mapping, instrument, new):
    crossing = carry_over(reference, mapping, instrument, new)
    assert list(crossing.unanswered.index) == ["B.2"]
    assert len(crossing.left_behind) == 274 - 3
    assert crossing.left_behind["score"].sum() == pytest.approx(771.81 - 12 - 5 - 9)


def test_instruments_are_never_mixed_silently(reference, mapping, instrument, new):
    crossed = kla.roll_up(carry_over(reference, mapping, instrument, new).assessment, new)
    own = kla.roll_up(reference, instrument)
    with pytest.raises(DataError, match="instrumen"):
        kla.roll_up(reference, new)
    with pytest.raises(DataError, match="berbeda"):
        kla.difference(own, crossed, "component")
    with pytest.raises(DataError, match="berbeda"):
        kla.lost_points(own, "component", peers=[crossed])
    with pytest.raises(DataError, match="kla-uji"):
        carry_over(reference, mapping, new, instrument)


def test_a_bad_mapping_is_refused_with_every_problem(tmp_path, instrument, new, data):
    path = tmp_path / "padanan.csv"
    path.write_text(MAPPING + "1.1,B.2,assumed,\n99.9,A.1,assumed,\n")
    with pytest.raises(DataError) as refused:
        load_mapping(path, instrument, new, data=data)
    assert {(problem.row, problem.value) for problem in refused.value.problems} == {(5, "1.1"), (6, "99.9"), (6, "A.1")}


def test_two_instruments_value_by_value(instrument, new):
    table = compare_instruments(instrument, new)
    assert table.loc[("component", "K0"), ["old", "new", "change"]].to_list() == [164, 60, -104]
    assert table.loc[("band", "nindya"), ["old", "new"]].to_list() == [701, 71]
    assert table.loc[("component", "K2"), "new"] != table.loc[("component", "K2"), "new"]  # only in the old one
    assert (table["old_source"].notna() | table["new_source"].notna()).all()


def test_kelembagaan_had_100_points_in_2021(instrument):
    (row,) = instrument.earlier.to_dict("records")
    assert (row["award_year"], row["code"], row["max_points"]) == (2021, "K0", 100)
    assert instrument.component("K0").max_points == 164
    assert row["source"] in instrument.sources
