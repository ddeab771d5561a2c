"""Settings: the defaults below, then `instance/portal.toml`, then `PORTAL_*` in the environment.

`docs/configuration.md` describes every one of them, and a test holds that page complete.
"""

import os
import secrets
import tempfile
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

DEFAULT_SECRET = "change-me"
# By their own names, which libraries would load every language's data for, 1 MB each.
SHIPPED_LANGUAGES = {
    "en": "English",
    "de": "Deutsch",
    "nl": "Nederlands",
    "da": "Dansk",
    "ru": "Русский",
    "zh": "中文",
}


class ConfigurationError(Exception):
    """A setting that can't be used; the text names the setting and says what to write instead."""


@dataclass(frozen=True)
class Setting:
    """One setting: its name (`PORTAL_` + upper case in the environment), its default, and what it is for."""

    name: str
    default: str | int | bool | tuple[str, ...]
    purpose: str

    @property
    def variable(self) -> str:
        return f"PORTAL_{self.name.upper()}"


SETTINGS = (
    Setting("mode", "demo", "`demo` loads the demo and shows outgoing mail on a page; `production` does neither."),
    Setting("secret_key", DEFAULT_SECRET, "Signs sessions and links. Production refuses to start on the default."),
    Setting("credentials_key", "", "Encrypts remote-access credentials. Empty: a key file in the instance folder."),
    Setting("base_url", "http://127.0.0.1:8000", "The address customers use; every link in a mail starts with it."),
    Setting("database_url", "", "`postgresql://…` or `sqlite:///…`. Empty: `portal.db` in the instance folder."),
    Setting("queue_url", "", "`redis://…` or `postgresql://…`. Empty: a SQLite file in the instance folder."),
    Setting(
        "limits_url",
        "memory://",
        "Where rate limits are counted: `memory://` (one web process) or `redis://…`.",
    ),
    Setting("search_engine", "whoosh", "`whoosh`: files in the instance folder; `postgresql`: in the database."),
    Setting("mail_url", "file", "`file` writes `mail/*.eml` in the instance folder; else `smtp://` or `smtps://`."),
    Setting("mail_from", "support@localhost", "The sender of every mail."),
    Setting("mail_listen", "", "Where mail is taken in: `lmtp://127.0.0.1:8024` or `smtp://…`. Empty: nowhere."),
    Setting("imap_url", "", "A mailbox to fetch mail from: `imaps://user:password@host/INBOX`. Empty: none."),
    Setting("mail_trusted_hosts", (), "Hosts whose Authentication-Results are believed; separated by |."),
    Setting("policy", "demo", "The support policy: a shipped name, or the path of a policy file."),
    Setting("brand_name", "Foyer", "The vendor's name, as customers know it."),
    Setting("brand_logo", "", "Path of an SVG or PNG in the instance folder. Empty: the product's own mark."),
    Setting("brand_accent", "#2f6f5e", "The accent colour, as #rrggbb."),
    Setting("brand_url", "", "The vendor's web site, linked from the footer."),
    Setting("brand_contact", (), "Lines of contact details in the footer; in the environment separated by |."),
    Setting("default_locale", "en", "The language for readers who have chosen none and whose browser names none."),
    Setting("default_zone", "Europe/Amsterdam", "The time zone (IANA) for readers who have chosen none."),
    Setting("languages", tuple(SHIPPED_LANGUAGES), "The languages offered; in the environment separated by |."),
    Setting("web_host", "127.0.0.1", "The address the web server listens on."),
    Setting("web_port", 8000, "The port the web server listens on."),
    Setting("web_workers", 1, "Web processes. More than one needs `limits_url` on Redis."),
    Setting("web_threads", 4, "Threads of each web process."),
    Setting("worker_threads", 2, "Jobs the worker runs at a time."),
    Setting("proxies", 0, "Reverse proxies in front, whose X-Forwarded-* headers are believed."),
    Setting("upload_max_bytes", 25_000_000, "The largest attachment."),
    Setting("upload_total_bytes", 100_000_000, "The largest sum of the attachments of one message."),
    Setting("document_max_bytes", 100_000_000, "The largest manual or download that editors upload."),
    Setting("review_required", False, "Articles are published only after somebody other than their authors approved."),
    Setting("limit_sign_in", "10 per minute; 60 per hour", "Sign-in attempts from one address."),
    Setting("limit_register", "10 per hour", "Registrations from one address."),
    Setting("limit_recovery", "10 per hour", "Recovery and confirmation mails asked for from one address."),
    Setting("limit_invite", "20 per hour", "Invitations sent by one person, or tried to be used from one address."),
    Setting("limit_claim", "10 per hour", "Licence keys tried by one person."),
    Setting("limit_pin", "60 per hour", "PINs made by one person, and looked up by one of the staff."),
    Setting("limit_filing", "20 per hour", "Tickets filed by one person."),
    Setting("limit_search", "120 per minute", "Searches from one address."),
    Setting("searches_kept_days", 365, "What was searched and opened is forgotten after so long."),
    Setting("stale_after_days", 365, "An article that nobody has changed for so long is to be read again."),
    Setting("limit_wishes", "10 per hour", "Presses of “Tell me when this is answered” from one address."),
    Setting("session_idle_minutes", 720, "A session ends after this long without a request."),
    Setting("session_max_hours", 336, "A session ends this long after sign-in, whatever happens."),
    Setting("log_level", "INFO", "DEBUG, INFO, WARNING or ERROR."),
    Setting("log_format", "text", "`text` for people, `json` for machines."),
)
# In demo mode, what nobody has set comes from the demo's vendor.
DEMO = {
    "brand_name": "Larkspur Instruments",
    "brand_contact": ("Larkspur Instruments", "Keizerskade 12", "1011 AB Amsterdam"),
    "mail_from": "support@larkspur.example",
}
BY_NAME = {setting.name: setting for setting in SETTINGS}


