"""The form of the login page."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib.auth import authenticate
from django.http import HttpRequest
from unfold.forms import AuthenticationForm
from unfold.widgets import UnfoldAdminTextInputWidget


@dataclass(frozen=True)
class FilledIn:
    """A login that the page shows to whoever opens it."""

    email: str
    password: str


_fills: list[Callable[[HttpRequest], FilledIn | None]] = []


def fill_in(by: Callable[[HttpRequest], FilledIn | None]) -> None:
    """Ask `by` what the empty login page is filled in with; for apps above this one. None: nothing, as usual."""
    if by not in _fills:
        _fills.append(by)


class LoginForm(AuthenticationForm):
    """Password and code in one step: asked for after the password, the code would tell that the password was right."""

    token = forms.CharField(
        label="Code",
        required=False,
        max_length=40,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "one-time-code", "autocapitalize": "none"}),
        help_text="From your authenticator app, or a recovery code. Empty if you have set up no second factor.",
    )
    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": (
            "This is not the right e-mail address, password and code of somebody who may use the admin. "
            "After a wrong code wait a little, and take the next one: each is taken once."
        ),
    }

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        login = None if self.is_bound else self._login_to_show()
        self.is_filled_in = login is not None
        if login is not None:
            self.initial |= {"username": login.email, "password": login.password}
            self.fields["password"].widget.render_value = True

    def _login_to_show(self) -> FilledIn | None:
        if self.request is None:
            return None
        return next((login for by in _fills if (login := by(self.request)) is not None), None)

    def clean(self) -> dict[str, Any]:
        """As Django's, with the code; an account that has none takes whatever is typed there."""
        username, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if username is not None and password:
            token = self.cleaned_data.get("token", "")
            self.user_cache = authenticate(self.request, username=username, password=password, token=token)
            if self.user_cache is None:
                raise self.get_invalid_login_error()
            self.confirm_login_allowed(self.user_cache)
        return self.cleaned_data
