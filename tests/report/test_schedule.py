"""Schedules: what is installed, what a night makes, what a failure leaves behind."""

from __future__ import annotations

import email
import email.utils
import json
import shutil
import socket
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import filelock
import nbformat
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from conftest import ROOT, run_kla
from nbconvert.preprocessors import ExecutePreprocessor

from kla_analysis.cli import doctor
from kla_analysis.errors import KernelError, KlaError, LockedError, ParameterError
from kla_analysis.report.parameters import ReportParameters
from kla_analysis.runs import batch, notices, schedule, timers
from kla_analysis.runs.runner import Outcome

TEXT = """
areas = ["63.10", "63.01"]
out = "hasil"
[report]
year = 2022
target = "nindya"
[when]
time = "02:30"
"""


@pytest.fixture
def written(tmp_path):
    """Write a configuration file, in a folder whose name is not easy."""

    def write(text: str = TEXT, name: str = "malam 100%.toml") -> Path:
        folder = tmp_path / "map $HOME “uji”"
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
        return folder / name

    return write


@pytest.fixture
def plan(written):
    return schedule.load_schedule(written())


# --- the file ---------------------------------------------------------------------------------------


def test_the_example_is_a_schedule(written):
    found = schedule.load_schedule(written(schedule.example()))
    assert [one.area for one in found.reports] == ["63.10"]
    assert found.when.weekday == "senin"


def test_a_file_says_which_areas_what_when_and_where_to(plan):
    assert [(one.area, one.year, one.target) for one in plan.reports] == [
        ("63.10", 2022, "nindya"),
        ("63.01", 2022, "nindya"),
    ]
    assert plan.folder == plan.path.parent / "hasil"
    assert plan.folder_of(plan.reports[0]) == plan.folder / "63.10" / "2022"


def test_all_areas_are_those_of_which_something_is_known(written):
    found = schedule.load_schedule(written(TEXT.replace('["63.10", "63.01"]', '"all"')))
    assert "63.10" in [one.area for one in found.reports]
    assert len(found.reports) > 10
    assert "reference" not in [one.area for one in found.reports]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("areas =", "arreas ="), "Mungkin maksud Anda “areas”"),
        (("target =", "tagret ="), "Mungkin maksud Anda “target”"),
        (("time =", "tme ="), "Mungkin maksud Anda “time”"),
        (('"nindya"', '"nindia"'), "Mungkin maksud Anda “nindya”"),
        (('"02:30"', '"2.30"'), "Tulis jam seperti"),
        (('time = "02:30"', 'time = "02:30"\nweekday = "snin"'), "Mungkin maksud Anda “senin”"),
        (('time = "02:30"', 'time = "02:30"\nday = 31'), "tanggal 1 sampai 28"),
        (('time = "02:30"', 'time = "02:30"\nday = 3\nweekday = "rabu"'), "jangan keduanya"),
        (("year = 2022", 'year = "2022"'), "bilangan bulat"),
        (('["63.10", "63.01"]', "[]"), "Tidak ada daerah"),
        (("[when]", "[when"), "bukan TOML yang sah"),
        (("year = 2022", 'area = "63.10"'), "Tulis di areas"),
    ],
)
def test_what_is_wrong_is_refused_in_words(written, change, said):
    text = TEXT.replace(*change)
    assert text != TEXT
    with pytest.raises(ParameterError) as caught:
        schedule.load_schedule(written(text))
    assert said in str(caught.value)


# --- what is installed ------------------------------------------------------------------------------


def test_the_cron_line_runs_as_a_shell_runs_it(plan, tmp_path):
    """cron hands everything up to an unescaped % to sh; here the command is one that shows its arguments."""
    line, later = [line for line in timers.cron_line(plan).splitlines() if not line.startswith("#")]
    assert line.startswith("30 2 * * * ")
    assert later == "@reboot " + line.removeprefix("30 2 * * * ")  # what was missed, is made up
    command = line.removeprefix("30 2 * * * ").replace(r"\%", "%").removesuffix(" >/dev/null")
    assert "%" not in line.replace(r"\%", "")
    show = f"{sys.executable} -c 'import os, sys; print(sys.argv[1:], os.environ[\"KLA_HOME\"])'"
    shown = command.replace(timers.command(plan)[0], show)
    said = subprocess.run(["/bin/sh", "-c", shown], capture_output=True, text=True, check=True, cwd=tmp_path, env={})
    assert said.stdout.strip() == f"{['schedule', 'run', str(plan.path)]} {ROOT}"


