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
    Setting("seller_name", "", "Who sells, as invoices say it: the company's full name."),
    Setting("seller_street", "", "Street and number of the seller."),
    Setting("seller_postcode", "", "Postcode of the seller."),
    Setting("seller_city", "", "City of the seller."),
    Setting("seller_country", "", "Country of the seller (ISO 3166-1, two letters): its tax is charged at home."),
    Setting("seller_vat_number", "", "VAT number of the seller."),
    Setting("seller_register", "", "Line about the company's register and its directors, at the foot of invoices."),
    Setting("seller_email", "", "Where questions about invoices go."),
    Setting("seller_phone", "", "Phone number for questions about invoices. Empty: none."),
    Setting("seller_iban", "", "The account that transfers go to. Empty: no transfers."),
    Setting("seller_bic", "", "The BIC of that account's bank."),
    Setting("stripe_secret_key", "", "Key of the payment provider (Stripe), `sk_…` or `rk_…`. Empty: transfers only."),
    Setting("stripe_webhook_secret", "", "Secret of its events, `whsec_…`. Needed with the key: else no start."),
    Setting("stripe_api_base", "", "Another address of the provider, for tests. Empty: its own."),
    Setting("stripe_timeout", 8, "Seconds that the provider may take to answer, 10 at most."),
    Setting("stripe_retry_days", ("1", "3", "7"), "Days after which a refused payment is tried again; separated by |."),
    Setting("bank_file_max_bytes", 10_000_000, "The largest bank statement (camt.053) that is taken in."),
    Setting(
        "dunning_days", ("3", "10", "21"), "Days past due after which reminders go out; separated by |. Empty: none."
    ),
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
    Setting("status_folder", "", "Where the status page's static copy lies. Empty: `status` in the instance folder."),
    Setting("status_url", "", "The address of the static copy's web server. Empty: `base_url`."),
    Setting("webhooks_inside", False, "Webhooks may call plain http and addresses inside the network."),
    Setting("probes_inside", (), "Networks inside that probes may reach (`10.0.0.0/8`); separated by |."),
    Setting("probes_kept_days", 14, "What probes found is forgotten after so long."),
    Setting("limit_heartbeats", "120 per minute", "Heartbeats from one address."),
    Setting("limit_alerts", "120 per minute", "Messages of Alertmanager from one address."),
    Setting("status_sending", True, "`false`: subscribers of the status page are told nothing; what waits stays."),
    Setting("status_mails_minute", 1500, "Mails to subscribers of the status page in a minute."),
    Setting("status_remind_hours", 24, "How long before a planned maintenance its subscribers are reminded."),
    Setting("status_verify_minutes", 10, "How long a maintenance is checked after its end before it is over."),
    Setting("status_bounces", 3, "After so many mails in a row that came back, a subscriber is told no more."),
    Setting("limit_subscribe", "10 per hour", "Subscriptions to the status page asked for from one address."),
    Setting("review_required", False, "Articles are published only after somebody other than their authors approved."),
    Setting("limit_sign_in", "10 per minute; 60 per hour", "Sign-in attempts from one address."),
    Setting("limit_register", "10 per hour", "Registrations from one address."),
    Setting("limit_recovery", "10 per hour", "Recovery and confirmation mails asked for from one address."),
    Setting("limit_paying", "30 per hour", "Times one person asks for the payment page."),
    Setting("limit_invite", "20 per hour", "Invitations sent by one person, or tried to be used from one address."),
    Setting("consent_asked_days", 14, "How long a customer can answer whether a reseller may act for them."),
    Setting("consent_asks", 3, "So often in a day a reseller may ask the same customer."),
    Setting("consent_again_days", 30, "A customer who refused may be asked again by that reseller after so long."),
    Setting(
        "partner_days", ("30", "7", "0"), "Days before the end of a partnership on which a mail tells of it; by |."
    ),
    Setting("join_again_days", 30, "Whoever was turned away may ask to join an organisation again after so long."),
    Setting("licence_days", ("30", "7"), "Days before the end of a licence on which a mail tells its holder; by |."),
    Setting("order_cancel_days", 14, "For so many days a reseller may cancel an order that was delivered."),
    Setting("limit_claim", "10 per hour", "Licence keys tried by one person."),
    Setting("limit_pin", "60 per hour", "PINs made by one person, and looked up by one of the staff."),
    Setting("limit_filing", "20 per hour", "Tickets filed by one person, and times they share one."),
    Setting("limit_api", "600 per minute", "Requests of one person's programs."),
    Setting("limit_search", "120 per minute", "Searches from one address."),
    Setting("searches_kept_days", 365, "What was searched and opened is forgotten after so long."),
    Setting("stale_after_days", 365, "An article that nobody has changed for so long is to be read again."),
    Setting("limit_following", "20 per hour", "Presses of “Tell me when this changes” from one address."),
    Setting("limit_community_follows", "120 per hour", "Times one person follows something in the community or stops."),
    Setting("forum_mentions", 5, "People whom one post can mention."),
    Setting("forum_first_posts", 1, "Posts of a newcomer that wait for a moderator; 0 for none."),
    Setting("forum_trusted_posts", 5, "Whoever has so many posts shown is a newcomer no more."),
    Setting("forum_new_links", 2, "Links in one post of a newcomer."),
    Setting("forum_new_pictures", 2, "Pictures in one post of a newcomer."),
    Setting("forum_draft_days", 60, "Unposted texts and pictures are forgotten after so many days."),
    Setting("forum_new_mentions", 2, "People whom one post of a newcomer can mention."),
    Setting("forum_new_hourly", 5, "Posts of a newcomer in an hour."),
    Setting("forum_flags_hold", 3, "Flags by others than newcomers that hold a post for a moderator; 0 for never."),
    Setting("forum_blocked", (), "Words and addresses that hold a post for a moderator; separated by |."),
    Setting("forum_form_seconds", 3, "A newcomer's form that is sent sooner than this waits for a moderator."),
    Setting("forum_digest_hour", 7, "The hour of digests of the community, by the clock of who gets them."),
    Setting("limit_votes", "30 per hour", "Answers to “Was this helpful?” from one address."),
    Setting("limit_webhooks", "30 per hour", "Tests and repetitions of webhooks asked for by one person."),
    Setting("limit_wishes", "10 per hour", "Presses of “Tell me when this is answered” from one address."),
    Setting("limit_community", "30 per hour", "Posts of one person in the community."),
    Setting("limit_community_previews", "30 per minute", "Previews and lists of similar topics for one person."),
    Setting("limit_chat", "60 per minute", "What one person says in chats."),
    Setting("chats_kept_days", 365, "Chats that ended so long ago are removed; 0 keeps them. Tickets keep their talk."),
    Setting("mail_kept_days", 365, "Mail that came in is kept as it came for so long; 0 for ever."),
    Setting("chat_idle_minutes", 20, "A chat in which nobody has said anything for so long ends."),
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
    from portal.config_checks import check_settings  # it raises what stands here

    check_settings(settings)
    return settings


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
