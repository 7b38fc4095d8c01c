"""Evidence and ownership per question: kept from people's sheets, checked strictly, carried on; offices, never persons."""

import pandas as pd
import people
import pytest

import kla_analysis as kla
from kla_analysis.evidence.intake.sheet import read_sheet, save
from kla_analysis.evidence.proof import COLUMNS, carried_on

ABOUT = {"area": "63.10", "year": 2025, "stage": "self_assessment"}
HEAD = (
    "Kode",
    "Pertanyaan",
    "Nilai Maksimal",
    "Nilai",
    "OPD Penanggung Jawab",
    "Bukti Dukung",
    "Tautan",
    "Dasar Hukum",
    "Keterangan",
    "Tenggat",
)
ROWS = [
    HEAD,
    (
        "1.1",
        "Perda KLA tersedia",
        12,
        10,
        "Dinas PPPA",
        "lengkap",
        "https://arsip.example/perda.pdf",
        "Perda 4/2020",
        "sudah",
        "31/03/2025",
    ),
    ("1.2a", "", None, 0.5, "Bagian Hukum, JDIH", "SK Bupati 12/2023.pdf", None, None, None, None),
    ("1.2b", "", None, 0.5, "JDIH\nBagian Hukum", "ada", None, None, None, "segera"),
    ("1.4", "", None, 1, None, None, None, None, None, None),
]


@pytest.fixture
def intake(tmp_path):
    return read_sheet(people.write_xlsx(tmp_path / "lembar.xlsx", [people.page("EM", ROWS)]), **ABOUT).require()


def test_what_a_sheet_says_of_its_evidence_is_kept(intake, tmp_path):
    said = intake.assessment().proof
    assert said.loc["1.1"].tolist() == [
        "complete",
        "https://arsip.example/perda.pdf",
        "Perda 4/2020",
        "Dinas PPPA",
        None,
        "2025-03-31",
    ]
    # Several responsible: nobody knows who leads. A document is no state, and “ada” is none either.
    assert said.loc["1.2a"].tolist() == [None, "SK Bupati 12/2023.pdf", None, None, "Bagian Hukum;JDIH", None]
    assert said.loc["1.2b"].tolist() == [None, None, None, None, "JDIH;Bagian Hukum", None]
    assert "1.4" not in said.index
    skipped = intake.repairs.frame().query("action == 'skipped'")
    assert {"F4", "J4"} <= set(skipped["cell"])
    (path,) = save(intake, out=tmp_path / "2025-self_assessment.csv")
    again = kla.load_assessment(path, intake.instrument)
    pd.testing.assert_frame_equal(again.proof, said, check_names=False)
    assert again.notes.to_dict() == {"1.1": "sudah"}


def test_a_case_shows_it_beside_its_questions(intake, tmp_path):
    (path,) = save(intake, out=tmp_path / "2025-self_assessment.csv")
    questions = kla.open("63.10", 2025, assessment=str(path)).questions
    assert questions.loc["1.1", ["evidence_state", "lead", "note"]].tolist() == ["complete", "Dinas PPPA", "sudah"]
    assert questions.loc["1.4", list(COLUMNS)].isna().all()
    assert kla.open("63.10", 2022).questions[[*COLUMNS, "note"]].isna().all(axis=None)


def test_owners_are_carried_on_and_states_are_not(intake):
    kept = carried_on(intake.assessment().proof)
    assert kept.loc["1.1"].tolist() == [None, None, "Perda 4/2020", "Dinas PPPA", None, None]
    assert kept.loc["1.2a", "contributing"] == "Bagian Hukum;JDIH"


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("evidence_state", "bagus", "tidak ada dalam daftar"),
        ("due", "2025-02-30", "bukan tanggal"),
        ("due", "31/03/2025", "bukan tanggal"),
        ("lead", "Budi 0812-3456-7890", "data pribadi"),
        ("evidence_link", "6310010101010001.pdf", "data pribadi"),
        ("note", "NIK 6310010101010001", "data pribadi"),
    ],
)
def test_columns_of_evidence_are_checked_and_personal_data_is_never_repeated(tmp_path, column, value, told):
    path = tmp_path / "2025-self_assessment.csv"
    path.write_text(
        f"area_code,award_year,stage,question_code,score,{column}\n63.10,2025,self_assessment,1.1,5,{value}\n"
    )
    with pytest.raises(kla.DataError) as refused:
        kla.load_assessment(path, kla.load_instrument(year=2025))
    (problem,) = refused.value.problems
    assert (problem.row, problem.column) == (2, column)
    assert told in problem.what
    assert not ("data pribadi" in told and value in str(refused.value))


def test_personal_data_beside_the_evidence_is_refused_on_import(tmp_path):
    rows = [HEAD, (*ROWS[1][:4], "Ibu Ani 0812-3456-7890", *ROWS[1][5:])]
    intake = read_sheet(people.write_xlsx(tmp_path / "a.xlsx", [people.page("EM", rows)]), **ABOUT)
    assert intake.refused
    assert "3456" not in str(intake.repairs.frame().values)