def test_the_units_catch_up_and_name_the_command(plan):
    units = timers.systemd_units(plan)
    service, timer = (units[f"{plan.name}.{kind}"] for kind in ("service", "timer"))
    assert "OnCalendar=*-*-* 02:30:00" in timer
    assert "Persistent=true" in timer
    assert f'Environment="KLA_HOME={ROOT}"' in service
    assert "EnvironmentFile=-%h/.config/kla.env" in service
    (start,) = [line for line in service.splitlines() if line.startswith("ExecStart=")]
    assert start.endswith(f'"schedule" "run" "{plan.path}"'.replace("%", "%%").replace("$", "$$"))


@pytest.mark.parametrize(
    ("when", "cron", "calendar", "tag"),
    [
        ('weekday = "jumat"', "30 2 * * 5", "Fri *-*-* 02:30:00", "DaysOfWeek/{*}Friday"),
        ('weekday = "minggu"', "30 2 * * 0", "Sun *-*-* 02:30:00", "DaysOfWeek/{*}Sunday"),
        ("day = 5", "30 2 5 * *", "*-*-05 02:30:00", "DaysOfMonth/{*}Day"),
        ("", "30 2 * * *", "*-*-* 02:30:00", "DaysInterval"),
    ],
)
def test_units_and_task_mean_the_same_day(written, when, cron, calendar, tag):
    plan = schedule.load_schedule(written(TEXT + when))
    assert f"\n{cron} KLA_HOME" in timers.cron_line(plan)
    assert f"OnCalendar={calendar}\n" in timers.systemd_units(plan)[f"{plan.name}.timer"]
    task = ElementTree.fromstring(timers.windows_task(plan))
    assert task.find(".//{*}" + tag) is not None


def test_the_windows_task_catches_up_and_starts_once(plan):
    text = timers.windows_task(plan)
    assert text.isascii()
    task = ElementTree.fromstring(text)
    assert task.find(".//{*}StartWhenAvailable").text == "true"
    assert task.find(".//{*}MultipleInstancesPolicy").text == "IgnoreNew"
    assert task.find(".//{*}StartBoundary").text == "2024-01-01T02:30:00"
    assert task.find(".//{*}Arguments").text == f'schedule run "{plan.path}"'
    parts = [child.tag.split("}")[1] for child in task]
    assert parts == ["RegistrationInfo", "Triggers", "Settings", "Actions"]  # the order that its schema asks for


ONE = TEXT.replace('["63.10", "63.01"]', '["63.10"]')


def test_print_writes_the_files(written, tmp_path):
    done = run_kla("schedule", "print", str(written(ONE)), "--systemd", "--out", str(tmp_path / "unit"))
    assert done.returncode == 0, done.stderr
    assert sorted(path.suffix for path in (tmp_path / "unit").iterdir()) == [".service", ".timer"]
    assert "systemctl --user enable --now" in done.stderr
    assert run_kla("schedule", "print", str(written(ONE))).returncode == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('["63.10"]', '["63.10", "63.01"]'), "Tidak ada data Kab. Tanah Laut"),
        (('["63.10"]', '["63.1"]'), "63.10"),
        (("2022", "2018"), "Tidak ada data"),
        (('"nindya"', '"nindya"\nscenario = "tidak-ada"'), "tidak-ada"),
        (('"nindya"', '"nindya"\nassessment = "tidak-ada.csv"'), "tidak-ada.csv"),
        (('"hasil"', '"/proc/hasil"'), "tidak dapat ditulis"),
    ],
)
def test_what_the_night_would_refuse_is_refused_when_it_is_installed(written, change, said):
    """All at once, before there is anything to install."""
    assert ONE.replace(*change) != ONE
    with pytest.raises(KlaError) as caught:
        schedule.check(schedule.load_schedule(written(ONE.replace(*change))))
    assert said in str(caught.value)


