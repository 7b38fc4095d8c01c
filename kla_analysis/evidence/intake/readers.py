"""The readers: one per container, each with its own bounds; bytes in, grids out."""

from __future__ import annotations

from kla_analysis.errors import DataError
from kla_analysis.evidence.intake.grid import Book
from kla_analysis.language import t


def read(data: bytes, kind: str) -> Book:
    """Read the bytes of a file that the guard has looked at.

    Raises:
        DataError: broken, dangerous or too large; the message does not name the file.
    """
    from kla_analysis.evidence.intake import opendocument, texts, workbooks

    reader = {
        "xlsx": workbooks.read_xlsx,
        "ods": opendocument.read_ods,
        "xls": workbooks.read_xls,
        "html": texts.read_html,
        "text": texts.read_text,
    }[kind]
    try:
        return reader(data)
    except MemoryError:
        raise DataError(t("terlalu besar"), advice=t("Salin sel penilaiannya saja ke buku kerja baru.")) from None
    except RecursionError:
        raise DataError(t("rusak atau terpotong"), advice=t("Buka di Excel dan simpan ulang.")) from None
