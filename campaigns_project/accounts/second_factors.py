"""A second factor of one's account: set up, asked for, switched off."""

import secrets
from base64 import b32encode

from django.db import transaction

from campaigns_project.accounts.models import SecondFactor, User
from campaigns_project.accounts.models.second_factor import digests
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from campaigns_project.errors import NotFound, StateRefused

KEY_BYTES = 20  # as long as the digest of SHA-1, which the apps compute (RFC 4226)
RECOVERY_CODES = 10
RECOVERY_BYTES = 10  # 80 bits: sixteen letters, four groups of four


@transaction.atomic
def passes(*, user: User, code: str) -> bool:
    """True where the account has no second factor, or `code` is one of it that was not used before. Uses it up."""
    factor = _locked(user, confirmed=True)
    return factor is None or factor.verify_token(code)


@transaction.atomic
def begin(*, user: User) -> SecondFactor:
    """A new key for the person's app, which takes the place of one that was never confirmed.

    Not on record: nothing is asked of anybody before `confirm`. Refused where the account has a second factor.
    """
    User.objects.select_for_update().get(pk=user.pk)  # two windows at once: one after the other
    if SecondFactor.objects.filter(user=user, confirmed=True).exists():
        raise StateRefused(
            "second_factor_set_up_already",
            "This account has a second factor.",
            "Switch it off first to use another app.",
        )
    SecondFactor.objects.filter(user=user).delete()
    return SecondFactor.objects.create(user=user, key=secrets.token_hex(KEY_BYTES))


@transaction.atomic
def confirm(*, user: User, password: str, code: str, actor: Actor) -> list[str]:
    """Ask for codes from now on, since `code` shows that the app makes them; recovery codes, or none if it is wrong.

    The caller has checked `password`. It is stored anew, by which every session of the account ends, the caller's too
    unless it is updated: one that was begun by the password alone is not to go on.
    """
    factor = _locked(user, confirmed=False)
    if factor is None:
        raise StateRefused("second_factor_not_begun", "There is no key to confirm.", "Begin again, with a new key.")
    if not factor.verify_token(code):
        return []
    SecondFactor.objects.filter(pk=factor.pk, confirmed=False).update(confirmed=True)
    earlier = user.password
    user.set_password(password)
    User.objects.filter(pk=user.pk, password=earlier).update(password=user.password)
    record(action="user.second_factor_set_up", entity=user, organization_id=None, actor=actor)
    return _new_recovery_codes(factor)


@transaction.atomic
def replace_recovery_codes(*, user: User, code: str, actor: Actor) -> list[str]:
    """New recovery codes in place of all earlier ones; none if `code` is wrong."""
    factor = _set_up(user)
    if not factor.verify_token(code):
        return []
    record(action="user.recovery_codes_replaced", entity=user, organization_id=None, actor=actor)
    return _new_recovery_codes(factor)


@transaction.atomic
def switch_off(*, user: User, code: str, actor: Actor) -> bool:
    """The password alone logs in again; False if `code` is wrong."""
    factor = _set_up(user)
    if not factor.verify_token(code):
        return False
    factor.delete()
    record(action="user.second_factor_switched_off", entity=user, organization_id=None, actor=actor)
    return True


@transaction.atomic
def remove(*, user: User, actor: Actor) -> None:
    """As `switch_off`, without a code: for whoever lost app and recovery codes, by somebody who may decide that."""
    _set_up(user).delete()
    record(action="user.second_factor_removed", entity=user, organization_id=None, actor=actor)


def _locked(user: User, *, confirmed: bool) -> SecondFactor | None:
    """Locked, so that of two with the same code one comes second, and finds it used."""
    return SecondFactor.objects.select_for_update().filter(user=user, confirmed=confirmed).first()


def _set_up(user: User) -> SecondFactor:
    factor = _locked(user, confirmed=True)
    if factor is None:
        raise NotFound("second_factor_not_set_up", f"The account {user.email} has no second factor.")
    return factor


def _new_recovery_codes(factor: SecondFactor) -> list[str]:
    """As its owner writes them down; those before them are none any more."""
    codes = [b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode().lower() for _ in range(RECOVERY_CODES)]
    SecondFactor.objects.filter(pk=factor.pk).update(recovery_digests=[digests(code)[0] for code in codes])
    return ["-".join(code[start : start + 4] for start in range(0, len(code), 4)) for code in codes]