@pytest.mark.parametrize("escape", [r"C:\temp\nilai.csv", r"C:\baru\nilai.csv", r"C:\data.csv"])
def test_a_windows_path_between_double_quotes_is_seen(written, escape):
    """TOML reads its backslashes as tabs and line feeds, or not at all; the right quotes are named."""
    with pytest.raises(ParameterError) as caught:
        schedule.load_schedule(written(ONE.replace('"nindya"', f'"nindya"\nassessment = "{escape}"')))
    assert "tunggal" in str(caught.value)


@pytest.mark.parametrize("variable", ["KLA_DATA", "KLA_REPORTS", ""])
@pytest.mark.parametrize("kind", ["cron", "systemd", "windows"])
def test_a_line_feed_becomes_no_line_of_a_schedulers_file(written, monkeypatch, tmp_path, variable, kind):
    path = written(ONE, name="malam.toml" if variable else "malam\n* * * * * root id\n.toml")
    if variable:
        place = tmp_path / "tempat\n* * * * * root id\n"
        shutil.copytree(ROOT / "data", place)
        monkeypatch.setenv(variable, str(place))
    with pytest.raises(ParameterError, match="karakter kendali"):
        timers.files(schedule.load_schedule(path), kind)


# --- a night ------------------------------------------------------------------------------------------


class Makes:
    """Stands for the batch: the first reports fail with the given errors, the others are made."""

    def __init__(self, *errors: KlaError) -> None:
        self.jobs: list[batch.Job] = []
        self.errors = list(errors)

    def __call__(self, jobs, *, out, progress) -> batch.BatchRun:
        self.jobs += jobs
        outcomes = []
        for job in jobs:
            folder, error = str(out / job.path), self.errors.pop(0) if self.errors else None
            about = (job.parameters, "failed" if error else "done", folder, f"{folder}/index.html")
            outcomes.append(Outcome(*about, error.what, error.advice, error.exit_code) if error else Outcome(*about))
        return batch.BatchRun(tuple(outcomes), (), "", "", 0.0)


def test_a_night_is_a_batch_of_its_areas(plan):
    makes = Makes()
    assert schedule.run(plan, make=makes).batch.counts["done"] == 2
    assert [(job.path, job.parameters.target) for job in makes.jobs] == [
        ("63.10/2022", "nindya"),
        ("63.01/2022", "nindya"),
    ]


def test_two_starts_at_once(plan, written):
    """The second ends with exit 7, at once, and makes nothing."""
    plan.folder.mkdir(parents=True)
    with filelock.FileLock(plan.folder / ".batch.lock"):
        with pytest.raises(LockedError):
            schedule.run(plan)
        assert run_kla("schedule", "run", str(written())).returncode == 7
    assert not list(plan.folder.rglob("index.html"))


# --- a failure ----------------------------------------------------------------------------------------


def test_a_failure_leaves_a_page_beside_and_the_good_report_as_it_was(plan):
    good = plan.folder / "63.10" / "2022"
    good.mkdir(parents=True)
    (good / "index.html").write_text("laporan lama")
    error = KernelError("Kernel <b>mati</b>.", advice="Periksa memori.")
    done = schedule.run(plan, make=Makes(error))
    assert done.batch.exit_code == 8  # the other area was made
    assert [one.parameters.area for one in done.failures] == ["63.10"]
    page = (good.parent / "2022-gagal.html").read_text(encoding="utf-8")
    for words in ("Laporan tidak jadi dibuat", "Kernel &lt;b&gt;mati&lt;/b&gt;.", "Periksa memori.", "2022/index.html"):
        assert words in page
    assert 'lang="id"' in page
    assert "http" not in page
    assert (good / "index.html").read_text() == "laporan lama"


PASSWORD = "r4hasia-sekali"


class Box:
    """A mail server on this machine that keeps what it is given."""

    def __init__(self) -> None:
        self.mails: list[str] = []
        self.logins: list[tuple[bytes, bytes]] = []
        self.refuse = False

    async def handle_DATA(self, server, session, envelope):
        self.mails.append(envelope.content.decode())
        return "550 no" if self.refuse else "250 OK"

    def login(self, server, session, envelope, mechanism, data):
        self.logins.append((data.login, data.password))
        return AuthResult(success=data.password == PASSWORD.encode())


@pytest.fixture
def box(monkeypatch):
    held = Box()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Controller(
        held, hostname="127.0.0.1", port=port, authenticator=held.login, auth_require_tls=False, auth_required=True
    )
    server.start()
    for name, value in {
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "USER": "kla",
        "PASSWORD": PASSWORD,
        "FROM": "KLA <kla@x.test>",
        "TO": "satu@x.test, dua@x.test",
    }.items():
        monkeypatch.setenv(f"KLA_SMTP_{name}", value)
    yield held
    server.stop()


