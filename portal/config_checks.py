"""What settings may say: each mistake is an error that names the setting and what to write."""

from urllib.parse import urlsplit

from portal.config import DEFAULT_SECRET, SETTINGS, ConfigurationError, Settings


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
    "status_url": ("", "http", "https"),
    "database_url": ("sqlite", "postgresql", "postgresql+psycopg"),
    "queue_url": ("", "redis", "rediss", "postgresql"),
    "limits_url": ("memory", "redis", "rediss"),
    "mail_url": ("smtp", "smtps"),
    "mail_listen": ("", "lmtp", "smtp"),
    "imap_url": ("", "imap", "imaps"),
    "brand_url": ("", "http", "https"),
    "stripe_api_base": ("", "http", "https"),
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
        least = 0 if setting.name == "proxies" or setting.name.startswith("forum_") else 1
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
    from ipaddress import ip_network

    for network in settings.probes_inside:
        try:
            ip_network(network, strict=False)
        except ValueError:
            raise ConfigurationError(f"probes_inside: write networks such as 10.0.0.0/8, not {network!r}") from None
    _check_provider(settings)
    if "@" not in settings.mail_from:
        raise ConfigurationError(f"mail_from: write an e-mail address, not {settings.mail_from!r}")


def _check_provider(settings: Settings) -> None:
    """Events that nobody signs could say that anything is paid. Values are secret, so they aren't repeated."""
    if settings.stripe_secret_key and not settings.stripe_secret_key.startswith(("sk_", "rk_")):
        raise ConfigurationError("stripe_secret_key: write the secret key, which begins with sk_ or rk_")
    if settings.stripe_secret_key and not settings.stripe_webhook_secret.strip():
        raise ConfigurationError("stripe_webhook_secret: the provider's key needs the secret of its events beside it")
    if settings.stripe_timeout > 10:
        raise ConfigurationError(f"stripe_timeout: write 10 seconds or less, not {settings.stripe_timeout}")
    if not all(days.isdigit() and 1 <= int(days) <= 60 for days in settings.stripe_retry_days):
        raise ConfigurationError("stripe_retry_days: write days from 1 to 60, as 1|3|7")
    if [*settings.dunning_days] != sorted({day for day in settings.dunning_days if day.isdecimal()}, key=int):
        raise ConfigurationError("dunning_days: write rising days, as 3|10|21")
    for name in ("partner_days", "licence_days"):
        given = [*getattr(settings, name)]
        if given != sorted({day for day in given if day.isdecimal()}, key=int, reverse=True):
            raise ConfigurationError(f"{name}: write falling days, as 30|7|0")


def _is_colour(text: str) -> bool:
    return len(text) == 7 and text[0] == "#" and all(c in "0123456789abcdefABCDEF" for c in text[1:])
