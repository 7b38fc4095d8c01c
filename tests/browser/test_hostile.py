"""A hostile page in the same browser, a stranger on the same machine: what they try against the servers of ours."""

from __future__ import annotations

import asyncio
import http.client
import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import psutil
import pytest
from browser.driving import App, Server, serving_app, serving_lab, until
from conftest import ROOT
from tornado import web
from tornado.httpclient import AsyncHTTPClient
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from kla_analysis.app.server import Door, stand_at

#: What the page of a stranger tries, in the browser in which ours is open: it knows everything but the key.
TRIES = """
async ({host, kernel}) => {
  const page = `http://${host}/`, got = {};
  const ask = async (name, url, more) => {
    try { const answer = await fetch(url, {credentials: "include", ...more}); got[name] = answer.type === "opaque" ? "opaque" : answer.status; }
    catch (error) { got[name] = "refused"; }
  };
  await ask("page", page);
  await ask("page, without cors", page, {mode: "no-cors"});
  await ask("kernel", `${page}api/kernels/${kernel}`);
  await ask("start", `${page}api/kernels`, {method: "POST", body: "{}", mode: "no-cors", headers: {"Content-Type": "text/plain"}});
  await ask("shutdown", `${page}voila/api/shutdown/${kernel}`, {method: "POST", mode: "no-cors"});
  const frame = document.createElement("iframe");
  frame.src = page;
  document.body.append(frame);
  const picture = new Image();
  picture.src = page;
  const form = document.createElement("form");
  form.action = `${page}voila/api/shutdown/${kernel}`; form.method = "post"; form.target = "nowhere";
  const target = document.createElement("iframe"); target.name = "nowhere";
  document.body.append(target, form);
  form.submit();
  got.socket = await new Promise((done) => {
    const line = new WebSocket(`ws://${host}/api/kernels/${kernel}/channels`);
    line.onopen = () => done("open");
    line.onerror = () => done("refused");
    setTimeout(() => done("nothing"), 10000);
  });
  await new Promise((done) => setTimeout(done, 3000));
  return got;
}
"""


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[str]:
    """The site of a stranger, on another port of this machine: to a browser that is the same site."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>x</title><body>x")

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def ask(server: Server, path: str, method: str = "GET", **headers: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", int(server.host.split(":")[1]), timeout=30)
    connection.putrequest(method, path, skip_host="Host" in headers)
    for name, value in headers.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders()
    answer = connection.getresponse()
    return answer.status, answer.read().decode(errors="replace") if answer.status != 101 else ""


def test_a_page_of_a_stranger_in_the_same_browser_starts_and_reads_nothing(context, open_app, voila, elsewhere):
    """With our page open beside it, and so with our cookie, which the browser sends along."""
    ours = open_app().page
    before = voila.kernels()
    kernel = ours.evaluate("JSON.parse(document.getElementById('jupyter-config-data').textContent).kernelId")
    theirs = context.new_page()
    theirs.goto(elsewhere)
    got = theirs.evaluate(TRIES, {"host": voila.host, "kernel": kernel})
    assert got["socket"] == "refused"
    assert set(got.values()) <= {"refused", "opaque", 403}, got
    # One of a test before this may end meanwhile; none was started, and ours goes on.
    assert {each.pid for each in voila.kernels()} <= {each.pid for each in before}
    assert any(each.is_running() for each in before)
    theirs.goto(f"http://{voila.host}/")  # a link that is followed, with our cookie
    assert theirs.evaluate("performance.getEntriesByType('navigation')[0].responseStatus") in (200, 403)
    App(ours).type_budget("600 juta")
    theirs.close()


@pytest.mark.parametrize(
    "host", ["evil.test", "evil.test:{port}", "127.0.0.1", "127.0.0.1:1", "[::1]:{port}", "0.0.0.0:{port}", ""]
)
def test_a_name_that_only_leads_here_is_refused(voila, lab, host):
    """DNS rebinding: the page of a stranger whose name now leads to this machine; not even the key helps."""
    for server in (voila, lab):
        said = host.format(port=server.host.split(":")[1])
        status, text = ask(server, f"/?token={server.key}", Host=said)
        assert status in (400, 403)
        assert server.key not in text
        status, _ = ask(
            server,
            f"/api/kernels/x/channels?token={server.key}",
            Host=said,
            Upgrade="websocket",
            Origin=f"http://{said}",
        )
        assert status in (400, 403)


LINE = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec_WebSocket_Version": "13", "Sec_WebSocket_Key": "eA=="}


@pytest.mark.parametrize(
    "origin", [None, "null", "http://evil.test", "http://127.0.0.1:1", "http://127.0.0.1", "https://{host}"]
)
def test_a_line_from_no_page_or_another_page_is_refused(voila, lab, origin):
    """Websockets and whatever else than reading: with the key too, which an extension or a log may have."""
    for server in (voila, lab):
        headers = {"Origin": origin.format(host=server.host)} if origin else {}
        kernel = "00000000-0000-0000-0000-000000000000"
        assert ask(server, f"/api/kernels/{kernel}/channels?token={server.key}", **LINE, **headers)[0] == 403
        assert ask(server, f"/api/kernels?token={server.key}", "POST", Content_Length="0", **headers)[0] == 403
        if origin:
            assert ask(server, f"/?token={server.key}", **headers)[0] == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_link_on_another_page_opens_nothing_without_the_key(voila, lab, site):
    for server in (voila, lab):
        assert ask(server, "/", Sec_Fetch_Site=site)[0] == 403
        assert ask(server, "/?token=falsch", Sec_Fetch_Site=site)[0] == 403


def test_without_the_key_nobody_comes_in_whatever_the_settings_of_the_user_say(voila, lab):
    """The lab of these tests is started with a user's setting that asks for no key at all."""
    for server, path in ((voila, "/"), (lab, "/lab"), (lab, "/api/contents"), (lab, "/api/kernels")):
        status, text = ask(server, path)
        assert status in (302, 403)
        assert "63.10" not in text
    for server in (voila, lab):  # where those without it are sent says what to do, in words
        for method in ("GET", "POST"):
            status, text = ask(server, "/login?next=%2F", method, Origin=f"http://{server.host}", Content_Length="0")
            assert status == 403
            assert "alamat yang dicetak saat memulai" in text


