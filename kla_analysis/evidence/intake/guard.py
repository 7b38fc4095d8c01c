"""The guard: what a file is and how big it may be, known from its bytes before any parser sees it."""

from __future__ import annotations

import io
import os
import re
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from kla_analysis.errors import DataError, nearest
from kla_analysis.files import MOST, read_plain, why_not
from kla_analysis.language import t

#: Bytes on disk, bytes unpacked, and how many times a part may grow when it is unpacked. A sheet of a million
#: formatted but empty rows grows 70 times, a bomb 1000 times.
MAX_BYTES, MAX_UNPACKED, MAX_GROWTH = MOST, 512 * 2**20, 250
MAX_PARTS = 2000
#: Filled cells of one file: what fits the memory that reading is given.
MAX_CELLS = 600_000
_MIB = 2**20

#: What other programs leave in folders.
_LITTER = re.compile(r"^(~\$.*|\.~lock\..*|thumbs\.db|desktop\.ini|\.ds_store|\._.*|\..*\.lock)$", re.IGNORECASE)
#: The head of a web page saved with its parts in one file, as Excel does.
_MHTML = re.compile(rb"^(?:mime-version:|content-type:\s*multipart/related)", re.MULTILINE)
_OLE, _ZIP = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PK"
_SAVE_AS = "Buka di Excel atau LibreOffice, lalu Simpan Sebagai → Excel Workbook (.xlsx)."


@dataclass(frozen=True)
class Content:
    """The bytes of a file and what they are.

    Attributes:
        kind: `xlsx`, `ods`, `xls`, `html` or `text`; the name of the file plays no part in it.
        remarks: what the reader should know about it, in words.
    """

    data: bytes
    kind: str
    remarks: tuple[str, ...] = ()


def is_litter(name: str) -> bool:
    """Whether a file is something that a program left behind: a lock, a thumbnail, a setting.

    >>> is_litter("~$data.xlsx"), is_litter(".followup.lock"), is_litter("data.xlsx")
    (True, True, False)
    """
    return bool(_LITTER.match(name))


def sheets_among(paths: Iterable[Path]) -> tuple[list[Path], list[str]]:
    """Return the files to read, folders opened one level deep, and notes on those passed over.

    Passed over in a folder: what other programs left behind, empty files, folders. What is named itself is kept,
    whatever it is: `read_file` says what is wrong with it.
    """
    files, notes = [], []
    for path in paths:
        for file in sorted(path.iterdir()) if path.is_dir() else [path]:
            if is_litter(file.name):
                notes.append(t("{file} dilewati: berkas sementara dari program lain.", file=file.name))
            elif path.is_dir() and not file.is_file():
                notes.append(t("{file} dilewati: bukan berkas.", file=file.name))
            elif path.is_dir() and file.stat().st_size == 0:
                notes.append(
                    t("{file} dilewati: kosong (mungkin belum diunduh dari penyimpanan awan).", file=file.name)
                )
            else:
                files.append(file)
    return files, notes


def read_file(path: Path) -> bytes:
    """Read a file whole, once it is known to be a plain file of bearable size.

    Raises:
        DataError: missing, a folder, a link that leads elsewhere, unreadable, empty or too large.
    """
    try:
        if path.is_symlink() and path.resolve().parent != path.parent.resolve():
            raise _refuse(path, t("pintasan ke folder lain"), t("Salin berkas aslinya ke folder ini."))
        data = read_plain(path, most=MAX_BYTES)
    except FileNotFoundError:
        names = [entry.name for entry in path.parent.iterdir() if entry.is_file()] if path.parent.is_dir() else []
        near = nearest(path.name, names)
        raise DataError(
            t("Berkas {file} tidak ada.", file=path.name),
            advice=t("Mungkin maksud Anda “{name}”?", name=near[0]) if near else t("Periksa nama dan foldernya."),
        ) from None
    except OSError as error:
        raise _refuse(
            path, t("tidak dapat dibaca ({why})", why=why_not(error)), t("Periksa izin dan nama berkas.")
        ) from None
    if not data.strip(b"\0 \t\r\n"):
        raise _refuse(path, t("berkas kosong"), t("Isi berkas itu, atau ekspor ulang dari sumbernya."))
    return data


def look_at(data: bytes, name: str) -> Content:
    """Tell what a file is from its bytes, and refuse what no reader should be given.

    Raises:
        DataError: protected by a password, broken, a bomb, or of a kind that is not read here.
    """
    path = Path(name)
    suffix = path.suffix.casefold()
    if data.startswith(_ZIP):
        kind = _package_kind(data, path)
    elif data.startswith(_OLE):
        kind = "xls"
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise _protected(path)
    elif suffix in (".xlsx", ".xlsm", ".ods") and b"\0" in data[:64]:
        raise _broken(path)
    else:
        kind = _text_kind(data, path)
    remarks = []
    usual = {"xlsx": (".xlsx", ".xlsm"), "ods": (".ods",), "xls": (".xls",), "html": (".html", ".htm")}
    if suffix in {".xlsx", ".xlsm", ".ods", ".xls"} and suffix not in usual.get(kind, ()):
        shown = {"xlsx": t("buku kerja Excel"), "ods": "OpenDocument", "xls": t("Excel lama"), "html": "HTML"}
        remarks.append(
            t(
                "Isi berkas ini {kind}, bukan {suffix}; dibaca menurut isinya.",
                kind=shown.get(kind, "CSV"),
                suffix=suffix,
            )
        )
    if kind == "xlsx" and b"vbaProject.bin" in data:
        remarks.append(t("Berkas ini memuat makro; makro tidak pernah dijalankan atau dibaca."))
    return Content(data, kind, tuple(remarks))


