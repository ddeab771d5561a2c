"""What Flask-Security says, in our words and the reader's language."""

from typing import Any

from flask_babel import get_domain, get_locale
from flask_security.babel import FsDomain


def N_(text: str) -> str:
    """Mark a text for translation where it stands; it is translated where it's shown."""
    return text


# Flask-Security's messages that a reader can meet, by its names. Nothing here tells whether an account exists.
MESSAGES = {
    "ALREADY_CONFIRMED": (N_("This address is confirmed already. You can sign in."), "info"),
    "ANONYMOUS_USER_REQUIRED": (N_("You are signed in already."), "info"),
    "CHANGE_EMAIL_CONFIRMED": (N_("Your address is changed. Sign in with the new one from now on."), "success"),
    "CHANGE_EMAIL_EXPIRED": (N_("That link has expired. Please ask for the change again."), "error"),
    "CHANGE_EMAIL_SENT": (
        N_("If %(email)s can be used, a link is on its way there. The change is made once you open it."),
        "info",
    ),
    "CONFIRMATION_EXPIRED": (N_("That link has expired. Ask for a fresh one here."), "error"),
    "CONFIRMATION_REQUEST": (
        N_("If %(email)s is waiting to be confirmed, a fresh link is on its way there."),
        "info",
    ),
    "CONFIRMATION_REQUIRED": (N_("Please confirm your address first."), "error"),
    "CONFIRM_REGISTRATION": (
        N_("Nearly there: open the link that we have just sent to %(email)s."),
        "success",
    ),
    "DISABLED_ACCOUNT": (N_("This account is closed. Please write to us if that is a mistake."), "error"),
    "EMAIL_CONFIRMED": (N_("Thank you, your address is confirmed. You can sign in now."), "success"),
    "EMAIL_NOT_PROVIDED": (N_("Enter your e-mail address."), "error"),
    "GENERIC_AUTHN_FAILED": (N_("Address and password don’t belong together. Please try again."), "error"),
    "INVALID_CONFIRMATION_TOKEN": (N_("That link doesn’t work any more. Ask for a fresh one here."), "error"),
    "INVALID_EMAIL_ADDRESS": (N_("Enter an e-mail address such as name@example.com."), "error"),
    "INVALID_PASSWORD": (N_("That is not your password."), "error"),
    "INVALID_REDIRECT": (N_("That address is not part of this portal."), "error"),
    "INVALID_RESET_PASSWORD_TOKEN": (N_("That link doesn’t work any more. Ask for a fresh one here."), "error"),
    "PASSWORD_CHANGE": (N_("Your password is changed. Everywhere else you have been signed out."), "success"),
    "PASSWORD_IS_THE_SAME": (N_("The new password must differ from the old one."), "error"),
    "PASSWORD_NOT_PROVIDED": (N_("Enter a password."), "error"),
    "PASSWORD_RESET_EXPIRED": (N_("That link has expired. Ask for a fresh one here."), "error"),
    "PASSWORD_RESET_NO_LOGIN": (N_("Your new password is set. Sign in with it now."), "success"),
    "PASSWORD_RESET_REQUEST": (
        N_("If %(email)s has an account, a link to set a new password is on its way there."),
        "info",
    ),
    "REAUTHENTICATION_REQUIRED": (N_("Please enter your password once more before you go on."), "info"),
    "REAUTHENTICATION_SUCCESSFUL": (N_("Thank you. You can go on."), "success"),
    "RETYPE_PASSWORD_MISMATCH": (N_("The two passwords differ."), "error"),
    "UNAUTHENTICATED": (N_("Please sign in to go on."), "info"),
    "UNAUTHORIZED": (N_("Your role does not allow that."), "error"),
    "USER_DOES_NOT_EXIST": (N_("Address and password don’t belong together. Please try again."), "error"),
}


class Texts(FsDomain):
    """Our catalogue first, then Flask-Security's own, whose folders name a territory with each language."""

    def gettext(self, string: str, **variables: Any) -> str:
        ours = get_domain().get_translations().ugettext(string)
        if ours != string or str(get_locale() or "en") == "en":
            return ours % variables if variables else ours
        return str(super().gettext(string, **variables))  # type: ignore[no-untyped-call]

    def get_translations(self) -> Any:
        from babel.support import Translations

        locale = get_locale()
        key = (str(locale), self.domain[0])
        if key not in self.cache:
            tried = [str(locale), *TERRITORIES.get(locale.language if locale else "", ())]
            self.cache[key] = Translations.load(self.translation_directories[0], tried, self.domain[0])
        return self.cache[key]


TERRITORIES = {
    "da": ("da_DK",),
    "de": ("de_DE",),
    "es": ("es_ES",),
    "fr": ("fr_FR",),
    "it": ("it_IT",),
    "nl": ("nl_NL",),
    "pl": ("pl_PL",),
    "ru": ("ru_RU",),
    "tr": ("tr_TR",),
    "zh": ("zh_Hans_CN",),
}
