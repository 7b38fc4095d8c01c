"""What calamine leaves out of an old Excel file (.xls): which numbers are shown as percentages, which were never computed."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

_END = 0xFFFFFFFA
#: Records of a workbook stream (MS-XLS 2.3): what they hold is told where they are read.
_BOF, _BOUNDSHEET, _FORMAT, _XF = 0x0809, 0x0085, 0x041E, 0x00E0
_NUMBER, _RK, _MULRK, _FORMULA = 0x0203, 0x027E, 0x00BD, 0x0006
_BIFF8 = 0x0600
#: What a cell is: a plain number, or a formula with a result, without one, or with an empty text.
_NUMBER_CELL, _VALUE, _NOTHING, _EMPTY = "number", "value", "nothing", "empty"
_MOST_CHAIN = 1 << 18

#: Sheet → (row, column), both from 1, of the cells shown as percentages; sheet → row → columns of formulas without a result.
Marks = tuple[dict[str, set[tuple[int, int]]], dict[str, dict[int, list[int]]]]


def marks_of(data: bytes, is_percent_format: Callable[[int, dict[int, str]], bool]) -> Marks:
    """Return the cells of every sheet that are percentages, and those whose formula was never computed.

    Args:
        data: an OLE file with a workbook in it.
        is_percent_format: tells for a format's number and code whether it shows a percentage.

    Raises:
        ValueError, struct.error, IndexError: it is no such file.
    """
    stream = _workbook_stream(data)
    names, starts, formats, xfs = _globals(stream)
    percent = {at for at, number_format in enumerate(xfs) if is_percent_format(number_format, formats)}
    shares: dict[str, set[tuple[int, int]]] = {name: set() for name in names}
    formulas: dict[str, list[tuple[int, int, str]]] = {name: [] for name in names}
    for name, start in zip(names, starts, strict=True):
        for row, column, xf, kind in _cells(stream, start):
            if xf in percent:
                shares[name].add((row + 1, column + 1))
            if kind != _NUMBER_CELL:
                formulas[name].append((row + 1, column + 1, kind))
    # An empty text may be what a formula gives; where all of them do, nobody has computed them.
    none = {_NOTHING, _EMPTY} if all(kind != _VALUE for of in formulas.values() for *_, kind in of) else {_NOTHING}
    empty: dict[str, dict[int, list[int]]] = {}
    for name, found in formulas.items():
        for row, column, kind in found:
            if kind in none:
                empty.setdefault(name, {}).setdefault(row, []).append(column)
    return shares, empty


def _records(stream: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """Go through the records of one substream, from its BOF to its EOF; charts inside it are passed over."""
    depth = 0
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        if kind == _BOF:
            depth += 1
        elif kind == 0x000A:
            depth -= 1
            if depth <= 0:
                return
        if depth == 1:
            yield kind, stream[at + 4 : at + 4 + length]
        at += 4 + length


def _globals(stream: bytes) -> tuple[list[str], list[int], dict[int, str], list[int]]:
    names, starts, formats, xfs = [], [], {}, []
    is_new = True
    for kind, body in _records(stream, 0):
        if kind == _BOF:
            is_new = struct.unpack_from("<H", body)[0] >= _BIFF8
        elif kind == _BOUNDSHEET:
            starts.append(struct.unpack_from("<I", body)[0])
            names.append(_text(body, body[6], 7, is_new))
        elif kind == _FORMAT:
            number = struct.unpack_from("<H", body)[0]
            length = struct.unpack_from("<H", body, 2)[0] if is_new else body[2]
            formats[number] = _text(body, length, 4 if is_new else 3, is_new)
        elif kind == _XF:
            xfs.append(struct.unpack_from("<H", body, 2)[0])
    return names, starts, formats, xfs


def _text(body: bytes, length: int, at: int, is_new: bool) -> str:
    if not is_new:
        return body[at : at + length].decode("cp1252", "replace")
    wide = body[at] & 1
    raw = body[at + 1 : at + 1 + length * (2 if wide else 1)]
    return raw.decode("utf-16-le" if wide else "latin-1", "replace")


def _cells(stream: bytes, start: int) -> Iterator[tuple[int, int, int, str]]:
    """Yield row, column, format and what it is, of each cell with a number or a formula in it."""
    for kind, body in _records(stream, start):
        if kind in (_NUMBER, _RK):
            row, column, xf = struct.unpack_from("<HHH", body)
            yield row, column, xf, _NUMBER_CELL
        elif kind == _MULRK:
            row, first = struct.unpack_from("<HH", body)
            for at in range((len(body) - 6) // 6):
                yield row, first + at, struct.unpack_from("<H", body, 4 + 6 * at)[0], _NUMBER_CELL
        elif kind == _FORMULA:
            row, column, xf = struct.unpack_from("<HHH", body)
            yield row, column, xf, _result(body)


def _result(body: bytes) -> str:
    """Tell what a formula holds: a result, nothing (0 with the wish to be computed on opening), or an empty text."""
    (flags,) = struct.unpack_from("<H", body, 14)
    if body[6:14] == bytes(8) and flags & 3:
        return _NOTHING
    return _EMPTY if body[6] == 3 and body[12:14] == b"\xff\xff" else _VALUE


def _workbook_stream(data: bytes) -> bytes:
    """Take the workbook out of its OLE container (MS-CFB): sectors chained by an allocation table."""
    size = 1 << struct.unpack_from("<H", data, 30)[0]
    mini_size = 1 << struct.unpack_from("<H", data, 32)[0]
    if size not in (512, 4096):
        raise ValueError(size)
    (first_directory,) = struct.unpack_from("<I", data, 48)
    cutoff, first_mini, _, first_difat, count_difat = struct.unpack_from("<IIIII", data, 56)
    tables = list(struct.unpack_from("<109I", data, 76))
    for _ in range(min(count_difat, 1000)):
        if first_difat >= _END:
            break
        *more, first_difat = struct.unpack_from(f"<{size // 4}I", data, (first_difat + 1) * size)
        tables += more
    fat: list[int] = []
    for sector in tables:
        if sector < _END:
            raw = data[(sector + 1) * size : (sector + 2) * size]
            fat += struct.unpack(f"<{len(raw) // 4}I", raw[: len(raw) // 4 * 4])

    def chain(first: int, table: list[int], source: bytes, unit: int, offset: int) -> bytes:
        pieces = []
        while first < _END:
            pieces.append(source[(first + offset) * unit : (first + offset + 1) * unit])
            first = table[first]
            if len(pieces) > _MOST_CHAIN:
                raise ValueError(len(pieces))
        return b"".join(pieces)

    directory = chain(first_directory, fat, data, size, 1)
    root, found = None, None
    for at in range(0, len(directory) - 127, 128):
        (length,) = struct.unpack_from("<H", directory, at + 64)
        name = directory[at : at + max(length - 2, 0)].decode("utf-16-le", "replace")
        first, total = struct.unpack_from("<II", directory, at + 116)
        if directory[at + 66] == 5:
            root = (first, total)
        elif name.casefold() in ("workbook", "book"):
            found = found or (first, total)
    if found is None or root is None:
        raise ValueError("no workbook")
    first, total = found
    if total >= cutoff:
        return chain(first, fat, data, size, 1)[:total]
    table = chain(first_mini, fat, data, size, 1)
    mini_fat = list(struct.unpack(f"<{len(table) // 4}I", table[: len(table) // 4 * 4]))
    return chain(first, mini_fat, chain(root[0], fat, data, size, 1), mini_size, 0)[:total]
