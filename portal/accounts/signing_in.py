"""Registration, sign-in, recovery and changes of password and address: Flask-Security, set up for us."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from flask import (
    Flask,
    Response,
    abort,
    after_this_request,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_security import Security, SQLAlchemyUserDatastore, hash_password, password_changed, password_reset
from sqlalchemy.exc import IntegrityError
from wtforms.form import BaseForm

from portal.accounts import confirming, forms, letters
from portal.accounts.passwords import SHORTEST, GuardedHashing, Passwords
from portal.accounts.people import Role, User
from portal.accounts.sessions import init_sessions
from portal.accounts.texts import MESSAGES, Texts
from portal.audit import note_account
from portal.config import Settings
from portal.db import db, utcnow
from portal.web import limiter, safe_next, settings


def render(template: str, **context: Any) -> str:
    """Flask-Security's pages; a form that was refused answers 422, as everywhere else."""
    if request.method == "POST" and any(isinstance(form, BaseForm) and form.errors for form in context.values()):
        after_this_request(refuse)
    return render_template(template, **context)


def refuse(response: Response) -> Response:
    response.status_code = 422
    return response


security = Security(mail_util_cls=letters.AccountMail, password_util_cls=Passwords, render_template=render)

FORMS: dict[str, Any] = {
    "login_form": forms.SignInForm,
    "register_form": forms.RegistrationForm,
    "forgot_password_form": forms.RecoveryForm,
    "reset_password_form": forms.NewPasswordForm,
    "send_confirmation_form": forms.FreshConfirmationForm,
    "change_password_form": forms.PasswordChangeForm,
    "change_email_form": forms.AddressChangeForm,
    "verify_form": forms.PasswordAgainForm,
}
# Which setting limits which page: once by address it comes from, once by the account it names or belongs to.
LIMITS: dict[str, Callable[[], str]] = {
    "login": lambda: settings().limit_sign_in,
    "verify": lambda: settings().limit_sign_in,
    "change_password": lambda: settings().limit_sign_in,
    "register": lambda: settings().limit_register,
    "forgot_password": lambda: settings().limit_recovery,
    "send_confirmation": lambda: settings().limit_recovery,
    "change_email": lambda: settings().limit_recovery,
    "reset_password": lambda: settings().limit_recovery,
}


def init_signing_in(app: Flask, config: Settings) -> None:
    app.config.from_mapping(security_settings(config))
    datastore = SQLAlchemyUserDatastore(db, User, Role)
    security.init_app(app, datastore, **FORMS)
    security.pwd_context = GuardedHashing(security.pwd_context)
    security.i18n_domain = Texts(app)  # type: ignore[no-untyped-call]
    security.want_json(lambda _request: False)
    app.security = security  # type: ignore[attr-defined]
    app.extensions["hash_password"] = hash_password
    app.before_request(refuse_detours)
    init_sessions(app, security)
    confirming.init_confirming(app)
    password_reset.connect(confirm_by_recovery, app)
    password_reset.connect(note_password, app)
    password_changed.connect(note_password, app)
    views = app.view_functions
    for name in [name for name in views if name.startswith("security.")]:
        views[name] = limited(name.removeprefix("security."), saved(views[name]))


def security_settings(config: Settings) -> dict[str, Any]:
    """Flask-Security's settings. Argon2id at OWASP's minimum: 19 MiB, two passes, one lane."""
    return {f"SECURITY_{name}": value for name, value in {**_features(), **_rules(config), **_addresses()}.items()} | {
        f"SECURITY_MSG_{name}": message for name, message in MESSAGES.items()
    }


def _features() -> dict[str, Any]:
    return {
        "REGISTERABLE": True,
        "CONFIRMABLE": True,
        "RECOVERABLE": True,
        "CHANGEABLE": True,
        "CHANGE_EMAIL": True,
        "TRACKABLE": True,
        "USE_REGISTER_V2": True,
        "PASSWORD_CONFIRM_REQUIRED": False,  # the field can be made readable instead
        "RETURN_GENERIC_RESPONSES": True,
        "AUTO_LOGIN_AFTER_CONFIRM": False,
        "API_ENABLED_METHODS": ["session"],
        "CACHE_CONTROL": None,  # it writes `private=True`; ours is set below
        "STATIC_FOLDER": None,
        "CLI_USERS_NAME": None,
        "CLI_ROLES_NAME": None,
        "EMAIL_PLAINTEXT": False,  # `letters` renders, in the recipient's language
        "EMAIL_HTML": False,
    }


