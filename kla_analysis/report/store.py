"""Where a report is kept: a folder, or any address that fsspec knows. Whole or not at all, never half.

In a folder a report is built beside its place and moved in by renaming. An address has no renaming that
holds for all of its kinds: there the old manifest goes first and the new one comes last, and a report
without a manifest is none.
"""

from __future__ import annotations

import abc
import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kla_analysis.errors import LockedError, OutputError, ParameterError
from kla_analysis.files import why_not
from kla_analysis.language import t
from kla_analysis.project import Project
from kla_analysis.report.manifest import MANIFEST, Manifest, now, read_manifest, sha256

#: Stands in the head of every page of ours.
_MARK = b'<meta name="generator" content="kla_analysis '


class Place(abc.ABC):
    """Where one report is kept.

    Attributes:
        shown: the place as people write it.
        folder, index: the place and its first page, for programs.
    """

    shown: str
    folder: str
    index: str

    def manifest(self) -> Manifest | None:
        """Return the manifest of what is there; None when nothing is, or nothing that can be trusted."""
        return read_manifest(self.read(MANIFEST))

    def whole(self, manifest: Manifest) -> bool:
        """Return whether every file that a manifest names is there and is the same."""
        return bool(manifest.outputs) and all(
            (raw := self.read(name)) is not None and sha256(raw) == digest for name, digest in manifest.outputs.items()
        )

    @abc.abstractmethod
    def read(self, name: str) -> bytes | None:
        """Return the content of one file; None when it is not there."""

    @abc.abstractmethod
    def held(self) -> contextlib.AbstractContextManager[None]:
        """Keep all others out, and clear what a run that was cut off has left."""

    @abc.abstractmethod
    def staging(self) -> contextlib.AbstractContextManager[Path]:
        """Give a folder to build in, and remove what is left of it."""

    @abc.abstractmethod
    def put(self, name: str, content: bytes) -> str:
        """Write one file, whole, and return its address."""

    @abc.abstractmethod
    def publish(self, staging: Path, manifest: Manifest) -> str:
        """Put what was built into place and return the address of its first page."""


def place_at(address: str | Path, project: Project) -> Place:
    """Return the place at an address: a folder of this machine, or `protocol://…`.

    Raises:
        ParameterError: nothing here knows that protocol.
    """
    text = str(address)
    protocol, found, rest = text.partition("://")
    if not found or (protocol in ("file", "local") and (text := rest)):
        return Folder(_followed(Path(text).absolute()), project)
    try:
        import fsspec

        files, root = fsspec.core.url_to_fs(text)
    except (ImportError, ValueError) as error:
        raise ParameterError(
            t("Alamat {address} tidak dikenal: {why}.", address=text, why=error),
            advice=t("Pilih folder, atau pasang fsspec dengan dukungan untuk {protocol}.", protocol=protocol),
        ) from None
    return Address(text.rstrip("/"), files, root, project)


def _followed(path: Path) -> Path:
    """Return where a folder really is: one link, or a chain of them, leads there, and the report belongs there."""
    try:
        return path.resolve()
    except (OSError, RuntimeError) as error:  # a circle of links
        raise ParameterError(
            t("{path} tidak dapat dipakai: {why}.", path=path.name, why=why_not(error)),
            advice=t("Pilih folder dengan --out."),
        ) from None


def put(address: str | Path, name: str, content: bytes, project: Project) -> str:
    """Write one file whole into a folder or address, and return where it is."""
    place = place_at(address, project)
    with writing(place.shown):
        return place.put(name, content)


