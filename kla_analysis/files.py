"""Which files may be opened: plain ones of bearable size, whoever named them; devices, pipes and the like never."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from kla_analysis.errors import DataError
from kla_analysis.language import number, t

#: Bytes of the largest file that is read: a sheet with room to spare.
MOST = 64 * 2**20
#: The errors that say what a process has not enough of: open files, memory, processes.
SCARCE = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN}
_MIB = 2**20


def why_not(error: BaseException) -> str:
    """Say in words why the system refused something; what it says itself where there are no words for that."""
    words = {
        errno.EACCES: t("tidak diizinkan"),
        errno.EPERM: t("tidak diizinkan"),
        errno.EEXIST: t("sudah ada yang bernama begitu"),
        errno.EISDIR: t("itu sebuah folder"),
        errno.ENAMETOOLONG: t("namanya terlalu panjang"),
        errno.ENOENT: t("tempatnya tidak ada"),
        errno.ENOSPC: t("ruang penyimpanan penuh"),
        errno.ENOTDIR: t("di tengah alamatnya ada berkas, bukan folder"),
        errno.EROFS: t("tempatnya hanya dapat dibaca"),
    }
    return (
        words.get(getattr(error, "errno", 0)) or getattr(error, "strerror", None) or str(error) or type(error).__name__
    )


def read_plain(path: Path, *, shown: str | None = None, most: int = MOST) -> bytes:
    """Read a file whole, once it is known to be a plain one of bearable size.

    What is known is asked of the open file, so that nobody can put another in its place in between.

    Args:
        shown: how to name it in messages.
        most: bytes.

    Raises:
        FileNotFoundError: it is not there.
        DataError: a folder, a device, a pipe, a file that the system makes up, too large, or unreadable.
        OSError: this machine has no more open files or memory.
    """
    shown = shown or path.name
    try:
        # A pipe without a writer would be waited for; Windows has neither the flag nor the pipes.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(str(path)) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        if getattr(error, "errno", None) in SCARCE:  # that is not the fault of the file
            raise
        raise _unreadable(path, shown, error) from None
    try:
        about = os.fstat(handle)
        if stat.S_ISDIR(about.st_mode):
            raise _refused(shown, t("sebuah folder, bukan berkas"), t("Sebutkan berkasnya."))
        if not stat.S_ISREG(about.st_mode):
            raise _refused(shown, t("bukan berkas biasa"), t("Sebutkan sebuah berkas di cakram."))
        if about.st_size > most:
            raise _too_large(shown, about.st_size, most)
        with os.fdopen(os.dup(handle), "rb") as file:
            content = file.read(about.st_size + 1)
    except OSError as error:
        raise _unreadable(path, shown, error) from None
    finally:
        os.close(handle)
    if content is None or len(content) > about.st_size:  # such as those of /proc, which say that they are empty
        raise _refused(
            shown, t("bertambah selagi dibaca, atau bukan berkas di cakram"), t("Tunggu sampai penulisannya selesai.")
        )
    return content


def is_plain(path: Path) -> bool:
    """Whether a plain file stands there; not so for a name that no system takes."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False


def files_below(folder: Path) -> Iterator[Path]:
    """Walk the plain files of a folder of the project; links to folders are not followed, what vanishes is not there."""
    for here, _, names in os.walk(folder):
        yield from (path for name in names if is_plain(path := Path(here, name)))


def _unreadable(path: Path, shown: str, error: OSError | ValueError) -> DataError:
    if os.path.isdir(path):  # Windows does not open folders
        return _refused(shown, t("sebuah folder, bukan berkas"), t("Sebutkan berkasnya."))
    what = t("tidak dapat dibaca ({why})", why=why_not(error))
    return _refused(shown, what, t("Periksa izin dan nama berkas."))


def _too_large(shown: str, size: int, most: int) -> DataError:
    return _refused(
        shown,
        t(
            "terlalu besar ({size} MB, paling besar {most} MB)",
            size=number(size / _MIB, decimals=1),
            most=number(most / _MIB, decimals=1),
        ),
        t("Simpan isinya saja ke berkas sendiri; gambar dan bukti tidak perlu ikut."),
    )


def _refused(shown: str, what: str, advice: str) -> DataError:
    return DataError(f"{shown}: {what}.", advice=advice)
