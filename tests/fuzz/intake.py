"""Fuzzing of the intake: bytes that nobody would write, for a bounded time. Run it with `make fuzz`.

Whatever comes in, reading may end in a book or in a refusal in words; anything else is a fault, and its input is kept in
`tests/fuzz/cases/`, which the ordinary tests run from then on.
"""

from __future__ import annotations

import io
import sys
import tempfile
import zipfile
from functools import lru_cache
from pathlib import Path

HERE = Path(__file__).resolve().parent
CASES = HERE / "cases"
#: What the first byte of an input chooses.
CONTAINERS = ("text", "html", "sheet", "file", "strings")


@lru_cache(maxsize=1)
def _package() -> dict[str, bytes]:
    """The parts of a small valid workbook."""
    import people

    with tempfile.TemporaryDirectory() as folder:
        path = people.raw_xlsx(Path(folder) / "a.xlsx", people.sheet_xml(people.small_table()))
        with zipfile.ZipFile(path) as package:
            return {name: package.read(name) for name in package.namelist()}


def _workbook(part: str, data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        for name, content in {**_package(), part: data}.items():
            package.writestr(name, content)
    return buffer.getvalue()


def one_input(data: bytes) -> None:
    """Read one input as the container that its first byte names, and lay it out when it could be read."""
    import kla_analysis as kla
    from kla_analysis.evidence.intake import guard, readers
    from kla_analysis.evidence.intake.assembly import Asked, Assembly
    from kla_analysis.evidence.intake.repairs import Repairs
    from kla_analysis.evidence.intake.sheet import _guard_personal_data

    if not data:
        return
    container, body = CONTAINERS[data[0] % len(CONTAINERS)], data[1:]
    try:
        if container == "file":
            content = guard.look_at(body, "a.xlsx")
            if content.kind in ("ods", "xls"):
                return  # calamine may take the process down; that is why it has one of its own
            book = readers.read(content.data, content.kind)
        elif container in ("sheet", "strings"):
            part = "xl/worksheets/sheet1.xml" if container == "sheet" else "xl/workbook.xml"
            book = readers.read(_workbook(part, body), "xlsx")
        else:
            book = readers.read(body, container)
        repairs = Repairs()
        _guard_personal_data(book, repairs, False)
        Assembly(book, kla.load_instrument(), repairs, Asked("63.10", 2025, "final", ""), None).run()
    except kla.KlaError:
        return


def seeds() -> list[bytes]:
    """Inputs to begin with: what offices really write."""
    import people

    import kla_analysis as kla

    instrument = kla.load_instrument()
    reference = kla.load_assessment(HERE.parents[1] / "data/assessments/reference/2024-self_assessment.csv", instrument)
    short = people.page("A", people.indicator_table(instrument, reference.printed, merged=False).rows[:20])
    found = [bytes([0]) + people.csv_bytes(short, dialect) for dialect in people.DIALECTS]
    sheet = people.sheet_xml(people.small_table()).encode()
    found += [bytes([2]) + sheet, bytes([1]) + b"<table><tr><td>Kode<td>Nilai<tr><td>1<td>5,5</table>"]
    found += [bytes([3]) + _workbook("xl/worksheets/sheet1.xml", sheet), bytes([4]) + _package()["xl/workbook.xml"]]
    return found


def main() -> None:
    """Fuzz for so many seconds as the command says."""
    seconds = sys.argv[1] if len(sys.argv) > 1 else "60"
    try:
        import atheris
    except ImportError:
        sys.exit(
            "atheris belum terpasang (Linux atau macOS saja). Pasang dengan: .venv/bin/python -m pip install atheris"
        )
    with atheris.instrument_imports(include=["kla_analysis.evidence.intake"]):
        from kla_analysis.evidence.intake import readers, sheet  # noqa: F401
    CASES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as corpus:
        for at, seed in enumerate(seeds()):
            (Path(corpus) / f"{at:02}").write_bytes(seed)
        options = [
            f"-max_total_time={seconds}",
            f"-artifact_prefix={CASES}/",
            "-max_len=8192",
            "-timeout=20",
            "-rss_limit_mb=1500",
        ]
        atheris.Setup([sys.argv[0], corpus, *options], one_input)
        atheris.Fuzz()


if __name__ == "__main__":
    sys.path.insert(0, str(HERE.parent))
    main()