def test_the_key_stands_in_no_command_line(voila, lab):
    said = [" ".join(each.info["cmdline"] or []) for each in psutil.process_iter(["cmdline"])]
    assert not [line for line in said if voila.key in line or lab.key in line]


def test_the_browser_is_opened_by_a_file_that_only_this_user_can_read(tmp_path):
    """What stands in the command line of a browser is there for every user of the machine to see."""
    seen = tmp_path / "seen.json"
    browser = tmp_path / "peramban"
    browser.write_text(
        f"#!{sys.executable}\nimport json, os, sys, urllib.parse, urllib.request\n"
        "path = urllib.request.url2pathname(urllib.parse.urlsplit(sys.argv[-1]).path)\n"
        "about = [sys.argv[1:], oct(os.stat(path).st_mode), oct(os.stat(os.path.dirname(path)).st_mode), open(path).read()]\n"
        f"open({str(seen)!r} + '.x', 'w').write(json.dumps(about)); os.rename({str(seen)!r} + '.x', {str(seen)!r})\n"
    )
    browser.chmod(0o755)
    with serving_app(tmp_path, browser=True, BROWSER=f"{browser} %s") as server:
        until(seen.exists)
        arguments, mode, around, text = json.loads(seen.read_text())
        assert server.key not in " ".join(arguments)
        assert (mode[-3:], around[-3:]) == ("600", "700")
        assert f"http://{server.host}/?token={server.key}" in text
        other = 65534  # a second user; where the tests run as somebody else, the modes above say it
        if os.geteuid() == 0:
            for path in (urlsplit(arguments[-1]).path, f"/proc/{server.process.pid}/environ"):
                peek = ["cat", path]
                done = subprocess.run(peek, user=other, group=other, extra_groups=[], capture_output=True, check=False)
                assert b"Permission denied" in done.stderr
        for process in psutil.Process(server.process.pid).children(recursive=True):
            assert server.key not in " ".join(process.cmdline())


