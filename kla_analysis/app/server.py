"""A server of pages and its door: who may come in, how many, and that it ends with whoever started it.

`app` starts this as a process of its own. Its first line of standard input says what to serve; when nobody holds the
other end any more, however that came about, the server, its kernels and its files go.
"""

from __future__ import annotations

import collections
import contextlib
import hmac
import json
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable
from html import escape
from typing import Any

from jupyter_core.utils import ensure_async
from tornado import httputil, web
from tornado.ioloop import IOLoop
from tornado.routing import Matcher, Rule

from kla_analysis import terminal
from kla_analysis.language import current_language, t

#: How many kernels one server runs at once, and how many it starts within a minute: more than people have tabs.
MOST_KERNELS, MOST_STARTS = 20, 40
_MINUTE = 60
# What a server of pages has besides its one page.
_PATHS = ("/voila/", "/api/kernels/", "/static/")


class Door:
    """Who may come in: those who ask for this machine by its own name, from a page of ours or with the key.

    A page of somebody else's in the same browser can send requests here, and the browser adds our cookie to them, from
    another port of this machine too. It can not choose the headers by which browsers say where a request comes from.
    A name of somebody else's that leads to this machine (DNS rebinding) stands in Host.
    """

    def __init__(self, key: str, port: int) -> None:
        self._key = key
        self._hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost")}
        self._starts: collections.deque[float] = collections.deque()
        self.kernels: Callable[[], int] = lambda: 0

    def why_not(self, request: httputil.HTTPServerRequest) -> tuple[int, str] | None:
        """Return the status and the words of a refusal; None for a guest."""
        headers = request.headers
        host, origin = headers.get("Host", "").lower(), headers.get("Origin")
        if host not in self._hosts:
            return 403, t("Halaman ini hanya dibuka dari mesin ini sendiri, lewat alamat yang dicetak.")
        speaks = headers.get("Upgrade", "").lower() == "websocket" or request.method not in ("GET", "HEAD")
        if (origin is None and speaks) or (origin is not None and origin.lower() != f"http://{host}"):
            return 403, t("Permintaan dari halaman lain ditolak.")
        ours = headers.get("Sec-Fetch-Site", "none") in ("same-origin", "none")
        if not ours and not self._has_key(request):
            return 403, t("Permintaan dari halaman lain ditolak. Buka lewat alamat yang dicetak saat memulai.")
        return None

    def full(self) -> str:
        """Say why no further kernel is started now; empty when one may be."""
        now = time.monotonic()
        while self._starts and now - self._starts[0] > _MINUTE:
            self._starts.popleft()
        if self.kernels() >= MOST_KERNELS:
            return t("Sudah {count} halaman terbuka. Tutup yang tidak dipakai, lalu muat ulang.", count=MOST_KERNELS)
        if len(self._starts) >= MOST_STARTS:
            return t("Terlalu banyak halaman dibuka dalam satu menit. Tunggu sebentar, lalu muat ulang.")
        return ""

    def started(self) -> None:
        """Count a kernel that is being started."""
        self._starts.append(time.monotonic())

    def _has_key(self, request: httputil.HTTPServerRequest) -> bool:
        given = request.query_arguments.get("token", [b""])[-1]
        said = request.headers.get("Authorization", "").partition(" ")[2].encode()
        return any(hmac.compare_digest(text, self._key.encode()) for text in (given, said))


class Refusal(web.RequestHandler):
    """A page in words in place of what was asked for."""

    def initialize(self, status: int, words: str) -> None:
        """Keep what is to be said."""
        self._status, self._words = status, words

    def check_xsrf_cookie(self) -> None:
        """Ask for nothing: a refusal changes nothing."""

    def prepare(self) -> None:
        """Answer, whatever the method."""
        self.set_status(self._status)
        self.set_header("Cache-Control", "no-store")
        if self._status == 429:
            self.set_header("Retry-After", "30")
        titles = {429: t("Belum dapat dibuka"), 404: t("Halaman ini tidak ada")}
        title = escape(titles.get(self._status, t("Alamat ini tidak membuka apa-apa")))
        # On from here: the same address again, or the first page.
        links = {429: ("", t("Muat ulang")), 404: ("/", t("Ke halaman pertama"))}
        where, words = links.get(self._status, ("", ""))
        link = f'<p><a href="{where}">{escape(words)}</a></p>' if words else ""
        self.finish(
            f'<!doctype html><html lang="{current_language()}"><meta charset="utf-8"><meta name="viewport" '
            'content="width=device-width"><meta name="color-scheme" content="light dark">'
            f'<title>{title}</title><body style="font:1.1rem/1.5 system-ui,sans-serif;'
            f'max-width:40rem;margin:3rem auto;padding:0 1rem"><main><h1>{title}</h1><p>{escape(self._words)}</p>{link}'
            "</main></body></html>"
        )


