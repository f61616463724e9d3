from typing import Any, ClassVar, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone


class UserManager(BaseUserManager["User"]):
    """Makes users; an address is kept in lower case, so that it logs in however it is typed."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A person; without a password nobody can log in as it."""
        if not email:
            raise ValueError("A user needs an e-mail address.")
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A system administrator: sees every organization."""
        return self.create_user(email, password, **{"is_staff": True, "is_superuser": True, **fields})

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class UserQuerySet(models.QuerySet["User"]):
    def people(self) -> Self:
        """Without the users behind service accounts."""
        return self.filter(service_account=None)


class User(AbstractBaseUser, PermissionsMixin):
    """Somebody, or the holder of API keys, who logs in by e-mail. What one may do is told by memberships.

    Points at nothing of ours: any foreign key here would break the packages that point at it.
    """

    email = models.EmailField("e-mail", max_length=254, unique=True)
    name = models.CharField(max_length=150, blank=True)
    is_staff = models.BooleanField("may use the admin", default=True)
    is_superuser = models.BooleanField(
        "system administrator", default=False, help_text="Sees all organizations, and runs the installation."
    )
    is_active = models.BooleanField(
        "active", default=True, help_text="Switch off instead of deleting: the history keeps the name."
    )
    date_joined = models.DateTimeField(default=timezone.now, editable=False)
    first_steps_closed_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Since then the first steps are not on their first page."
    )

    objects = UserManager.from_queryset(UserQuerySet)()

    EMAIL_FIELD = "email"
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        db_table = "users"
        ordering = ["email"]
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_unique_any_case")]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.name.split(" ")[0] if self.name else self.email