def test_a_crowd_starts_no_further_kernel(tmp_path):
    """Twenty at once, or forty within a minute, are no person's."""
    with serving_lab(tmp_path) as server:
        started, refused = [], ""
        for _ in range(3 * 20):
            status, said = ask(
                server, f"/api/kernels?token={server.key}", "POST", Content_Length="0", Origin=f"http://{server.host}"
            )
            if status != 201:
                assert status == 429
                refused = said
                break
            started.append(json.loads(said)["id"])
        assert len(started) == 20
        assert "20 halaman" in json.loads(refused)["message"]


def test_a_crowd_is_told_to_wait_in_words():
    """A page that would start a kernel says so itself, and offers to try again; what needs none is still served."""

    class Manager:
        running = 0

        def list_kernel_ids(self) -> list[int]:
            return [0] * self.running

        def start_kernel(self) -> str:
            self.running += 1
            return "id"

    class Page(web.RequestHandler):
        async def get(self) -> None:
            self.write("x")

    async def visit() -> list[tuple[int, str]]:
        application, manager = web.Application([("/.*", Page)]), Manager()
        (listening,) = bind_sockets(0, "127.0.0.1")
        port = listening.getsockname()[1]
        stand_at(Door("k", port), application, manager, pages=True)
        site = HTTPServer(application)
        site.add_sockets([listening])
        got = []
        for path in ["/?token=k"] * 41 + ["/static/style.css"]:
            answer = await AsyncHTTPClient().fetch(f"http://127.0.0.1:{port}{path}", raise_error=False)
            got.append((answer.code, answer.body.decode()))
            if answer.code == 200 and path != "/static/style.css":
                await manager.start_kernel()
                manager.running = min(manager.running, 19)
        site.stop()
        return got

    with ThreadPoolExecutor(1) as apart:  # here a loop may be running for the browser
        got = apart.submit(asyncio.run, visit()).result()
    assert [code for code, _ in got] == [200] * 40 + [429, 200]
    assert "Muat ulang" in got[40][1]
    assert 'lang="id"' in got[40][1]


def test_settings_of_the_user_change_nothing(tmp_path):
    """A voila.json where one stands, at home, or where Jupyter is told to look."""
    for folder in (tmp_path / "home/.jupyter", tmp_path / "here", tmp_path / "path"):
        folder.mkdir(parents=True)
        (folder / "voila.json").write_text(
            json.dumps(
                {
                    "Voila": {"ip": "0.0.0.0", "token": "", "open_browser": True, "root_dir": "/", "base_url": "/x/"},
                    "VoilaConfiguration": {"file_allowlist": [".*"], "show_tracebacks": True, "template": "lab"},
                }
            )
        )
    with serving_app(
        tmp_path,
        cwd=tmp_path / "here",
        HOME=str(tmp_path / "home"),
        KLA_HOME=str(ROOT),
        JUPYTER_CONFIG_PATH=str(tmp_path / "path"),
    ) as server:
        assert ask(server, "/")[0] in (302, 403)
        assert ask(server, f"/voila/files/kla.ipynb?token={server.key}")[0] in (403, 404)
        assert {
            c.laddr.ip
            for c in psutil.net_connections()
            if c.status == "LISTEN" and c.laddr.port == int(server.host.split(":")[1])
        } == {"127.0.0.1"}


def test_a_widget_that_the_page_can_not_find_loads_again_by_itself(open_app):
    app = open_app()
    lost = (
        "const lost = document.createElement('div'); lost.className = 'jupyter-widgets';"
        "lost.textContent = 'Error displaying widget: model not found'; document.body.append(lost);"
    )
    with app.page.expect_navigation(wait_until="commit"):
        app.page.evaluate(f"setTimeout(() => {{ {lost} }}, 10)")
    App(app.page)


def test_lab_says_the_true_cause_to_root(tmp_path):
    """Tried by root alone; others are let in, as the test of the lab shows."""
    if os.geteuid() != 0:
        return
    done = subprocess.run(
        [sys.executable, "-c", "from kla_analysis.cli import main; main()", "lab", "--no-browser", "--port", "18899"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "JUPYTER_CONFIG_DIR": str(tmp_path), "HOME": str(tmp_path)},
    )
    assert done.returncode == 5
    assert "tidak dijalankan sebagai root" in done.stderr
    assert "--port" not in done.stderr.splitlines()[-1]
