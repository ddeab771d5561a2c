import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from portal import serving
from portal.config import SETTINGS, ConfigurationError, kept_secret, load_settings


def test_the_environment_wins_over_the_file_and_the_file_over_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "portal.toml").write_text(
        'mail_from = "file@vendor.example"\nweb_port = 9000\n[brand]\nname = "Vendor"\n'
    )
    settings = load_settings({"PORTAL_INSTANCE": str(tmp_path), "PORTAL_WEB_PORT": "9001"})
    assert (settings.mail_from, settings.web_port, settings.brand_name) == ("file@vendor.example", 9001, "Vendor")


def test_lists_are_separated_by_bars_in_the_environment(tmp_path: Path) -> None:
    settings = load_settings({"PORTAL_INSTANCE": str(tmp_path), "PORTAL_LANGUAGES": "en | de"})
    assert settings.languages == ("en", "de")


def test_production_refuses_the_default_secret(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"^secret_key: .*doctor"):
        load_settings({"PORTAL_INSTANCE": str(tmp_path), "PORTAL_MODE": "production"})


def test_the_demo_makes_a_secret_of_its_own_and_keeps_it(tmp_path: Path) -> None:
    first = load_settings({"PORTAL_INSTANCE": str(tmp_path)})
    second = load_settings({"PORTAL_INSTANCE": str(tmp_path)})
    assert first.secret_key == second.secret_key != "change-me"
    assert (tmp_path / "secret.key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("PORTAL_WEB_PORT", "eighty", r"^PORTAL_WEB_PORT: web_port takes a whole number"),
        ("PORTAL_WEB_PROT", "80", r"there is no setting 'web_prot'"),
        ("PORTAL_MODE", "prod", r"^mode: write demo or production"),
        ("PORTAL_DEFAULT_ZONE", "Mars/Olympus", r"^default_zone: .*IANA"),
        ("PORTAL_DEFAULT_ZONE", "../../etc/passwd", r"^default_zone"),
        ("PORTAL_LANGUAGES", "en|xx-klingon", r"^languages: 'xx-klingon'"),
        ("PORTAL_BRAND_ACCENT", "red", r"^brand_accent: .*#rrggbb"),
        ("PORTAL_BASE_URL", "help.example.com", r"^base_url: "),
        ("PORTAL_BASE_URL", "https://example.com/help", r"^base_url: .*without a path"),
        ("PORTAL_WEB_WORKERS", "2", r"^limits_url: .*Redis"),
        ("PORTAL_WEB_THREADS", "0", r"^web_threads: write 1 or more, not 0"),
        ("PORTAL_WEB_PORT", "80000", r"^web_port: .*65535"),
        ("PORTAL_UPLOAD_MAX_BYTES", "-1", r"^upload_max_bytes: write 1 or more"),
        ("PORTAL_LOG_LEVEL", "LOUD", r"^log_level: write DEBUG, INFO, WARNING or ERROR"),
        ("PORTAL_LOG_FORMAT", "xml", r"^log_format: write text or json"),
        ("PORTAL_LIMIT_SIGN_IN", "often", r"^limit_sign_in: write '10 per hour'"),
        ("PORTAL_DATABASE_URL", "mysql://u:hidden@db/foyer", r"^database_url: (?!.*hidden).*postgresql://"),
        ("PORTAL_QUEUE_URL", "amqp://mq", r"^queue_url: .*redis://"),
        ("PORTAL_LIMITS_URL", "memcached://here", r"^limits_url: .*redis://"),
        ("PORTAL_MAIL_URL", "mail.example.com:25", r"^mail_url: .*smtp://"),
        ("PORTAL_MAIL_FROM", "support", r"^mail_from: .*e-mail address"),
        ("PORTAL_BRAND_URL", "javascript:alert(1)", r"^brand_url: .*https://"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, variable: str, value: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        load_settings({"PORTAL_INSTANCE": str(tmp_path), variable: value})


def test_a_broken_file_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "portal.toml").write_text("web_port = \n")
    with pytest.raises(ConfigurationError, match=r"portal.toml: .*line 1"):
        load_settings({"PORTAL_INSTANCE": str(tmp_path)})


@pytest.mark.parametrize("mode", ["demo", "production"])
def test_the_instance_folder_is_its_owners_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    folder = tmp_path / "instance"
    config = load_settings({"PORTAL_INSTANCE": str(folder), "PORTAL_MODE": mode, "PORTAL_SECRET_KEY": "s" * 32})
    monkeypatch.setattr("portal.serving.subprocess.run", lambda *_args, **_options: CompletedProcess((), 0))
    serving.prepare(config)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("written", ["web_threads = true", "web_threads = 2.5"])
def test_a_number_in_the_file_is_a_whole_number(tmp_path: Path, written: str) -> None:
    (tmp_path / "portal.toml").write_text(f"{written}\n")
    with pytest.raises(ConfigurationError, match=r"^portal.toml: web_threads takes a whole number"):
        load_settings({"PORTAL_INSTANCE": str(tmp_path)})


def test_all_who_start_together_share_one_whole_secret(tmp_path: Path) -> None:
    for attempt in range(20):
        path = tmp_path / f"{attempt}.key"
        with ThreadPoolExecutor(8) as starters:
            found = set(starters.map(kept_secret, [path] * 8))
        assert len(found) == 1 and len(found.pop()) > 40
    assert {file.suffix for file in tmp_path.iterdir()} == {".key"}


def test_the_folder_of_a_kept_secret_is_its_owners_alone(tmp_path: Path) -> None:
    folder = load_settings({"PORTAL_INSTANCE": str(tmp_path / "instance")}).instance
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_every_setting_has_a_purpose() -> None:
    assert all(setting.purpose.endswith((".", "`")) for setting in SETTINGS)