class Settings(dict[str, Any]):
    """The settings in force, by name, with the instance folder they were read from."""

    instance: Path

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def is_demo(self) -> bool:
        return bool(self["mode"] == "demo")

    @property
    def host(self) -> str:
        """The host (with port) customers use, from `base_url`: what links and Message-IDs carry."""
        return urlsplit(self["base_url"]).netloc

    @property
    def is_secure(self) -> bool:
        return urlsplit(self["base_url"]).scheme == "https"


def instance_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """`PORTAL_INSTANCE`, else the `instance` folder of the checkout, else (from a wheel) of the working folder."""
    if named := environ.get("PORTAL_INSTANCE"):
        return Path(named).expanduser().resolve()
    checkout = Path(__file__).resolve().parent.parent
    return (checkout if (checkout / "pyproject.toml").exists() else Path.cwd()) / "instance"


def load_settings(environ: Mapping[str, str] = os.environ, **overrides: Any) -> Settings:
    """Read and check the settings. Raises `ConfigurationError` with the setting's name and what to write."""
    settings = Settings({setting.name: setting.default for setting in SETTINGS})
    settings.instance = Path(overrides.pop("instance", None) or instance_folder(environ))
    chosen = _from_file(settings.instance / "portal.toml") | _from_environment(environ) | overrides
    settings.update(DEMO if chosen.get("mode", settings.mode) == "demo" else {})
    settings.update(chosen)
    settings["database_url"] = settings.database_url or f"sqlite:///{settings.instance / 'portal.db'}"
    if settings.secret_key == DEFAULT_SECRET and settings.is_demo:
        settings["secret_key"] = kept_secret(settings.instance / "secret.key")
    check_settings(settings)
    return settings


def check_settings(settings: Settings) -> None:
    """Raise `ConfigurationError` on the first setting that can't be used."""
    from zoneinfo import ZoneInfo

    from babel import Locale, UnknownLocaleError

    _check_choices(settings)
    _check_numbers(settings)
    _check_addresses(settings)
    if settings.secret_key == DEFAULT_SECRET or len(settings.secret_key) < 16:
        raise ConfigurationError(
            "secret_key: production needs a secret of its own, of 16 characters or more; "
            "`python -m portal doctor` prints a fresh one"
        )
    if settings.search_engine not in ("whoosh", "postgresql"):
        raise ConfigurationError(f"search_engine: write whoosh or postgresql, not {settings.search_engine!r}")
    if settings.search_engine == "postgresql" and not settings.database_url.startswith("postgres"):
        raise ConfigurationError("search_engine: postgresql needs a database_url of PostgreSQL")
    try:
        ZoneInfo(settings.default_zone)
    except (KeyError, ValueError, OSError):
        raise ConfigurationError(f"default_zone: {settings.default_zone!r} is no IANA time zone") from None
    for language in (settings.default_locale, *settings.languages):
        try:
            Locale.parse(language, sep="-" if "-" in language else "_")
        except (UnknownLocaleError, ValueError):
            raise ConfigurationError(f"languages: {language!r} is no language that dates can be written in") from None
    if not _is_colour(settings.brand_accent):
        raise ConfigurationError(f"brand_accent: write a colour as #rrggbb, not {settings.brand_accent!r}")
    if settings.web_workers > 1 and settings.limits_url.startswith("memory"):
        raise ConfigurationError("limits_url: more than one web process needs limits counted in Redis (redis://…)")


