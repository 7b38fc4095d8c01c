"""Benchmark of the documents: CPU seconds of PDF, Excel and results for one report, beside other ways.

Where LibreOffice is installed the workbook is recalculated by it, from nothing, and every formula is compared with
what Python stored. Run with `make bench`.
"""

from __future__ import annotations

import io
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pandas as pd
from bench.reports import made

from kla_analysis.report import exports, pdf, results
from kla_analysis.report.parameters import ReportParameters
from kla_analysis.showing.excel import sheet_of
from kla_analysis.showing.records import tables_in


def cpu_seconds(work: Callable[[], object], rounds: int = 3) -> float:
    """Return the median CPU seconds of several rounds, after one to warm up."""
    work()
    taken = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return statistics.median(taken)


def recalculated(made: bytes) -> str:
    """Let LibreOffice work out all formulas from nothing, and say how many give something else."""
    office = shutil.which("soffice")
    if office is None:
        return "LibreOffice is not installed: not recalculated"
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder) / "bare.xlsx"
        openpyxl.load_workbook(io.BytesIO(made)).save(bare)  # drops the stored values
        subprocess.run(
            [
                office,
                "--headless",
                f"-env:UserInstallation=file://{folder}/profile",
                "--convert-to",
                "xlsx:Calc MS Excel 2007 XML",
                "--outdir",
                f"{folder}/out",
                bare,
            ],
            check=True,
            capture_output=True,
            timeout=300,
        )
        live = openpyxl.load_workbook(io.BytesIO(made))["Hitungan"]
        stored = openpyxl.load_workbook(io.BytesIO(made), data_only=True)["Hitungan"]
        theirs = openpyxl.load_workbook(f"{folder}/out/bare.xlsx", data_only=True)["Hitungan"]
    cells = [cell.coordinate for row in live.iter_rows() for cell in row if cell.data_type == "f"]
    wrong = [
        cell
        for cell in cells
        if str(stored[cell].value) != str(theirs[cell].value) and abs(stored[cell].value - theirs[cell].value) > 1e-9
    ]
    return f"LibreOffice recalculated {len(cells)} formulas: {len(wrong)} differ from Python {wrong or ''}"


def main() -> int:
    position, pages, frame, _ = made(parameters := ReportParameters())
    tables = [sheet_of(table, file) for file, shown in pages.items() for table in tables_in(shown)]

    def pandas_workbook() -> None:
        with pd.ExcelWriter(io.BytesIO(), engine="openpyxl") as writer:
            for at, table in enumerate(tables):
                frame_of = pd.DataFrame(table.rows, columns=list(table.headings))
                frame_of.to_excel(writer, sheet_name=f"{at}", index=False)

    workbook = exports.report_workbook(position, pages, frame)
    began = time.process_time()
    pdf.pdf(pages, frame)
    cold = time.process_time() - began
    again = cpu_seconds(lambda: pdf.pdf(pages, frame))
    excel = cpu_seconds(lambda: exports.report_workbook(position, pages, frame))
    record = cpu_seconds(lambda: results.results_of(parameters, position))
    print("CPU seconds for one report, ratio to ours")
    print(f"PDF, one tagged document                     {cold:8.2f} s")
    print(f"the same PDF again                           {again:8.2f} s")
    print(f"Excel, {len(tables)} tables and the sheet that sums     {excel:8.2f} s   1.0")
    print(
        f"pandas.to_excel, the tables alone            {(other := cpu_seconds(pandas_workbook)):8.2f} s   {other / excel:.1f}"
    )
    print(f"results.json, the plan solved again          {record:8.2f} s")
    print(recalculated(workbook))
    return 0


if __name__ == "__main__":
    sys.exit(main())