def _rules(config: Settings) -> dict[str, Any]:
    testing = bool(config.get("testing"))
    return {
        "PASSWORD_SALT": config.secret_key,  # unused with single hashing, but asked for
        "PASSWORD_HASH": "plaintext" if testing else "argon2",
        "PASSWORD_SCHEMES": ["argon2", "plaintext"] if testing else ["argon2"],
        "PASSWORD_SINGLE_HASH": ["argon2", "plaintext"],
        "PASSWORD_HASH_PASSLIB_OPTIONS": {
            "argon2__memory_cost": 19456,
            "argon2__time_cost": 2,
            "argon2__parallelism": 1,
        },
        "PASSWORD_LENGTH_MIN": SHORTEST,
        "PASSWORD_NORMALIZE_FORM": "NFKC",
        "HASHING_SCHEMES": ["hex_sha256"],  # inside signed tokens, of values that can't be guessed
        "DEPRECATED_HASHING_SCHEMES": [],
        "EMAIL_SENDER": config.mail_from,
        "CONFIRM_EMAIL_WITHIN": letters.CONFIRM_WITHIN,
        "RESET_PASSWORD_WITHIN": letters.RECOVER_WITHIN,
        "CHANGE_EMAIL_WITHIN": letters.CHANGE_WITHIN,
        "FRESHNESS": timedelta(minutes=15),
        "FRESHNESS_GRACE_PERIOD": timedelta(minutes=5),
        "DATETIME_FACTORY": utcnow,
    }


def _addresses() -> dict[str, Any]:
    return {
        "URL_PREFIX": "/account",
        "LOGIN_URL": "/sign-in",
        "LOGOUT_URL": "/sign-out",
        "REGISTER_URL": "/register",
        "RESET_URL": "/recover",
        "CHANGE_URL": "/password",
        "CHANGE_EMAIL_URL": "/email",
        "CONFIRM_URL": "/confirm",
        "VERIFY_URL": "/password-again",
        "LOGOUT_METHODS": ["POST"],
        "POST_LOGOUT_VIEW": "/",
        "POST_REGISTER_VIEW": "/account/sign-in",
        "POST_CHANGE_VIEW": "/account/",
        "POST_CHANGE_EMAIL_VIEW": "/account/",
        "REDIRECT_BEHAVIOR": None,
    }


def refuse_detours() -> ResponseReturnValue | None:
    """A `next` that leaves the portal, two addresses in one form and JSON have no place on these pages."""
    if request.blueprint != "security":
        return None
    if request.is_json:
        abort(415)
    targets = request.args.getlist("next") + request.form.getlist("next")
    if any(target and not safe_next(target) for target in targets):
        return redirect(request.path) if request.method in ("GET", "HEAD") else abort(400)
    if len(request.form.getlist("email")) > 1:
        abort(400)
    return None


def saved(view: Callable[..., Any]) -> Callable[..., Any]:
    """Flask-Security leaves some commits to the application. Of two registrations at once the database takes one,
    and the other gets the same answer."""

    @wraps(view)
    def save(*args: Any, **kwargs: Any) -> Any:
        try:
            answer = make_response(view(*args, **kwargs))
            db.session.commit()
        except IntegrityError:
            db.session.rollback()
            answer = make_response(redirect(url_for("security.login")))
        answer.headers["Cache-Control"] = "no-store"
        return answer

    return save


def limited(name: str, view: Callable[..., Any]) -> Callable[..., Any]:
    if name not in LIMITS:
        return view
    by_account = limiter.limit(LIMITS[name], key_func=account_key, methods=["POST"])
    by_address = limiter.limit(LIMITS[name], methods=["POST"])
    return by_address(by_account(view))


def account_key() -> str:
    """The account a request is about, known or not: a thousand addresses may not guess at one account together."""
    if current_user.is_authenticated:
        return f"person:{current_user.id}"
    try:  # as it is looked for: a domain can be spelt in many ways
        return f"account:{security.mail_util.normalize(request.form.get('email', '').strip()[:254])}"
    except ValueError:
        return f"nobody:{request.remote_addr}"


def note_password(_app: Flask, *, user: User, **_: Any) -> None:
    note_account("account.password", user, by=user, now=utcnow())


def confirm_by_recovery(_app: Flask, *, user: User, **_: Any) -> None:
    """Whoever sets a password through a mail has shown that the address is theirs."""
    if user.confirmed_at is None:
        user.confirmed_at = utcnow()