CHOICES = {
    "mode": ("demo", "production"),
    "log_level": ("DEBUG", "INFO", "WARNING", "ERROR"),
    "log_format": ("text", "json"),
}
SCHEMES = {
    "base_url": ("http", "https"),
    "database_url": ("sqlite", "postgresql", "postgresql+psycopg"),
    "queue_url": ("", "redis", "rediss", "postgresql"),
    "limits_url": ("memory", "redis", "rediss"),
    "mail_url": ("smtp", "smtps"),
    "mail_listen": ("", "lmtp", "smtp"),
    "imap_url": ("", "imap", "imaps"),
    "brand_url": ("", "http", "https"),
}


def _check_choices(settings: Settings) -> None:
    for name, choices in CHOICES.items():
        if settings[name] not in choices:
            said = f"{', '.join(choices[:-1])} or {choices[-1]}"
            raise ConfigurationError(f"{name}: write {said}, not {settings[name]!r}")


def _check_numbers(settings: Settings) -> None:
    from limits import parse_many

    for setting in SETTINGS:
        value = settings[setting.name]
        least = 0 if setting.name == "proxies" else 1
        if type(setting.default) is int and value < least:
            raise ConfigurationError(f"{setting.name}: write {least} or more, not {value}")
        if setting.name.startswith("limit_"):
            try:
                parse_many(value)
            except ValueError:
                raise ConfigurationError(f"{setting.name}: write '10 per hour' or the like, not {value!r}") from None
    if settings.web_port > 65535:
        raise ConfigurationError(f"web_port: write a port up to 65535, not {settings.web_port}")


def _check_addresses(settings: Settings) -> None:
    """Only the shape; `doctor` looks whether somebody is there. Values may hold passwords, so they aren't repeated."""
    for name, schemes in SCHEMES.items():
        if name == "mail_url" and settings.mail_url == "file":
            continue
        if urlsplit(settings[name]).scheme not in schemes:
            said = " or ".join(f"{scheme}://…" for scheme in schemes if scheme)
            raise ConfigurationError(f"{name}: write a full address, {said}")
    if not settings.host:
        raise ConfigurationError("base_url: write a full address, such as https://help.example.com")
    if urlsplit(settings.base_url).path.strip("/"):
        raise ConfigurationError("base_url: the portal needs a host of its own; write the address without a path")
    if "@" not in settings.mail_from:
        raise ConfigurationError(f"mail_from: write an e-mail address, not {settings.mail_from!r}")


def kept_secret(path: Path) -> str:
    """A random secret that is made once and kept in a file that only its owner can read.

    Written beside, then linked: all who start at the same time find one whole secret, the first one's.
    """
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, draft = tempfile.mkstemp(dir=path.parent)  # its owner's alone from the start
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(32))
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):
                os.link(draft, path)
        finally:
            os.unlink(draft)
    return path.read_text().strip()


def _is_colour(text: str) -> bool:
    return len(text) == 7 and text[0] == "#" and all(c in "0123456789abcdefABCDEF" for c in text[1:])


def _from_file(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigurationError(f"{path.name}: {error}") from None
    flat: dict[str, Any] = {}
    for key, value in tables.items():
        if isinstance(value, dict):  # [brand] name = "…" is brand_name
            flat |= {f"{key}_{inner}": inner_value for inner, inner_value in value.items()}
        else:
            flat[key] = value
    return {name: _typed(name, value, path.name) for name, value in flat.items()}


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    found = {
        name.removeprefix("PORTAL_").lower(): value for name, value in environ.items() if name.startswith("PORTAL_")
    }
    found.pop("instance", None)
    if "DATABASE_URL" in environ:
        found.setdefault("database_url", environ["DATABASE_URL"])
    return {name: _typed(name, value, f"PORTAL_{name.upper()}") for name, value in found.items()}


def _typed(name: str, value: Any, where: str) -> Any:
    """The value in its setting's type: environment variables are text, TOML has types of its own."""
    if name not in BY_NAME:
        raise ConfigurationError(f"{where}: there is no setting {name!r}")
    default = BY_NAME[name].default
    if isinstance(default, tuple):
        parts = value.split("|") if isinstance(value, str) else value
        if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
            raise ConfigurationError(f"{where}: {name} takes a list of texts")
        return tuple(part.strip() for part in parts if part.strip())
    if isinstance(default, bool):
        word = str(value).lower()
        if word not in ("true", "false"):
            raise ConfigurationError(f"{where}: {name} takes true or false, not {value!r}")
        return word == "true"
    if isinstance(default, int):
        try:
            if isinstance(value, bool | float):
                raise TypeError
            return int(value)
        except (TypeError, ValueError):
            raise ConfigurationError(f"{where}: {name} takes a whole number, not {value!r}") from None
    if not isinstance(value, str):
        raise ConfigurationError(f"{where}: {name} takes a text, not {value!r}")
    return value
