"""Typed settings from the environment. Everything is optional; a bad value says what a good one looks like."""

from __future__ import annotations

import ipaddress
import os
import re
import secrets
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from webapp.errors import Invalid, Problem
from webapp.i18n import LANGUAGES, N_

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
LOOPBACK: tuple[Network, ...] = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1"))
_ADDRESS = re.compile(r"[^\s<>@,;]+@[^\s<>@,;]+")


@dataclass(frozen=True)
class MailServer:
    """Where mail is handed over: `smtp://user:password@host:port?from=…&starttls=…`, `smtps://` for TLS at once.

    starttls  on unless it says `no`, or the server is this machine
    """

    host: str
    port: int
    user: str | None
    password: str | None = field(repr=False)
    sender: str
    is_tls: bool
    starttls: bool

    @classmethod
    def of(cls, url: str) -> MailServer:
        """Read the address; raises ValueError."""
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError(url)
        asked = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        user = unquote(parts.username) if parts.username else None
        sender = asked.get("from") or (user if user and "@" in user else "")
        if not _ADDRESS.fullmatch(sender) or set(asked) - {"from", "starttls"}:
            raise ValueError(url)
        is_tls, is_here = parts.scheme == "smtps", parts.hostname in ("localhost", "127.0.0.1", "::1")
        return cls(
            host=parts.hostname,
            port=parts.port or (465 if is_tls else 587 if user else 25),
            user=user,
            password=unquote(parts.password) if parts.password else None,
            sender=sender,
            is_tls=is_tls,
            starttls=not is_tls and _is_yes(asked.get("starttls"), not is_here),
        )


@dataclass(frozen=True)
class Settings:
    data_dir: Path
    database_url: str
    queue_url: str
    files_url: str
    base_url: str
    secret_key: str
    mail_url: str | None
    timezone: str
    locale: str
    log: str
    trusted_proxies: tuple[Network, ...] = LOOPBACK
    api_rate: int = 1200  # requests of one token in a minute; 0: no limit
    password_memory: int = 65536  # KiB that Argon2 takes for one password; tests take little
    backup_dir: Path | None = None  # None: in the data folder
    pg_bin: Path | None = None  # where pg_dump and pg_restore are; None: looked for

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")

    @property
    def mail(self) -> MailServer | None:
        """The mail server, if there is one."""
        return MailServer.of(self.mail_url) if self.mail_url else None

    @property
    def is_https(self) -> bool:
        return self.base_url.startswith("https://")

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> Settings:
        """Read `MORTISE_…` variables; raises `Invalid` with all problems at once."""
        problems: list[Problem] = []
        data_dir = Path(env.get("MORTISE_DATA_DIR") or "var").absolute()
        database_url = env.get("MORTISE_DATABASE_URL") or f"sqlite:///{data_dir / 'mortise.db'}"
        if database_url.startswith(("postgres://", "postgresql://")):
            database_url = "postgresql+psycopg://" + database_url.split("://", 1)[1]
        if not database_url.startswith(("sqlite:///", "postgresql+psycopg://")):
            problems.append(_wrong("MORTISE_DATABASE_URL", "postgresql+psycopg://user@host/name"))
        queue_url = env.get("MORTISE_QUEUE_URL") or f"sqlite:///{data_dir / 'queue.db'}"
        if not queue_url.startswith(("sqlite:///", "redis://", "rediss://", "unix://")):
            problems.append(_wrong("MORTISE_QUEUE_URL", "redis://127.0.0.1:6379/0"))
        timezone = env.get("MORTISE_TIMEZONE") or "Asia/Shanghai"
        try:
            zoneinfo.ZoneInfo(timezone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            problems.append(_wrong("MORTISE_TIMEZONE", "Asia/Shanghai"))
        locale = env.get("MORTISE_LOCALE") or "zh"
        if locale not in LANGUAGES:
            problems.append(_wrong("MORTISE_LOCALE", " / ".join(LANGUAGES)))
        log = env.get("MORTISE_LOG") or "text"
        if log not in ("text", "json"):
            problems.append(_wrong("MORTISE_LOG", "text / json"))
        mail_url = env.get("MORTISE_MAIL_URL") or None
        try:
            MailServer.of(mail_url or "smtp://localhost?from=a@b")
        except ValueError:
            example = "smtp://user:password@mail.example.com:587?from=crm@example.com"
            problems.append(_wrong("MORTISE_MAIL_URL", example))
        try:
            trusted = _networks(env.get("MORTISE_TRUSTED_PROXIES"))
        except ValueError:
            problems.append(_wrong("MORTISE_TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8"))
        password_memory = env.get("MORTISE_PASSWORD_MEMORY") or "65536"
        if not password_memory.isdecimal() or not 8 <= int(password_memory) <= 1048576:
            problems.append(_wrong("MORTISE_PASSWORD_MEMORY", "65536"))
        api_rate = env.get("MORTISE_API_RATE") or "1200"
        if not api_rate.isdecimal() or int(api_rate) > 1_000_000:
            problems.append(_wrong("MORTISE_API_RATE", "1200"))
        if problems:
            raise Invalid(N_("The settings in the environment need mending."), problems=problems)
        return cls(
            data_dir=data_dir,
            database_url=database_url,
            queue_url=queue_url,
            files_url=env.get("MORTISE_FILES_URL") or str(data_dir / "files"),
            base_url=(env.get("MORTISE_BASE_URL") or "http://127.0.0.1:8000").rstrip("/"),
            secret_key=env.get("MORTISE_SECRET_KEY") or _kept_key(data_dir),
            mail_url=mail_url,
            timezone=timezone,
            locale=locale,
            log=log,
            trusted_proxies=trusted,
            api_rate=int(api_rate),
            password_memory=int(password_memory),
            backup_dir=_folder(env.get("MORTISE_BACKUP_DIR")),
            pg_bin=_folder(env.get("MORTISE_PG_BIN")),
        )


def _folder(text: str | None) -> Path | None:
    return Path(text).absolute() if text else None


def _networks(text: str | None) -> tuple[Network, ...]:
    """Addresses and networks, separated by commas or spaces; raises ValueError."""
    named = tuple(ipaddress.ip_network(part) for part in (text or "").replace(",", " ").split())
    return named or LOOPBACK


def _is_yes(text: str | None, otherwise: bool) -> bool:
    known = {None: otherwise, "yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
    if text not in known:
        raise ValueError(text)
    return known[text]


def _wrong(name: str, example: str) -> Problem:
    return Problem(name, N_("This value is not understood; an example of a good one: {example}", example=example))


def _kept_key(data_dir: Path) -> str:
    """The secret key in the data folder, made on the first start (two starts at once agree on one)."""
    data_dir.mkdir(parents=True, exist_ok=True)
    path = data_dir / "secret.key"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        key = path.read_text().strip()
        if key:
            return key
        raise Invalid(N_("The file {path} is empty; remove it or put the secret key back.", path=str(path))) from None
    key = secrets.token_urlsafe(48)
    with os.fdopen(handle, "w") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    return key
