import hashlib

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django_otp.models import Device, ThrottlingMixin, TimestampMixin
from django_otp.oath import TOTP

from campaigns_project.encryption import EncryptedTextField, keys_for

DIGITS = 6
TOLERANCE = 1  # steps of 30 seconds that a telephone's clock may be off, and a person slow
# Waiting doubles from a second, here to 68 minutes. Without an end, somebody who knows the password and guesses codes
# would keep the account's owner out for years.
MOST_FAILURES_COUNTED = 13


class SecondFactor(TimestampMixin, ThrottlingMixin, Device):
    """What a person's authenticator app makes codes of, asked for at the login once it is confirmed.

    A device of django-otp's whose key is not readable in the database, which that of `otp_totp` would be.
    """

    name = None
    user = models.OneToOneField("accounts.User", on_delete=models.DB_CASCADE, related_name="second_factor")
    key = EncryptedTextField(editable=False)
    confirmed = models.BooleanField(default=False, help_text="A code was entered once; from then on one is asked for.")
    last_step = models.BigIntegerField(default=-1, editable=False)
    # Of the recovery codes that are left; each lets its owner log in once without the app.
    recovery_digests = ArrayField(models.CharField(max_length=64), default=list, editable=False)
    throttling_failure_count: int  # of ThrottlingMixin

    class Meta:
        db_table = "second_factors"
        ordering = ["user"]
        constraints = [models.CheckConstraint(condition=~models.Q(key=""), name="second_factor_has_a_key")]

    def __str__(self) -> str:
        return f"Second factor of {self.user}"

    def verify_token(self, token: str) -> bool:
        """Use up `token`, a code of the app or a recovery code, and True; the caller has locked the row.

        False where it is neither, was used before, or comes too soon after a wrong one. No code at all is no guess.
        """
        if not token or not self.verify_is_allowed()[0]:
            return False
        if not (self._is_of_the_app(token) or self._is_for_recovery(token)):
            self.throttle_increment()
            return False
        self.throttle_reset(commit=False)
        self.set_last_used_timestamp(commit=False)
        self.save()
        return True

    def throttle_increment(self, commit: bool = True) -> None:
        super().throttle_increment(commit=False)
        self.throttling_failure_count = min(self.throttling_failure_count, MOST_FAILURES_COUNTED)
        if commit:
            self.save()

    def get_throttle_factor(self) -> int:
        return 1

    def _is_of_the_app(self, token: str) -> bool:
        digits = token.replace(" ", "")  # as apps show them: 123 456
        if not self.key or len(digits) != DIGITS or not digits.isdecimal():
            return False
        totp = TOTP(bytes.fromhex(self.key), digits=DIGITS)
        if not totp.verify(int(digits), tolerance=TOLERANCE, min_t=self.last_step + 1):
            return False
        self.last_step = totp.t()
        return True

    def _is_for_recovery(self, token: str) -> bool:
        used = set(digests(token)) & set(self.recovery_digests)
        self.recovery_digests = [digest for digest in self.recovery_digests if digest not in used]
        return bool(used)


def digests(code: str) -> list[str]:
    """What stands for `code` in the database, however it is typed: under the key in use, then under former ones."""
    said = "".join(letter for letter in code.lower() if letter.isalnum()).encode()
    return [hashlib.blake2b(said, key=key, digest_size=32).hexdigest() for key in keys_for("recovery codes")]
