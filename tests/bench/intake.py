"""Benchmark of the intake: one sheet of 50,000 rows, and 514 workbooks of 274 questions.

Beside it, in the same run, `pandas.read_excel` with openpyxl and with calamine, which only read the cells: they look at no
limit, find no header, name no repair. Each way runs in a process of its own, whose peak memory is measured; the intake's
is the larger of its own and its child's. Run it with `make bench`.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

REPEATS = 3

#: What each way does with the files of a folder, in a process of its own.
WAYS = {
    "cells only, by this project's reader": """
from kla_analysis.evidence.intake import guard
from kla_analysis.evidence.intake.child import Reader
with Reader() as reader:
    books = (reader.read(path.name, guard.look_at(guard.read_file(path), path.name)) for path in files)
    cells = sum(len(row) for book in books for grid in book.grids for row in grid.rows.values())
""",
    "kla import: cells, layout, checks, repairs": """
from kla_analysis.evidence.intake.child import Reader
from kla_analysis.evidence.intake.sheet import read_sheet
with Reader() as reader:
    intakes = (read_sheet(path, reader=reader).require() for path in files)
    cells = sum(len(one.answers) for intake in intakes for one in intake.assessments)
""",
    "pandas.read_excel, openpyxl": """
import pandas as pd
cells = sum(int(pd.read_excel(path, header=None, engine="openpyxl").notna().sum().sum()) for path in files)
""",
    "pandas.read_excel, calamine": """
import pandas as pd
cells = sum(int(pd.read_excel(path, header=None, engine="calamine").notna().sum().sum()) for path in files)
""",
}
RUN = """
import json, resource, sys, time
from pathlib import Path
import pandas  # every way is given the import for nothing
files = sorted(Path(sys.argv[1]).iterdir())
before = time.process_time()
start = time.perf_counter()
{way}
seconds = time.perf_counter() - start
used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
peak = max(use.ru_maxrss for use in used) / 1024
cpu = sum(use.ru_utime + use.ru_stime for use in used) - before
print(json.dumps([seconds, cpu, peak, cells]))
"""


def measure(way: str, folder: Path) -> list[float]:
    """Return seconds, CPU seconds (of the child too), peak MiB, and how many cells or answers came out."""
    done = subprocess.run(
        [sys.executable, "-c", RUN.format(way=way), str(folder)],
        capture_output=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    return json.loads(done.stdout)


def make_long(folder: Path) -> None:
    """One sheet of 50,000 rows: 182 districts with the answers to every question."""
    import people

    import kla_analysis as kla

    instrument = kla.load_instrument()
    areas = kla.load_areas().query("kind != 'provinsi'").index[:183]
    rows = [("area_code", "award_year", "stage", "question_code", "score", "note")]
    for area in areas:
        rows += [
            (area, 2025, "self_assessment", code, m / 2, None) for code, m in instrument.questions["max_points"].items()
        ]
    people.write_xlsx(folder / "panjang.xlsx", [people.page("Data", rows[:50_001])])


def make_many(folder: Path) -> None:
    """514 recapitulations of 274 questions, as districts send them."""
    import people

    import kla_analysis as kla

    instrument = kla.load_instrument()
    root = Path(__file__).resolve().parents[2]
    reference = kla.load_assessment(root / "data/assessments/reference/2024-self_assessment.csv", instrument)
    for code, name in kla.load_areas().query("kind != 'provinsi'")["name"].items():
        titles = (("REKAPITULASI EVALUASI MANDIRI",), (name.replace("Kab.", "KABUPATEN").upper(),), ("TAHUN 2025",), ())
        page = people.recapitulation(instrument, reference.scores, reference.printed, titles=titles)
        people.write_xlsx(folder / f"{code}.xlsx", [page])


def main() -> None:
    for title, make in (("one sheet of 50,000 rows", make_long), ("514 workbooks of 274 questions", make_many)):
        with tempfile.TemporaryDirectory() as scratch:
            make(Path(scratch))
            print(title)
            # In turns, so that what else the machine does falls on all alike.
            rounds = [{name: measure(way, Path(scratch)) for name, way in WAYS.items()} for _ in range(REPEATS)]
            base = statistics.median(found["pandas.read_excel, openpyxl"][0] for found in rounds)
            for name in WAYS:
                seconds, cpu, peak, cells = (
                    statistics.median(column) for column in zip(*(r[name] for r in rounds), strict=True)
                )
                print(
                    f"  {name:45} {seconds:7.2f} s  {seconds / base:5.2f}   {cpu:7.2f} CPU s   {peak:4.0f} MiB"
                    f"   {cells:9,.0f} cells or answers"
                )


if __name__ == "__main__":
    main()
