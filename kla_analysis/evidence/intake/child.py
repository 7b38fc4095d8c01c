"""The cell in which strangers' files are parsed: a process of its own with little memory and no environment.

A parser that is led astray takes this process with it, never the one that the user works in.
"""

from __future__ import annotations

import gc
import json
import os
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

from kla_analysis.errors import DataError
from kla_analysis.evidence.intake.grid import Book, as_record, from_record
from kla_analysis.evidence.intake.guard import Content
from kla_analysis.language import t

#: Memory (bytes of addresses) and seconds that reading one file may take.
MEMORY, SECONDS = 300 * 2**20, 60
_LENGTH = struct.Struct(">QB")
_KINDS = ("xlsx", "ods", "xls", "html", "text")
_ENVIRONMENT = ("PATH", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "SYSTEMROOT", "LD_LIBRARY_PATH")


class Reader:
    """Reads files one after the other in one process; a file that brings it down costs a new process.

    Use it in a `with` block, so that the process ends with it.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def read(self, name: str, content: Content) -> Book:
        """Read one file.

        Args:
            name: the file, for messages.
            content: what the guard made of it.

        Raises:
            DataError: it can not be read, or not within the memory and time that it is given.
        """
        if self._process is None:
            self._process = _start()
        answer = _ask(self._process, content)
        if answer is None:
            self._end()
            raise DataError(
                t("{file}: terlalu besar atau rusak untuk dibaca dengan aman.", file=name),
                advice=t("Salin sel penilaiannya saja ke buku kerja baru, simpan sebagai .xlsx, lalu coba lagi."),
            )
        if "error" in answer:
            raise DataError(f"{name}: {answer['error']}.", advice=answer["advice"])
        collects = gc.isenabled()
        gc.disable()  # as in the child: nothing that is made here can be garbage yet
        try:
            return from_record(answer)
        finally:
            if collects:
                gc.enable()

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            with self._process:  # closes its pipes and waits for it
                self._process = None


def _start() -> subprocess.Popen[bytes]:
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    home = str(Path(__file__).resolve().parents[3])
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, (home, environment.get("PYTHONPATH"))))
    return subprocess.Popen(
        [sys.executable, "-X", "utf8", "-m", __name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    )


def _ask(process: subprocess.Popen[bytes], content: Content) -> dict[str, Any] | None:
    """Send a file and wait for what it holds; None when the process died or took too long."""
    import threading

    asked, answered = process.stdin, process.stdout
    assert asked is not None
    assert answered is not None
    timer = threading.Timer(SECONDS, process.kill)
    timer.start()
    try:
        asked.write(_LENGTH.pack(len(content.data), _KINDS.index(content.kind)))
        asked.write(content.data)
        asked.flush()
        head = answered.read(8)
        if len(head) < 8:
            return None
        (length,) = struct.unpack(">Q", head)
        body = answered.read(length)
        return json.loads(body) if len(body) == length else None
    except OSError:
        return None
    finally:
        timer.cancel()


def main() -> None:
    """Serve as the cell: take files from the standard input, give what they hold to the output."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, ValueError, OSError):
        pass  # Windows has no such limits; there the parsers' own bounds and the clock must do.
    # Hundreds of thousands of cells live until they are sent: looking for garbage among them takes longer than reading.
    gc.disable()
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while head := source.read(_LENGTH.size):
        length, kind = _LENGTH.unpack(head)
        body = json.dumps(_read(source.read(length), _KINDS[kind])).encode("ascii")
        sink.write(struct.pack(">Q", len(body)) + body)
        sink.flush()
        del body
        gc.collect()


def _read(data: bytes, kind: str) -> dict[str, Any]:
    from kla_analysis.evidence.intake.readers import read

    try:
        return as_record(read(data, kind))
    except DataError as error:
        return {"error": error.what, "advice": error.advice}


if __name__ == "__main__":
    main()
