"""Who a login is: the one place that takes a password, so that no page can forget to ask for the code."""

from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from campaigns_project.accounts.models import User
from campaigns_project.accounts.second_factors import passes


class PasswordAndCode(ModelBackend):
    """As Django's; but of an account with a second factor the password is right only with a code.

    So a wrong code is a failed login like any other: counted into the lock-out, and answered in the same words as a
    wrong password, which it therefore does not tell to be right.
    """

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        token: str = "",
        **more: Any,
    ) -> User | None:
        user = super().authenticate(request, username=username, password=password, **more)
        return user if isinstance(user, User) and passes(user=user, code=token) else None

    def get_user(self, user_id: Any) -> User | None:
        """As Django's; and, in the same question, whether it is a program, which every page of the admin asks."""
        user = User.objects.select_related("service_account").filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None

    async def aauthenticate(self, *args: Any, **credentials: Any) -> User | None:
        """By way of ours: Django's own would not ask for the code."""
        return await sync_to_async(self.authenticate)(*args, **credentials)
