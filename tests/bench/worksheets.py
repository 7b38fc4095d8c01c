"""Benchmark of worksheets: all workbooks of some districts written, and read back filled in.

Beside it, in the same run, plain loops that write the same texts and numbers and nothing else: no formats, lists, protection
or formulas. Each way runs in a process of its own, whose peak memory is measured. Run it with `make bench`;
`KLA_BENCH_DISTRICTS` says how many districts (a country has 514, which is this many times more and no other work).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

DISTRICTS = int(os.environ.get("KLA_BENCH_DISTRICTS", "3"))
WAYS = {
    "kla worksheets": """
for own in rounds:
    for unit in own.units:
        count += 1
        (folder / f"{own.area.code}-{count}.xlsx").write_bytes(worksheet(own, unit))
""",
    "openpyxl, a plain loop": """
import openpyxl
for own in rounds:
    for unit in own.units:
        count += 1
        book = openpyxl.Workbook()
        for code, question in own.questions_of(unit).iterrows():
            book.active.append([code, question["name"], question["max_points"], question["agencies"]])
        book.save(folder / f"{own.area.code}-{count}.xlsx")
""",
    "xlsxwriter, a plain loop": """
import xlsxwriter
for own in rounds:
    for unit in own.units:
        count += 1
        book = xlsxwriter.Workbook(folder / f"{own.area.code}-{count}.xlsx")
        sheet = book.add_worksheet()
        for row, (code, question) in enumerate(own.questions_of(unit).iterrows()):
            sheet.write_row(row, 0, [code, question["name"], question["max_points"], str(question["agencies"])])
        book.close()
""",
    "kla collect": """
from kla_analysis.evidence.intake.child import Reader
from kla_analysis.evidence.deliveries import read_delivery
with Reader() as reader:
    for own in rounds:
        for path in sorted(written.glob(f"{own.area.code}-*")):
            count += 1
            read_delivery(path.read_bytes(), path.name, own, reader)
""",
}
RUN = """
import json, resource, sys, time
from pathlib import Path
from kla_analysis.evidence.areas import load_areas
from kla_analysis.evidence.worksheets import open_round
from kla_analysis.showing.worksheets import worksheet
folder, written, count = Path(sys.argv[1]), Path(sys.argv[2]), 0
areas = load_areas()
rounds = [open_round(code, 2025) for code in areas.index[areas["kind"] != "provinsi"][: {districts}]]
before, start = time.process_time(), time.perf_counter()
{way}
seconds = time.perf_counter() - start
used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
print(json.dumps([count, seconds, time.process_time() - before + used[1].ru_utime + used[1].ru_stime, max(u.ru_maxrss for u in used) / 1024]))
"""


def main() -> None:
    """Measure every way once, and print what a workbook costs."""
    with tempfile.TemporaryDirectory() as place:
        written = Path(place) / "0"
        print(f"{DISTRICTS} districts, every workbook of each; per workbook:")
        for count, (name, way) in enumerate(WAYS.items()):
            folder = Path(place) / str(count)
            folder.mkdir()
            code = RUN.replace("{way}", way).replace("{districts}", str(DISTRICTS))
            done = subprocess.run(
                [sys.executable, "-c", code, str(folder), str(written)], capture_output=True, text=True, check=True
            )
            books, seconds, cpu, peak = json.loads(done.stdout)
            print(
                f"  {name:28} {books:4} workbooks  {seconds / books * 1000:6.0f} ms  CPU {cpu / books * 1000:6.0f} ms  peak {peak:4.0f} MB"
            )


if __name__ == "__main__":
    main()
