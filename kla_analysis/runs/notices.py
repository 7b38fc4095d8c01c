"""After a failure: a page in words beside the report, which stays as it was, and one mail to those in charge.

Mail is sent only where the environment asks for it: `KLA_SMTP_HOST`, `KLA_SMTP_PORT` (587), `KLA_SMTP_USER`,
`KLA_SMTP_PASSWORD`, `KLA_SMTP_FROM`, `KLA_SMTP_TO` (addresses, separated by commas). Neither the password nor
what a mail server answers is ever written anywhere.
"""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import os
import smtplib
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr
from pathlib import Path

from kla_analysis.errors import KlaError, ParameterError
from kla_analysis.language import CAPITAL, Zone, current_language, moment, t
from kla_analysis.report import html
from kla_analysis.report.parameters import ReportParameters

#: Seconds that a mail server may take to answer.
_PATIENCE = 20


@dataclass(frozen=True)
class Failure:
    """One report that was not made.

    Attributes:
        exit_code: of the family in `errors`, -9 and the like when a signal ended it.
        error: what happened, as it was told to the user; no traceback.
        folder: where the report stands, or would have stood.
    """

    parameters: ReportParameters
    exit_code: int
    error: str
    folder: Path

    @property
    def about(self) -> str:
        """Whose report it is, in words."""
        return about(self.parameters)


def about(parameters: ReportParameters) -> str:
    """Say whose report it is."""
    from kla_analysis.evidence.areas import find_area

    name = parameters.area
    with contextlib.suppress(KlaError):
        name = f"{find_area(name).name} ({name})"
    target = parameters.target or t("predikat berikutnya")
    return t("{area}, tahun {year}, target {target}", area=name, year=parameters.year, target=target)


def page_of(folder: Path) -> Path:
    """Return where the page about a failure stands: beside the report, never in its place."""
    return folder.with_name(f"{folder.name}-gagal.html")


def leave_page(failure: Failure) -> Path | None:
    """Write the page about a failure, whole or not at all."""
    index = failure.folder / html.INDEX
    last = f"{failure.folder.name}/{html.INDEX}" if index.is_file() else ""
    asked = failure.parameters
    zone = _zone(asked.area)
    return _leave(page_of(failure.folder), asked.lang, failure.about, failure.error, failure.exit_code, last, zone)


def _zone(area: str) -> Zone:
    """Return the local time of an area, also where its data can not be read: a notice is left whatever happened."""
    from kla_analysis.evidence.areas import zone_of

    with contextlib.suppress(KlaError, OSError):
        return zone_of(area)
    return CAPITAL


def leave_words(path: Path, about: str, error: KlaError) -> Path | None:
    """Write a page about what was refused before there was any report to speak of."""
    return _leave(path, current_language(), about, str(error), error.exit_code, "")


