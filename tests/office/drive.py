"""What a person does to a sheet in LibreOffice, done by its own interface; run with a Python that has `uno`.

Standard input names jobs as JSON: the file, what is done to it, and where it is saved. One LibreOffice does them all.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import uno
from com.sun.star.beans import PropertyValue
from com.sun.star.connection import NoConnectException
from com.sun.star.table import CellAddress, CellRangeAddress

FILTERS = {
    ".xlsx": "Calc MS Excel 2007 XML",
    ".ods": "calc8",
    ".xls": "MS Excel 97",
    ".html": "HTML (StarCalc)",
    ".csv": "Text - txt - csv (StarCalc)",
}
#: As LibreOffice writes text files where the comma is the decimal mark: semicolons, UTF-8, numbers as they are shown.
SEMICOLONS = "59,34,76,1,,0,false,true,false,false,false,{sheet}"
#: As it opens them: numbers are read in the language of the machine.
OPENED = "{separator},34,76,1,,0,false,true"


def value(name: str, what) -> PropertyValue:
    made = PropertyValue()
    made.Name, made.Value = name, what
    return made


def connect(pipe: str):
    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
    for _ in range(300):
        try:
            context = resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
            return context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)
        except NoConnectException:
            time.sleep(0.2)
    raise SystemExit("LibreOffice does not answer")


def move_column(sheet, last: int, start: int, goal: int) -> None:
    """Cut a column and insert it before another."""
    index = sheet.RangeAddress.Sheet
    sheet.Columns.insertByIndex(goal, 1)
    start += start >= goal
    source = CellRangeAddress()
    source.Sheet, source.StartColumn, source.EndColumn, source.StartRow, source.EndRow = index, start, start, 0, last
    place = CellAddress()
    place.Sheet, place.Column, place.Row = index, goal, 0
    sheet.moveRange(place, source)
    sheet.Columns.removeByIndex(start, 1)


def work_on(book, job: dict) -> None:
    if not job.get("sheet"):
        return
    sheet = book.Sheets.getByName(job["sheet"])
    sheet.unprotect("")
    head, last, width = job["head"], job["last"], job["width"]
    for row, column, typed in job.get("type", []):
        sheet.getCellByPosition(column, row).FormulaLocal = typed
    table = sheet.getCellRangeByPosition(0, head, width - 1, last)
    if "sort" in job:
        field = uno.createUnoStruct("com.sun.star.table.TableSortField")
        field.Field, field.IsAscending = job["sort"], True
        fields = uno.Any("[]com.sun.star.table.TableSortField", (field,))
        uno.invoke(table, "sort", ((value("SortFields", fields), value("ContainsHeader", True)),))
    if "filter" in job:
        rules = table.createFilterDescriptor(True)
        rules.ContainsHeader = True
        rule = uno.createUnoStruct("com.sun.star.sheet.TableFilterField")
        rule.Field, rule.IsNumeric, rule.NumericValue = job["filter"], True, 0.0
        rule.Operator = uno.Enum("com.sun.star.sheet.FilterOperator", "GREATER")
        rules.setFilterFields((rule,))
        table.filter(rules)
    for start, goal in job.get("move", []):
        move_column(sheet, last, start, goal)


def main() -> None:
    asked = json.load(sys.stdin)
    pipe = f"kla{Path(asked['profile']).parent.name}"
    office = subprocess.Popen(
        [
            asked["office"],
            f"-env:UserInstallation={Path(asked['profile']).as_uri()}",
            "--headless",
            "--norestore",
            f"--accept=pipe,name={pipe};urp;",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    desktop = connect(pipe)
    try:
        for job in asked["jobs"]:
            how = [value("Hidden", True)]
            if job["file"].endswith(".csv"):
                separator = 59 if ";" in Path(job["file"]).read_text().splitlines()[0] else 44
                how += [
                    value("FilterName", FILTERS[".csv"]),
                    value("FilterOptions", OPENED.format(separator=separator)),
                ]
            book = desktop.loadComponentFromURL(Path(job["file"]).as_uri(), "_blank", 0, tuple(how))
            work_on(book, job)
            for out in job["out"]:
                suffix = Path(out).suffix
                saved = [value("FilterName", FILTERS[suffix])]
                if suffix == ".csv":
                    at = 1 + (book.Sheets.ElementNames.index(job["sheet"]) if job.get("sheet") else 0)
                    saved.append(value("FilterOptions", SEMICOLONS.format(sheet=at)))
                book.storeToURL(Path(out).as_uri(), tuple(saved))
                for named in Path(out).parent.glob(f"{Path(out).stem}-*.csv"):  # it adds the name of the sheet
                    named.replace(out)
            book.close(True)
    finally:
        try:
            desktop.terminate()
        finally:
            office.wait(30)


if __name__ == "__main__":
    main()