class _Refused(Matcher):
    """The requests that are refused, each with the status and the words of its refusal."""

    def __init__(self, why_not: Callable[[httputil.HTTPServerRequest], tuple[int, str] | None]) -> None:
        self._why_not = why_not

    def match(self, request: httputil.HTTPServerRequest) -> dict[str, Any] | None:
        refused = self._why_not(request)
        return None if refused is None else {"target_kwargs": {"status": refused[0], "words": refused[1]}}


def stand_at(door: Door, application: web.Application, manager: Any, *, pages: bool) -> None:
    """Put a door before all that a server serves.

    Args:
        manager: starts the kernels.
        pages: whether opening a page starts a kernel; else only what asks for one does.
    """
    begin = manager.start_kernel
    door.kernels = lambda: len(manager.list_kernel_ids())

    def why_not(request: httputil.HTTPServerRequest) -> tuple[int, str] | None:
        refused = door.why_not(request)
        if refused is None and request.path == "/login":
            # Where those without the key are sent: a key is not typed in here, it stands in the address.
            refused = (
                403,
                t(
                    "Kuncinya tidak ada atau keliru: ia berganti setiap kali halaman ini dimulai, jadi penanda lama tidak membukanya "
                    "lagi. Buka lewat alamat yang dicetak saat memulai, di terminal, utuh sampai akhirnya. Yang tersimpan tetap ada."
                ),
            )
        if refused is None and pages and not request.path.startswith(_PATHS) and request.path != "/":
            refused = 404, t("Alamatnya mungkin salah ketik atau dari penanda lama. Semua ada di halaman pertama.")
        if refused is None and pages and request.path == "/" and (words := door.full()):
            refused = 429, words
        return refused

    async def start_kernel(*args: Any, **kwargs: Any) -> Any:
        if words := door.full():
            raise web.HTTPError(429, words, reason=words)
        door.started()
        return await ensure_async(begin(*args, **kwargs))

    manager.start_kernel = start_kernel
    application.default_router.rules.insert(0, Rule(_Refused(why_not), Refusal))
    # The key stands in the address of the first page: it goes no further from there.
    application.settings.setdefault("headers", {})["Referrer-Policy"] = "no-referrer"


def main() -> None:
    """Serve what standard input asks for."""
    # What is told on standard output is for the process that started this one; all that libraries say is not.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)
    terminal.guard()
    asked = json.loads(_first_line())

    def tell(event: str) -> None:
        with contextlib.suppress(OSError):
            out.write(json.dumps({"event": event}) + "\n")

    threading.Thread(target=_watch, args=(asked["folders"],), daemon=True).start()
    {"voila": _voila, "lab": _lab}[asked["kind"]](asked, Door(asked["key"], asked["port"]), tell)


def _voila(asked: dict[str, Any], door: Door, tell: Callable[[str], None]) -> None:
    import voila.app
    from jupyter_server.base.handlers import JupyterHandler
    from traitlets import default
    from voila.app import Voila

    class Files(voila.app.AllowListFileHandler, JupyterHandler):
        """Finished reports, for who has the key or came in with it; by itself Voilà hands files out to every user."""

        @web.authenticated
        async def get(self, path: str, include_body: bool = True) -> None:
            await ensure_async(super().get(path, include_body))

    voila.app.AllowListFileHandler = Files

    class Pages(Voila):
        @default("config_file_paths")
        def _ours_alone(self) -> list[str]:
            return [asked["settings"]]  # a voila.json of the user's, here or at home, changes nothing

        def listen(self) -> None:
            stand_at(door, self.app, self.kernel_manager, pages=True)
            IOLoop.current().add_callback(tell, "listening")
            try:
                super().listen()
            except SystemExit:
                tell("port")
                raise

    Pages.launch_instance(argv=asked["argv"], token=asked["key"])


def _lab(asked: dict[str, Any], door: Door, tell: Callable[[str], None]) -> None:
    from jupyterlab.labapp import LabApp

    # Whatever is written in a user's settings: a server of ours is opened with its key alone.
    os.environ["JUPYTER_TOKEN"] = asked["key"]
    try:
        server = LabApp.initialize_server(argv=asked["argv"])
    except SystemExit:
        tell("port")
        raise
    del os.environ["JUPYTER_TOKEN"]
    server.identity_provider.token = asked["key"]
    if not server.allow_root and getattr(os, "geteuid", lambda: 1)() == 0:
        tell("root")
        sys.exit(1)
    stand_at(door, server.web_app, server.kernel_manager, pages=False)
    IOLoop.current().add_callback(tell, "listening")
    server.start()


def _first_line() -> bytes:
    line = b""
    while not line.endswith(b"\n") and (more := os.read(0, 1)):
        line += more
    return line


def _watch(folders: list[str]) -> None:
    """End with whoever started us, and with all that we have started; take our folders along."""
    with contextlib.suppress(OSError):
        while os.read(0, 4096):
            pass
    import psutil

    for _ in range(3):  # what is just being started appears a moment later
        for process in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
        time.sleep(0.1)
    os._exit(0)


if __name__ == "__main__":
    main()
