"""The cell in which strangers' files are parsed: a process of its own with little memory and no environment.

A parser that is led astray takes this process with it, never the one that the user works in.
"""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from kla_analysis.errors import DataError
from kla_analysis.evidence.intake.grid import Book, as_record, from_record
from kla_analysis.evidence.intake.guard import Content
from kla_analysis.language import t

#: Memory (bytes of addresses) and seconds that reading one file may take.
MEMORY, SECONDS = 300 * 2**20, 60
_LENGTH = struct.Struct(">QB")
_KINDS = ("xlsx", "ods", "xls", "html", "text")
_ENVIRONMENT = ("PATH", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "SYSTEMROOT", "LD_LIBRARY_PATH")


def read_books(contents: Iterable[tuple[str, Content]]) -> Iterator[Book | DataError]:
    """Read files one after the other in one process; a file that brings it down costs a new process.

    Args:
        contents: file names, for messages, and what the guard made of the files.

    Yields:
        For each file its book, or why it is refused.
    """
    process = None
    try:
        for name, content in contents:
            if process is None:
                process = _start()
            answer = _ask(process, content)
            if answer is None:
                _end(process)
                process = None
                yield DataError(
                    t("{file}: terlalu besar atau rusak untuk dibaca dengan aman.", file=name),
                    advice=t("Salin sel penilaiannya saja ke buku kerja baru, simpan sebagai .xlsx, lalu coba lagi."),
                )
            elif "error" in answer:
                yield DataError(f"{name}: {answer['error']}.", advice=answer["advice"])
            else:
                yield from_record(answer)
    finally:
        if process is not None:
            _end(process)


def read_book(name: str, content: Content) -> Book:
    """Read one file in a process of its own.

    Raises:
        DataError: it can not be read, or not within the memory and time that it is given.
    """
    (book,) = read_books([(name, content)])
    if isinstance(book, DataError):
        raise book
    return book


def _start() -> subprocess.Popen[bytes]:
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    home = str(Path(__file__).resolve().parents[3])
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, (home, environment.get("PYTHONPATH"))))
    return subprocess.Popen(
        [sys.executable, "-X", "utf8", "-m", __name__],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment,
    )  # fmt: skip


def _ask(process: subprocess.Popen[bytes], content: Content) -> dict | None:
    """Send a file and wait for what it holds; None when the process died or took too long."""
    import threading

    timer = threading.Timer(SECONDS, process.kill)
    timer.start()
    try:
        process.stdin.write(_LENGTH.pack(len(content.data), _KINDS.index(content.kind)))
        process.stdin.write(content.data)
        process.stdin.flush()
        head = process.stdout.read(8)
        if len(head) < 8:
            return None
        (length,) = struct.unpack(">Q", head)
        body = process.stdout.read(length)
        return json.loads(body) if len(body) == length else None
    except OSError:
        return None
    finally:
        timer.cancel()


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()


def main() -> None:
    """Serve as the cell: take files from the standard input, give what they hold to the output."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, ValueError, OSError):
        pass  # Windows has no such limits; there the parsers' own bounds and the clock must do.
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while head := source.read(_LENGTH.size):
        length, kind = _LENGTH.unpack(head)
        body = json.dumps(_read(source.read(length), _KINDS[kind])).encode("ascii")
        sink.write(struct.pack(">Q", len(body)) + body)
        sink.flush()


def _read(data: bytes, kind: str) -> dict:
    from kla_analysis.evidence.intake.readers import read

    try:
        return as_record(read(data, kind))
    except DataError as error:
        return {"error": error.what, "advice": error.advice}


if __name__ == "__main__":
    main()