def _text_kind(data: bytes, path: Path) -> str:
    head = _as_ascii(data[: 1 << 18]).lstrip().lower()
    if b"urn:schemas-microsoft-com:office:spreadsheet" in head[:4096] and b"<html" not in head:
        raise _refuse(path, t("Excel 2003 XML, tidak dibaca di sini"), t(_SAVE_AS))
    if _MHTML.search(head[:4096]):
        return "html"
    if head.startswith(b"<") and re.search(rb"<(?:html|table|body|!doctype html)\b", head):
        return "html"
    if head.startswith((b"%pdf", b"{\\rtf", b"\x89png", b"\xff\xd8\xff", b"<?xml")):
        raise _refuse(path, t("bukan lembar data"), t("Minta berkas Excel atau CSV-nya; PDF dan gambar tidak dibaca."))
    return "text"


def _as_ascii(data: bytes) -> bytes:
    """Return a beginning without its byte order mark and, where it is UTF-16, without every second byte."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or data[:200].count(0) > len(data[:200]) // 3:
        return data.lstrip(b"\xff\xfe").replace(b"\0", b"")
    return data.removeprefix(b"\xef\xbb\xbf")


def _package_kind(data: bytes, path: Path) -> str:
    """Look into a zip package without unpacking it."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            parts = package.infolist()
            if len(parts) > MAX_PARTS:
                raise _refuse(path, t("berisi {count} bagian", count=len(parts)), t(_SAVE_AS))
            for part in parts:
                _look_at_part(part, path)
            if sum(part.file_size for part in parts) > MAX_UNPACKED:
                raise _bomb(path)
            names = {part.filename for part in parts}
            kind = package.read("mimetype")[:80].decode("latin-1") if "mimetype" in names else ""
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, zipfile.LargeZipFile, EOFError):
        raise _broken(path) from None
    if "opendocument.spreadsheet" in kind:
        return "ods"
    if any(name.endswith("/workbook.xml") for name in names):
        return "xlsx"
    if any(re.fullmatch(r"xl/.*\.bin|\[Content_Types\]\.xml", name, re.DOTALL) for name in names):
        raise _refuse(path, t("bukan buku kerja .xlsx"), t(_SAVE_AS))
    raise _refuse(path, t("berkas zip, bukan lembar data"), t("Buka zip itu dan sebutkan berkas di dalamnya."))


def _look_at_part(part: zipfile.ZipInfo, path: Path) -> None:
    """Refuse a package with a part that is locked, leads out of it or swells."""
    if part.flag_bits & 1:
        raise _protected(path)
    steps = part.filename.replace("\\", "/").split("/")
    if ".." in steps or steps[0] == "" or ":" in part.filename:
        what = t("memuat alamat yang keluar dari berkas (“{name}”)", name=part.filename[:60])
        raise _refuse(path, what, t("Berkas ini tidak dibuat oleh Excel; minta ulang dari pengirimnya."))
    if part.file_size > 4 * _MIB and part.file_size > MAX_GROWTH * max(part.compress_size, 1):
        raise _bomb(path)


def _refuse(path: Path, what: str, advice: str) -> DataError:
    return DataError(f"{path.name}: {what}.", advice=advice)


def _broken(path: Path) -> DataError:
    return _refuse(
        path, t("rusak atau terpotong"), t("Unduh atau salin ulang; bila tetap, buka di Excel dan simpan ulang.")
    )


def _protected(path: Path) -> DataError:
    return _refuse(path, t("berkata sandi"), t("Buka di Excel, hapus kata sandinya, lalu simpan tanpa sandi."))


def _bomb(path: Path) -> DataError:
    return _refuse(
        path,
        t("membengkak tidak wajar bila dibuka (lebih dari {most} MB)", most=MAX_UNPACKED // _MIB),
        t("Salin sel penilaiannya ke buku kerja baru dan simpan."),
    )


def safe_name(text: str, *, most: int = 80) -> str:
    """Return a name that is one plain file name on every system, whatever the text was.

    >>> safe_name("../../x"), safe_name("CON"), safe_name("a/b: c"), safe_name(".")
    ('x', '_CON', 'a_b_c', 'lembar')
    """
    name = re.sub(r"[^\w-]+", "_", text, flags=re.UNICODE).strip("_.- ")
    name = name.encode("utf-8")[:most].decode("utf-8", "ignore").rstrip("_.- ")
    if re.fullmatch(r"(?i)con|prn|aux|nul|com\d|lpt\d", name):
        name = "_" + name
    return name or "lembar"


def inside(folder: Path, name: str) -> Path:
    """Return the place of a file in a folder; never one outside it."""
    place = folder / safe_name(name)
    if not os.path.realpath(place).startswith(os.path.realpath(folder) + os.sep):
        raise DataError(t("“{name}” keluar dari foldernya.", name=name), advice=t("Pilih nama lain."))
    return place
