"""Timers: what cron, systemd or Windows needs to start a schedule.

All three start `kla schedule run FILE` at its time and once more when the machine was down then; what is done
already and has not changed is passed over there.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path
from xml.sax.saxutils import escape

from kla_analysis.errors import DataError, ParameterError, Problem
from kla_analysis.language import t
from kla_analysis.project import find_project
from kla_analysis.runs.schedule import WEEKDAYS, Plan, day_names

#: The days as systemd (their first three letters) and Windows call them.
_DAYS = dict(zip(WEEKDAYS, ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"), strict=True))


def command(plan: Plan) -> list[str]:
    """Return the command that a scheduler starts, by full addresses: it knows no PATH and no folder.

    Raises:
        DataError: the command `kla` is not installed beside this Python.
    """
    name = "kla.exe" if os.name == "nt" else "kla"
    kla = Path(sys.executable).with_name(name)
    if not kla.is_file():
        raise DataError(
            t("Perintah kla tidak ada di samping {python}.", python=Path(sys.executable).name),
            advice=t("Pasang proyek ini di lingkungan itu (make report), lalu ulangi."),
        )
    return [str(kla), "schedule", "run", str(plan.path)]


def files(plan: Plan, kind: str) -> dict[str, str]:
    """Return what a scheduler needs by file name.

    Args:
        kind: `cron`, `systemd` or `windows`.

    Raises:
        ParameterError: an address holds a line feed or the like, which would be a line of its own there.
        DataError: the command `kla` is not installed beside this Python.
    """
    told = {t("Alamat jadwal"): str(plan.path), t("Alamat Python"): sys.executable, **_environment()}
    problems = [
        Problem(t("memuat karakter kendali"), t("Ganti nama folder atau berkasnya."), column=name, value=repr(text))
        for name, text in told.items()
        if not text.isprintable()
    ]
    if problems:
        raise ParameterError(t("Jadwal tidak dapat dipasang."), problems=problems)
    if kind == "systemd":
        return systemd_units(plan)
    return {f"{plan.name}.xml": windows_task(plan)} if kind == "windows" else {f"{plan.name}.cron": cron_line(plan)}


def installation(plan: Plan, kind: str) -> str:
    """Say what to do with those files."""
    return {
        "cron": t("Tambahkan baris itu dengan: crontab -e"),
        "systemd": t(
            "Simpan di ~/.config/systemd/user, lalu: systemctl --user enable --now {name}.timer; "
            "loginctl enable-linger agar jalan tanpa ada yang masuk.",
            name=plan.name,
        ),
        "windows": t('Simpan, lalu: schtasks /Create /TN {name} /XML "{name}.xml"', name=plan.name),
    }[kind]


def cron_line(plan: Plan) -> str:
    """Return the lines for a crontab: at its time, and after a start of the machine, because cron catches nothing up."""
    hour, minute = plan.when.clock
    weekday = (WEEKDAYS.index(plan.when.weekday) + 1) % 7 if plan.when.weekday else "*"
    said = " ".join(shlex.quote(part) for part in command(plan)).replace("%", r"\%")
    home = " ".join(f"{name}={shlex.quote(value)}" for name, value in _environment().items()).replace("%", r"\%")
    return "\n".join(
        [
            t(
                "# Pasang dengan: crontab -e. Laporannya dibuat {when}; yang terlewat karena mesin mati,",
                when=_in_plain(plan),
            ),
            t("# disusulkan begitu mesin hidup."),
            f"{minute} {hour} {plan.when.day or '*'} * {weekday} {home} {said} >/dev/null",
            f"@reboot {home} {said} >/dev/null",
            "",
        ]
    )


def systemd_units(plan: Plan) -> dict[str, str]:
    """Return the service and the timer by file name; `Persistent` catches up what was missed."""
    hour, minute = plan.when.clock
    date = f"*-*-{plan.when.day:02d}" if plan.when.day else "*-*-*"
    day = f"{_DAYS[plan.when.weekday][:3]} " if plan.when.weekday else ""
    quoted = " ".join(_systemd_word(part) for part in command(plan))
    service = [
        "[Unit]",
        f"Description={t('Laporan KLA')} ({_systemd_text(plan.path.name)})",
        "",
        "[Service]",
        "Type=oneshot",
        *(f"Environment={_systemd_word(f'{name}={value}', dollar='$')}" for name, value in _environment().items()),
        # For what is secret, such as KLA_SMTP_PASSWORD; it need not exist.
        "EnvironmentFile=-%h/.config/kla.env",
        f"ExecStart={quoted}",
        "Nice=10",
        "",
    ]
    timer = [
        "[Unit]",
        f"Description={t('Waktu laporan KLA')} ({_systemd_text(plan.path.name)})",
        "",
        "[Timer]",
        f"OnCalendar={day}{date} {hour:02d}:{minute:02d}:00",
        "Persistent=true",
        "",
        "[Install]",
        "WantedBy=timers.target",
        "",
    ]
    return {f"{plan.name}.service": "\n".join(service), f"{plan.name}.timer": "\n".join(timer)}


def windows_task(plan: Plan) -> str:
    """Return a task for the Windows Task Scheduler; `StartWhenAvailable` catches up what was missed.

    Letters outside ASCII stand as references, so that the file is read right in any encoding.
    """
    hour, minute = plan.when.clock
    start = f"2024-01-01T{hour:02d}:{minute:02d}:00"
    if plan.when.day:
        months = "".join(f"<{name} />" for name in _MONTHS)
        each = f"<ScheduleByMonth><DaysOfMonth><Day>{plan.when.day}</Day></DaysOfMonth><Months>{months}</Months></ScheduleByMonth>"
    elif plan.when.weekday:
        name = _DAYS[plan.when.weekday]
        each = f"<ScheduleByWeek><WeeksInterval>1</WeeksInterval><DaysOfWeek><{name} /></DaysOfWeek></ScheduleByWeek>"
    else:
        each = "<ScheduleByDay><DaysInterval>1</DaysInterval></ScheduleByDay>"
    program, *arguments = command(plan)
    quoted = " ".join(f'"{part}"' if re.search(r"\s", part) else part for part in arguments)
    text = f"""\