def test_one_mail_tells_of_all_failures_of_a_run(plan, box):
    error = KernelError("Kernel mati.", advice="Periksa memori.")
    done = schedule.run(plan, make=Makes(error, error))
    assert done.mailed
    (mail,) = box.mails
    assert "2 laporan gagal" in mail
    assert "To: satu@x.test, dua@x.test" in mail
    assert box.logins == [(b"kla", PASSWORD.encode())]
    message = email.message_from_string(mail)
    text = message.get_payload(decode=True).decode()
    assert "Kab. Tanah Bumbu (63.10), tahun 2022" in text
    assert "(63.01), tahun 2022" in text
    assert "Kernel mati. Periksa memori." in text


def test_a_mail_says_when_and_which(plan, box):
    """Without a date and a name of its own many servers take it for unwanted."""
    schedule.run(plan, make=Makes(KernelError("x")))
    message = email.message_from_string(box.mails[0])
    assert email.utils.parsedate_to_datetime(message["Date"]).tzinfo is not None
    assert message["Message-ID"].endswith("@x.test>")


def test_success_mails_where_that_is_asked_for(written, box):
    asked = schedule.load_schedule(written('mail = "always"\n' + TEXT))
    assert schedule.run(asked, make=Makes()).mailed
    (mail,) = box.mails
    assert "2 laporan dibuat" in mail
    assert "Kab. Tanah Bumbu" in email.message_from_string(mail).get_payload(decode=True).decode()


def test_a_schedule_that_is_refused_at_night_mails_once_a_day_and_leaves_its_page(written, box, tmp_path, monkeypatch):
    monkeypatch.setenv("KLA_REPORTS", str(tmp_path / "reports"))
    file = str(written(TEXT.replace("nindya", "nindia")))
    for _ in range(3):  # cron starts it every hour
        assert run_kla("schedule", "run", file).returncode == 2
    (mail,) = box.mails
    assert "nindia" in email.message_from_string(mail).get_payload(decode=True).decode()
    (page,) = (tmp_path / "reports").glob("*-gagal.html")
    assert "nindia" in page.read_text(encoding="utf-8")
    written(TEXT.replace("nindya", "nindia").replace("2022", "1022"))
    assert run_kla("schedule", "run", file).returncode == 2
    assert len(box.mails) == 2  # another reason
    schedule.accepted(schedule.load_schedule(written()))
    assert not [path for path in (tmp_path / "reports").iterdir() if "gagal" in path.name or "ditolak" in path.name]


@pytest.mark.parametrize("name", ["TO", "FROM", "HOST", "USER"])
def test_a_line_feed_in_a_mail_setting_is_no_line_of_a_mail(plan, box, monkeypatch, name):
    """The night is over all the same: nothing that a mail does leaves it unfinished."""
    monkeypatch.setenv(f"KLA_SMTP_{name}", "satu@x.test\nBcc: semua@x.test")
    done = schedule.run(plan, make=Makes(KernelError("x")))
    assert f"KLA_SMTP_{name}" in done.mail_problem
    assert not box.mails


@pytest.mark.parametrize("broken", ["é@ü.test", "a@b@c.test", "<@>", "x" * 5000 + "@x.test", "@"])
def test_no_mail_address_leaves_a_night_unfinished(plan, box, monkeypatch, broken):
    monkeypatch.setenv("KLA_SMTP_FROM", broken)
    assert schedule.run(plan, make=Makes(KernelError("x"))).batch.exit_code == 8


def test_no_failure_no_mail(plan, box):
    assert not schedule.run(plan, make=Makes()).mailed
    assert not box.mails


def test_the_password_is_nowhere(written, plan, box):
    """Neither after a mail that went out nor after one that did not, in no output, file or message."""
    broken = TEXT.replace('"63.10", "63.01"', '"63.10"').replace("2022", "2018")
    done = run_kla("schedule", "run", str(written(broken)), "--json")
    assert done.returncode == 2, done.stderr
    assert json.loads(done.stdout)["mailed"]
    assert PASSWORD not in done.stdout + done.stderr
    box.refuse = True
    failed = schedule.run(plan, make=Makes(KernelError("x")))
    assert not failed.mailed
    assert "SMTPDataError" in failed.mail_problem
    assert PASSWORD not in repr(failed) + repr(notices.mail_settings())
    for path in written().parent.rglob("*"):
        assert not path.is_file() or PASSWORD.encode() not in path.read_bytes()