@contextlib.contextmanager
def locked(path: Path, shown: str) -> Iterator[None]:
    """Hold a lock file; it names who holds it. The system lets go of it with its holder, however that ends.

    Raises:
        LockedError: somebody else holds it.
        OutputError: it can not be written.
    """
    # Loaded by whoever locks: the library hooks into all that Python audits, and slows every process that knows it.
    import filelock

    lock = filelock.FileLock(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with lock.acquire(timeout=0):
            with contextlib.suppress(OSError):
                path.write_text(json.dumps({"pid": os.getpid(), "started": now()}), encoding="utf-8")
            yield
    except filelock.Timeout:
        raise LockedError(
            t("Proses lain sedang menulis {folder}{who}.", folder=shown, who=_who(path)),
            advice=t("Tunggu sampai selesai, lalu jalankan lagi."),
        ) from None


def _who(path: Path) -> str:
    try:
        holder: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return t(" (nomor {pid}, sejak {started})", pid=holder["pid"], started=holder["started"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


@contextlib.contextmanager
def writing(shown: str) -> Iterator[None]:
    """Say in words why something could not be written."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            t("{folder} tidak dapat ditulis: {why}.", folder=shown, why=why_not(error)),
            advice=t("Periksa izin dan sisa ruang cakram, atau pilih folder lain dengan --out."),
        ) from error


class Folder(Place):
    """A folder of this machine."""

    def __init__(self, final: Path, project: Project) -> None:
        self._final = final
        self.shown = project.shown(final)
        self.folder = str(final)
        self.index = str(final / "index.html")

    def read(self, name: str) -> bytes | None:
        """Return the content of one file."""
        try:
            return (self._final / name).read_bytes()
        except OSError:
            return None

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep all others out, and clear what a run that was cut off has left."""
        self._require_own()
        with writing(self.shown), locked(self._final.parent / f".{self._final.name}.lock", self.shown):
            self._sweep()
            yield

    @contextlib.contextmanager
    def staging(self) -> Iterator[Path]:
        """Give a folder to build in, on the volume of the report."""
        with writing(self.shown):
            path = Path(tempfile.mkdtemp(prefix=f".{self._final.name}.building-", dir=self._final.parent))
            # mkdtemp keeps others out; a published report is for everybody to read.
            path.chmod(0o755)
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)

    def put(self, name: str, content: bytes) -> str:
        """Write one file under another name and rename it."""
        self._final.mkdir(parents=True, exist_ok=True)
        aside, target = self._final / f".{name}.{os.getpid()}", self._final / name
        try:
            aside.write_bytes(content)
            _sync(aside)
            try:
                os.replace(aside, target)
            except PermissionError:  # Windows, and somebody has it open
                target = _free(target)
                os.replace(aside, target)
        finally:
            aside.unlink(missing_ok=True)
        return str(target)

    def publish(self, staging: Path, manifest: Manifest) -> str:
        """Move what was built into place; what people added to the old folder moves along."""
        with writing(self.shown):
            # The manifest comes last: where it stands, everything it names stands too.
            (staging / MANIFEST).write_bytes(manifest.text().encode())
            for path in staging.iterdir():
                _sync(path)
            _sync(staging)
            final = self._final
            old = final.with_name(f".{final.name}.old-{os.getpid()}")
            if not final.exists():
                os.replace(staging, final)
            else:
                try:
                    os.replace(final, old)
                except PermissionError:
                    # Windows, and somebody has a page or the workbook open: the new report stands beside the old.
                    final = _free(final)
                    os.replace(staging, final)
                else:
                    try:
                        os.replace(staging, final)
                    except OSError:
                        os.replace(old, final)
                        raise
                    self._carry_over(old)
            _sync(final.parent)
            return str(final / "index.html")

    def _carry_over(self, old: Path) -> None:
        """Move what people added from the old folder to the new, then let go of the old."""
        ours = {*_named_outputs(old), MANIFEST}
        for path in old.iterdir():
            if path.name not in ours and not (self._final / path.name).exists():
                os.replace(path, self._final / path.name)
        shutil.rmtree(old)

    def _sweep(self) -> None:
        """Clear what a run that was cut off left beside the report (we hold the lock, so it is dead)."""
        beside = sorted(self._final.parent.iterdir())
        for left in beside:
            if left.name.startswith(f".{self._final.name}.building-"):
                shutil.rmtree(left, ignore_errors=True)
        for old in beside:
            if not old.name.startswith(f".{self._final.name}.old-"):
                continue
            if self._final.exists():  # cut off while what people added was moved along
                self._carry_over(old)
            else:  # cut off between the two moves: the old report is the last whole one
                os.replace(old, self._final)

    def _require_own(self) -> None:
        """Refuse to write into a folder that holds anything but a report of ours."""
        final = self._final
        if not final.exists():
            return
        if not final.is_dir():
            raise OutputError(t("{path} bukan folder.", path=final.name), advice=t("Pilih folder dengan --out."))
        ours = (final / MANIFEST).is_file() or _MARK in (self.read("index.html") or b"")[:2000]
        if any(final.iterdir()) and not ours:
            raise ParameterError(
                t("Folder {path} sudah berisi berkas lain.", path=final.name),
                advice=t("Pilih folder kosong atau folder laporan sebelumnya dengan --out."),
            )


class Address(Place):
    """An address that fsspec knows; one machine at a time writes to it."""

    def __init__(self, url: str, files: Any, root: str, project: Project) -> None:
        self.shown = self.folder = url
        self.index = f"{url}/index.html"
        self._files, self._root = files, root.rstrip("/")
        self._lock = project.reports / f".{sha256(url.encode())[:16]}.lock"

    def read(self, name: str) -> bytes | None:
        """Return the content of one file."""
        try:
            return self._files.cat_file(f"{self._root}/{name}")
        except OSError:
            return None

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep all others on this machine out."""
        with writing(self.shown), locked(self._lock, self.shown):
            yield

    @contextlib.contextmanager
    def staging(self) -> Iterator[Path]:
        """Give a folder of this machine to build in."""
        with tempfile.TemporaryDirectory(prefix="kla-") as path:
            yield Path(path)

    def put(self, name: str, content: bytes) -> str:
        """Send one file; an address shows it once it is there."""
        self._files.makedirs(self._root, exist_ok=True)
        self._files.pipe_file(f"{self._root}/{name}", content)
        return f"{self.folder}/{name}"

    def publish(self, staging: Path, manifest: Manifest) -> str:
        """Send what was built; the old manifest goes first, the new one comes last."""
        with writing(self.shown):
            old = self.manifest()
            if old is not None:
                self._files.rm_file(f"{self._root}/{MANIFEST}")
            self._files.makedirs(self._root, exist_ok=True)
            for name in manifest.outputs:
                self._files.pipe_file(f"{self._root}/{name}", (staging / name).read_bytes())
            for name in set(old.outputs if old else ()) - set(manifest.outputs):
                self._files.rm_file(f"{self._root}/{name}")
            self._files.pipe_file(f"{self._root}/{MANIFEST}", manifest.text().encode())
        return self.index


def _named_outputs(folder: Path) -> list[str]:
    """Return the files that a manifest names, of whatever version it is."""
    try:
        return list(json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["outputs"])
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _free(path: Path) -> Path:
    """Return the first free name beside a folder or file: `2022 (2)`."""
    suffix = path.suffix if path.is_file() else ""
    stem = path.name.removesuffix(suffix)
    number = 2
    while (free := path.with_name(f"{stem} ({number}){suffix}")).exists():
        number += 1
    return free


def _sync(path: Path) -> None:
    """Have the disk keep a file, or a folder where the system can do that."""
    if path.is_dir() and os.name == "nt":
        return
    fd = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)  # Windows writes through a writable one only
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