<?xml version="1.0"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>{escape(t("Laporan KLA"))} ({escape(plan.path.name)})</Description>
  </RegistrationInfo>
  <Triggers>
    <CalendarTrigger>
      <StartBoundary>{start}</StartBoundary>
      <Enabled>true</Enabled>
      {each}
    </CalendarTrigger>
  </Triggers>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <StartWhenAvailable>true</StartWhenAvailable>
    <Enabled>true</Enabled>
  </Settings>
  <Actions>
    <Exec>
      <Command>{escape(program)}</Command>
      <Arguments>{escape(quoted)}</Arguments>
      <WorkingDirectory>{escape(str(find_project().root))}</WorkingDirectory>
    </Exec>
  </Actions>
</Task>
"""
    return text.encode("ascii", "xmlcharrefreplace").decode("ascii")


_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def _environment() -> dict[str, str]:
    """Return what must be set so that a scheduler finds the project, its data and its reports."""
    moved = {name: os.environ[name] for name in ("KLA_DATA", "KLA_REPORTS") if os.environ.get(name)}
    return {"KLA_HOME": str(find_project().root), **moved}


def _in_plain(plan: Plan) -> str:
    if plan.when.day:
        return t("tanggal {day} pukul {time}", day=plan.when.day, time=plan.when.time)
    if plan.when.weekday:
        day = day_names()[WEEKDAYS.index(plan.when.weekday)]
        return t("setiap {day} pukul {time}", day=day, time=plan.when.time)
    return t("setiap hari pukul {time}", time=plan.when.time)


def _systemd_text(text: str) -> str:
    return re.sub(r"[\x00-\x1f]", " ", text).replace("%", "%%")


def _systemd_word(text: str, dollar: str = "$$") -> str:
    """Quote a word for a unit file: quotes and backslashes escaped, specifiers and variables kept from working."""
    quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", dollar)
    return f'"{quoted}"'