def test_a_mail_that_can_not_be_sent_does_not_hide_what_failed(box, tmp_path):
    failed = [notices.Failure(ReportParameters(), 5, "Proses dibunuh.", tmp_path / "63.10" / "2022")]
    assert notices.mail_about(failed) == ""
    assert len(box.mails) == 1
    box.refuse = True
    assert "tidak terkirim" in notices.mail_about(failed)


def test_a_password_does_not_travel_in_the_open(box, monkeypatch):
    """A server elsewhere that offers no encryption is given no password."""
    monkeypatch.setattr(notices, "_is_this_machine", lambda host: False)
    with pytest.raises(ParameterError) as caught:
        notices.send_mail([notices.Failure(ReportParameters(), 5, "x", Path("y"))])
    assert "tidak terkirim" in str(caught.value)
    assert not box.logins


@pytest.mark.parametrize("missing", ["TO", "FROM"])
def test_half_a_mail_configuration_is_said_before_the_night(box, monkeypatch, missing):
    def looked_at() -> doctor.Finding:
        return next(one for one in doctor.examine() if one.name == "Surel kegagalan")

    assert looked_at().ok
    assert "satu@x.test, dua@x.test" in looked_at().detail
    monkeypatch.delenv(f"KLA_SMTP_{missing}")
    assert not looked_at().ok
    assert f"KLA_SMTP_{missing}" in looked_at().advice


# --- the real thing -------------------------------------------------------------------------------------


def test_a_scheduled_report_is_made_from_any_folder(written, tmp_path):
    """As cron starts it: from the root folder, with hardly an environment."""
    project = tmp_path / "proyek"
    for name in ("data", "notebooks"):
        shutil.copytree(ROOT / name, project / name)
    for path in project.glob("notebooks/0[1-9]*"):
        path.unlink()
    file = written(TEXT.replace('["63.10", "63.01"]', '["63.10"]'))
    kla = Path(sys.executable).with_name("kla")
    environment = {"KLA_HOME": str(project), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [kla, "schedule", "run", file], cwd="/", env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    report = file.parent / "hasil" / "63.10" / "2022"
    assert {"index.html", "laporan.pdf", "laporan.xlsx", "results.json"} <= {path.name for path in report.iterdir()}
    again = subprocess.run([kla, "schedule", "run", file], cwd="/", env=environment, capture_output=True, check=True)
    assert b"0 dibuat, 1 tidak berubah" in again.stdout


@pytest.mark.parametrize(
    ("values", "said"),
    [({"area": '"63.10"', "target": '"utama"'}, "Utama"), ({"area": "63.10"}, "di antara tanda kutip")],
)
def test_a_notebook_runs_under_jupyter_scheduler(values, said, tmp_path):
    """It copies the notebook alone into a folder of its own, adds the parameters as they were typed, and runs it there.

    A code that was typed without quotes is the number 63,1 to Python: refused in words, never another area.
    """
    staging = tmp_path / "staging job"
    staging.mkdir()
    shutil.copy(ROOT / "notebooks" / "00_mulai.ipynb", staging)
    notebook = nbformat.read(staging / "00_mulai.ipynb", as_version=4)
    (at,) = [at for at, cell in enumerate(notebook.cells) if "parameters" in cell.metadata.get("tags", ())]
    typed = "\n".join(f"{name} = {value}" for name, value in values.items())
    notebook.cells.insert(at + 1, nbformat.v4.new_code_cell(typed, metadata={"tags": ["injected-parameters"]}))
    kernel = notebook.metadata.kernelspec["name"]
    executor = ExecutePreprocessor(kernel_name=kernel, store_widget_state=True, timeout=120, allow_errors=True)
    executor.preprocess(notebook, {"metadata": {"path": str(staging)}})
    assert said in json.dumps([cell.get("outputs", []) for cell in notebook.cells], ensure_ascii=False)
    assert [path.name for path in staging.iterdir()] == ["00_mulai.ipynb"]