def _leave(path: Path, lang: str, about: str, error: str, code: int, last: str, zone: Zone = CAPITAL) -> Path | None:
    text = (
        html.templates()
        .get_template("failure.html.j2")
        .render(
            css=html.css(),
            lang=lang,
            about=about,
            said=[line.strip() for line in error.splitlines() if line.strip()],
            advice=_advice(code),
            code=code,
            last=last,
            when=moment(datetime.datetime.now(datetime.UTC), zone),
            words={
                "title": t("Laporan tidak jadi dibuat"),
                "what": t("Apa yang terjadi"),
                "do": t("Apa yang harus dilakukan"),
                "last": t("Laporan terakhir yang utuh tidak diubah:"),
                "none": t("Belum ada laporan yang utuh untuk daerah dan tahun ini."),
                "open": t("buka laporan itu"),
                "foot": t("Halaman ini hilang sendiri sesudah laporan berhasil dibuat."),
                "code": t("kode keluar"),
            },
        )
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.write_text(text, encoding="utf-8", newline="\n")
        os.replace(draft, path)
    except OSError:
        return None
    return path


def clear_page(folder: Path) -> None:
    """Take the page away once the report is there."""
    with contextlib.suppress(OSError):
        page_of(folder).unlink(missing_ok=True)


def _advice(exit_code: int) -> str:
    return {
        2: t("Perbaiki parameter atau berkas jadwalnya, lalu jalankan lagi."),
        3: t("Perbaiki lembar nilai atau data yang disebut di atas, lalu jalankan lagi."),
        4: t("Buka notebook yang gagal di reports/gagal, lihat sel yang disebut, lalu jalankan lagi."),
        5: t("Jalankan lagi; bila berulang, periksa memori mesin dan jalankan kla check."),
        6: t("Periksa izin tulis dan sisa ruang cakram, lalu jalankan lagi."),
        7: t("Tunggu sampai proses yang lain selesai; tidak perlu diulang bila laporannya sudah ada."),
        130: t("Proses dihentikan orang; jalankan lagi bila laporannya masih diperlukan."),
    }.get(exit_code, t("Jalankan kla check untuk memeriksa mesin dan data, lalu jalankan lagi dengan --debug."))


@dataclass(frozen=True)
class MailSettings:
    """How to reach the failure list."""

    host: str
    port: int
    sender: str
    to: tuple[str, ...]
    user: str = ""
    password: str = field(default="", repr=False)


def mail_settings(environment: Mapping[str, str] = os.environ) -> MailSettings | None:
    """Read the settings from the environment; None when mail is not asked for.

    Raises:
        ParameterError: something is missing or wrong; names the variable, never its value.
    """
    said = {name: environment.get(f"KLA_SMTP_{name}", "").strip() for name in ("HOST", "PORT", "USER", "FROM", "TO")}
    if not said["HOST"]:
        return None
    to = tuple(address.strip() for address in said["TO"].split(",") if address.strip())
    wrong = [
        name
        for name, addresses in (("FROM", (said["FROM"],)), ("TO", to or ("",)))
        if not all("@" in parseaddr(address)[1] for address in addresses)
    ]
    # A line feed would begin a line of the mail, or a word to the server, of its own.
    wrong += [name for name, text in said.items() if not text.isprintable() and name not in wrong]
    port = said["PORT"] or "587"
    if not port.isdigit() or not 0 < int(port) < 65536:
        wrong.append("PORT")
    if wrong:
        raise ParameterError(
            t("Surel kegagalan tidak dapat dikirim."),
            advice=t("Periksa isi {names}.", names=", ".join(f"KLA_SMTP_{name}" for name in wrong)),
        )
    password = environment.get("KLA_SMTP_PASSWORD", "")
    return MailSettings(said["HOST"], int(port), said["FROM"], to, said["USER"], password)


def send_mail(failures: Sequence[Failure], environment: Mapping[str, str] = os.environ) -> bool:
    """Send one mail about all failures of a run, where there are any and the environment asks for it.

    Returns, raises: as `send`.
    """
    blocks = [
        "\n".join([failure.about, failure.error, _advice(failure.exit_code), page_of(failure.folder).name])
        for failure in failures
    ]
    subject = t("KLA: {count} laporan gagal", count=len(failures))
    return bool(failures) and send(subject, "\n\n".join(blocks) + "\n", environment)


def send(subject: str, text: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Send one mail to those in charge, where the environment asks for it.

    Returns:
        Whether a mail was sent.

    Raises:
        ParameterError: the settings are wrong, or the server did not take the mail; without its words.
    """
    settings = mail_settings(environment)
    if settings is None:
        return False
    message = EmailMessage()
    message["From"], message["To"] = settings.sender, ", ".join(settings.to)
    message["Subject"] = subject
    message["Date"] = formatdate(localtime=True)
    message["Message-ID"] = make_msgid(domain=parseaddr(settings.sender)[1].rpartition("@")[2])
    message.set_content(text)
    try:
        with _connect(settings) as server:
            if settings.user:
                server.login(settings.user, settings.password)
            server.send_message(message)
    except (OSError, ValueError, smtplib.SMTPException) as error:
        raise ParameterError(
            t("Surel kegagalan tidak terkirim ({kind}).", kind=type(error).__name__),
            advice=t("Periksa KLA_SMTP_HOST, PORT, USER, dan PASSWORD."),
        ) from None
    return True


def mail_about(failures: Sequence[Failure]) -> str:
    """Send the mail after a run that has failed already; return in words why it could not be sent, else ""."""
    try:
        send_mail(failures)
    except ParameterError as error:  # it must not hide what failed
        return str(error)
    return ""


def _connect(settings: MailSettings) -> smtplib.SMTP:
    """Connect, encrypted where the server can; a password travels in the open to this machine only."""
    context = ssl.create_default_context()
    if settings.port == 465:
        return smtplib.SMTP_SSL(settings.host, settings.port, timeout=_PATIENCE, context=context)
    server = smtplib.SMTP(settings.host, settings.port, timeout=_PATIENCE)
    server.ehlo()
    if server.has_extn("starttls"):
        server.starttls(context=context)
        server.ehlo()
    elif settings.user and not _is_this_machine(settings.host):
        server.close()
        raise smtplib.SMTPNotSupportedError
    return server


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
