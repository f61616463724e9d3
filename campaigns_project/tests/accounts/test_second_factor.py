"""With a second factor the password alone logs nobody in, and no code does twice; through the pages themselves."""

import re
import time
from base64 import b32encode
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from html import unescape
from io import StringIO

import pytest
import segno
from asgiref.sync import async_to_sync
from axes.models import AccessAttempt, AccessFailureLog
from django.contrib.auth import authenticate
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client, RequestFactory
from django.utils import timezone
from django_otp.oath import TOTP

from campaigns.tests.factories import SecondFactorFactory, UserFactory
from campaigns_project.accounts.backends import PasswordAndCode
from campaigns_project.accounts.models import SecondFactor, User
from campaigns_project.accounts.models.second_factor import MOST_FAILURES_COUNTED, TOLERANCE, digests
from campaigns_project.accounts.roles import Role
from campaigns_project.accounts.second_factors import passes
from campaigns_project.audit.models import AuditLog
from campaigns_project.tests.admin.browsers import client_of
from campaigns_project.tests.audit.refusing import refusing
from campaigns_project.tests.rest.clients import key_client
from campaigns_project.tests.rest.test_races import wait_until_somebody_waits_for_us

pytestmark = pytest.mark.django_db

LOGIN, PAGE = "/admin/login/", "/admin/second-factor/"
PASSWORD = "correct horse battery"
NO_CODE_EVER = "12345"


def code_of(factor: SecondFactor, *, later: int = 0) -> str:
    """What the app shows now, or `later` steps of half a minute."""
    totp = TOTP(bytes.fromhex(factor.key))
    totp.time = time.time() + later * 30
    return f"{totp.token():06}"


def wrong_for(factor: SecondFactor) -> str:
    near = {code_of(factor, later=step) for step in range(-TOLERANCE - 1, TOLERANCE + 2)}
    return next(code for code in ("000000", "111111", "222222", "333333", "444444", "555555") if code not in near)


def factor_of(**fields) -> SecondFactor:
    return SecondFactorFactory(user__email="ana@fairlead.example", user__is_superuser=True, **fields)


def log_in(factor: SecondFactor, token: str, password: str = PASSWORD) -> tuple[int, bool]:
    """The answer, and whether there is a session now."""
    client = Client()
    status = client.post(LOGIN, {"username": factor.user.email, "password": password, "token": token}).status_code
    return status, "fairlead_session" in client.cookies


def wait_is_over() -> None:
    SecondFactor.objects.update(throttling_failure_timestamp=timezone.now() - timedelta(days=1))


def set_up(person: User) -> tuple[Client, SecondFactor, list[str]]:
    """As a person does it: the browser, what there is now, and the recovery codes of the page."""
    browser = client_of(person)
    browser.post(PAGE, {"act": "begin"})
    factor = SecondFactor.objects.get(user=person)
    page = browser.post(PAGE, {"act": "confirm", "code": code_of(factor), "password": PASSWORD}).content.decode()
    codes = re.findall(r"<li><code>([a-z2-7-]{19})</code></li>", page)
    assert f'data-copy="{"&#10;".join(codes)}"' in page  # to be kept elsewhere with one press
    return browser, SecondFactor.objects.get(user=person), codes


def test_the_password_alone_makes_no_session():
    factor = factor_of()

    assert [log_in(factor, ""), log_in(factor, NO_CODE_EVER)] == [(200, False), (200, False)]
    assert Session.objects.count() == 0


def test_password_and_code_log_in_and_the_code_does_not_a_second_time():
    factor = factor_of()
    code = code_of(factor)

    assert [log_in(factor, code), log_in(factor, code)] == [(302, True), (200, False)]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_recovery", [False, True])
def test_of_two_who_come_with_the_same_code_at_once_one_is_let_in(is_recovery):
    factor = factor_of(recovery_digests=digests("aaaa-bbbb-cccc-dddd"))
    code = "aaaa-bbbb-cccc-dddd" if is_recovery else code_of(factor)

    with ThreadPoolExecutor(1) as other:
        with transaction.atomic():
            first = passes(user=factor.user, code=code)
            answer = other.submit(log_in_and_hang_up, factor, code)
            wait_until_somebody_waits_for_us()
        second = answer.result(timeout=20)

    assert (first, second) == (True, (200, False))


def log_in_and_hang_up(factor: SecondFactor, code: str) -> tuple[int, bool]:
    try:
        return log_in(factor, code)
    finally:
        connection.close()


def test_an_earlier_code_is_none_after_a_later_one():
    factor = factor_of()
    earlier, later = code_of(factor), code_of(factor, later=1)

    assert [log_in(factor, later), log_in(factor, earlier)] == [(302, True), (200, False)]


def test_a_code_is_taken_as_apps_show_it_with_a_blank():
    factor = factor_of()
    code = code_of(factor)

    assert log_in(factor, f" {code[:3]} {code[3:]}") == (302, True)


def test_a_wrong_code_is_told_in_the_words_of_a_wrong_password():
    factor = factor_of()

    def said(**typed: str) -> str:
        page = Client().post(LOGIN, {"username": factor.user.email, "password": PASSWORD, **typed}).content.decode()
        return re.sub('value="[^"]*"', "", page)  # what was typed, and the token against forgery

    pages = {said(token=NO_CODE_EVER), said(token=NO_CODE_EVER, password="wrong")}

    assert len(pages) == 1
    assert "not the right e-mail address, password and code" in pages.pop()


def test_a_person_without_a_second_factor_logs_in_as_before():
    person = UserFactory()

    assert Client().post(LOGIN, {"username": person.email, "password": PASSWORD})["Location"] == "/admin/"


def test_one_that_was_never_confirmed_is_not_asked_for():
    factor = factor_of()
    SecondFactor.objects.update(confirmed=False)

    assert log_in(factor, "") == (302, True)


def test_nothing_that_takes_a_password_lets_in_without_the_code():
    factor = factor_of()
    credentials = {"username": factor.user.email, "password": PASSWORD}
    request = RequestFactory().post("/anywhere")

    assert authenticate(request, **credentials) is None
    assert authenticate(request, **credentials, token=code_of(factor)) == factor.user


def test_nor_does_anything_asynchronous():
    factor = factor_of()
    credentials = {"username": factor.user.email, "password": PASSWORD}
    request = RequestFactory().post("/anywhere")

    assert async_to_sync(PasswordAndCode().aauthenticate)(request, **credentials) is None


def test_wrong_codes_lock_out_as_wrong_passwords_do(settings):
    settings.AXES_ENABLED = True
    factor = factor_of()

    for number in range(settings.AXES_FAILURE_LIMIT):
        log_in(factor, "" if number % 2 else NO_CODE_EVER)
    wait_is_over()

    assert log_in(factor, code_of(factor)) == (429, False)


def test_after_a_wrong_code_the_right_one_has_to_wait():
    factor = factor_of()
    first = [log_in(factor, wrong_for(factor)), log_in(factor, code_of(factor))]
    wait_is_over()

    assert [*first, log_in(factor, code_of(factor))] == [(200, False), (200, False), (302, True)]


def test_a_wrong_password_makes_nobody_wait_for_their_code():
    factor = factor_of()
    log_in(factor, wrong_for(factor), password="wrong")

    assert log_in(factor, code_of(factor)) == (302, True)


def test_whoever_guesses_codes_for_long_keeps_the_owner_out_for_an_hour_and_not_for_years():
    factor = factor_of(throttling_failure_count=MOST_FAILURES_COUNTED)
    log_in(factor, wrong_for(factor))

    factor.refresh_from_db()
    until = factor.verify_is_allowed()[1]["locked_until"]
    assert 0.5 < (until - timezone.now()).total_seconds() / 3600 < 1.5


def test_what_is_kept_of_a_failed_login_holds_no_code(settings, caplog):
    settings.AXES_ENABLED = True
    factor = factor_of()
    code = code_of(factor)

    log_in(factor, code, password="wrong")

    kept = str(list(AccessAttempt.objects.values())) + str(list(AccessFailureLog.objects.values())) + caplog.text
    assert "token=" in kept
    assert code not in kept


def test_set_up_by_its_page_it_is_asked_for_and_shown_nowhere_again():
    browser, factor, codes = set_up(UserFactory(email="ana@fairlead.example"))

    page = browser.get(PAGE).content.decode()
    assert (factor.confirmed, len(set(codes)), log_in(factor, "")) == (True, 10, (200, False))
    assert log_in(factor, code_of(factor, later=1)) == (302, True)
    assert "10 recovery codes left" in page
    assert not any(code in page for code in codes)


def test_the_page_shows_the_key_as_a_picture_and_as_text():
    browser = client_of(UserFactory(email="ana@fairlead.example"))

    answer = browser.post(PAGE, {"act": "begin"})

    page, letters = unescape(answer.content.decode()), letters_of(SecondFactor.objects.get().key)
    address = f"otpauth://totp/Fairlead%3Aana%40fairlead.example?secret={letters}&issuer=Fairlead"
    assert segno.make(address, error="m").svg_data_uri(scale=5, light="#fff", dark="#000") in page
    assert re.search('<code class="fl-break">([A-Z2-7 ]+)</code>', page)[1].replace(" ", "") == letters
    assert "img-src 'self' data:" in answer["Content-Security-Policy"]
    assert "no-store" in answer["Cache-Control"]


def letters_of(key: str) -> str:
    return b32encode(bytes.fromhex(key)).decode()


def test_it_is_not_switched_on_by_a_wrong_code_or_a_wrong_password():
    browser = client_of(UserFactory(email="ana@fairlead.example"))
    browser.post(PAGE, {"act": "begin"})
    factor = SecondFactor.objects.get()

    browser.post(PAGE, {"act": "confirm", "code": wrong_for(factor), "password": PASSWORD})
    wait_is_over()
    browser.post(PAGE, {"act": "confirm", "code": code_of(factor), "password": "wrong"})

    assert (SecondFactor.objects.get().confirmed, AuditLog.objects.count()) == (False, 0)
    assert log_in(factor, "") == (302, True)


def test_passwords_guessed_on_its_page_lock_out_too(settings):
    settings.AXES_ENABLED = True
    browser = client_of(UserFactory(email="ana@fairlead.example"))
    browser.post(PAGE, {"act": "begin"})

    answers = [
        browser.post(PAGE, {"act": "confirm", "code": "123456", "password": "wrong"}).status_code
        for _ in range(settings.AXES_FAILURE_LIMIT)
    ]

    assert (answers[0], answers[-1]) == (200, 429)
    assert "123456" not in str(list(AccessAttempt.objects.values()))


def test_a_key_that_was_shown_and_left_is_never_shown_again():
    browser = client_of(UserFactory())
    browser.post(PAGE, {"act": "begin"})
    first = SecondFactor.objects.get().key

    page = browser.get(PAGE).content.decode()
    browser.post(PAGE, {"act": "begin"})

    assert "data:image/svg" not in page
    assert SecondFactor.objects.get().key != first


def test_sessions_that_the_password_alone_began_end_and_the_one_at_hand_goes_on():
    person = UserFactory(email="ana@fairlead.example")
    elsewhere = client_of(person)

    browser, _factor, _codes = set_up(person)

    assert (elsewhere.get("/admin/").status_code, browser.get("/admin/").status_code) == (302, 200)
    person.refresh_from_db()
    assert person.check_password(PASSWORD)


def test_a_recovery_code_logs_in_once_however_it_is_typed():
    _browser, factor, codes = set_up(UserFactory(email="ana@fairlead.example"))

    typed = [codes[0], codes[0], codes[1].upper().replace("-", " ")]
    answers = []
    for code in typed:
        wait_is_over()
        answers.append(log_in(factor, code))

    assert answers == [(302, True), (200, False), (302, True)]
    assert len(SecondFactor.objects.get().recovery_digests) == 8


def test_a_recovery_code_of_somebody_else_is_none():
    _browser, _factor, codes = set_up(UserFactory(email="other@fairlead.example"))

    assert log_in(factor_of(), codes[0]) == (200, False)


def test_new_recovery_codes_take_the_place_of_the_old():
    browser, factor, old = set_up(UserFactory(email="ana@fairlead.example"))

    page = browser.post(PAGE, {"act": "renew", "code": code_of(factor, later=1)}).content.decode()

    new = re.findall(r"<li><code>([a-z2-7-]{19})</code></li>", page)
    assert (len(new), set(new) & set(old)) == (10, set())
    assert log_in(factor, old[0]) == (200, False)
    wait_is_over()
    assert log_in(factor, new[0]) == (302, True)


def test_it_is_switched_off_with_a_code_and_not_without():
    browser, factor, codes = set_up(UserFactory(email="ana@fairlead.example"))

    browser.post(PAGE, {"act": "switch_off", "code": wrong_for(factor)})
    wait_is_over()
    kept = SecondFactor.objects.count()
    browser.post(PAGE, {"act": "switch_off", "code": codes[0]})

    assert (kept, SecondFactor.objects.count()) == (1, 0)
    assert log_in(factor, "") == (302, True)


def test_nobody_begins_anew_beside_one_that_is_asked_for():
    browser, factor, _codes = set_up(UserFactory())

    page = browser.post(PAGE, {"act": "begin"}, follow=True).content.decode()

    assert "This account has a second factor. Switch it off first" in page
    assert SecondFactor.objects.get().key == factor.key


@pytest.mark.parametrize("act", ["confirm", "renew", "switch_off", "nonsense"])
def test_an_act_without_anything_to_act_on_changes_nothing(act):
    answer = client_of(UserFactory()).post(PAGE, {"act": act, "code": "123456", "password": PASSWORD}, follow=True)

    assert (answer.status_code, SecondFactor.objects.count(), AuditLog.objects.count()) == (200, 0, 0)


def test_every_act_is_on_record_or_not_done():
    person = UserFactory(email="ana@fairlead.example")
    browser = client_of(person)
    browser.raise_request_exception = False
    browser.post(PAGE, {"act": "begin"})
    factor = SecondFactor.objects.get()
    on = {"act": "confirm", "code": code_of(factor), "password": PASSWORD}

    with refusing():
        refused = browser.post(PAGE, on)
    was_on = SecondFactor.objects.get().confirmed
    browser.post(PAGE, on)
    renew = {"act": "renew", "code": code_of(factor, later=1)}
    with refusing():
        browser.post(PAGE, renew)
    browser.post(PAGE, renew)
    SecondFactor.objects.update(last_step=-1)
    off = {"act": "switch_off", "code": code_of(factor)}
    with refusing():
        browser.post(PAGE, off)
    was_off = not SecondFactor.objects.exists()
    browser.post(PAGE, off)

    assert (refused.status_code, was_on, was_off) == (500, False, False)
    assert list(AuditLog.objects.order_by("pk").values_list("action", "entity_id", "actor_name", "after")) == [
        (f"user.{act}", str(person.pk), person.email, None)
        for act in ("second_factor_set_up", "recovery_codes_replaced", "second_factor_switched_off")
    ]


def test_neither_key_nor_codes_stand_readable_in_the_database():
    _browser, factor, codes = set_up(UserFactory(email="ana@fairlead.example"))

    with connection.cursor() as cursor:
        cursor.execute("SELECT each::text FROM second_factors each")
        stored = " ".join(row[0] for row in cursor.fetchall())
    kept = stored + str(list(AuditLog.objects.values())) + str(list(Session.objects.values()))

    secrets = [factor.key, letters_of(factor.key), *codes, *(code.replace("-", "") for code in codes)]
    assert [secret for secret in secrets if secret in kept] == []


def test_codes_go_on_after_a_change_of_keys_and_none_is_right_without_the_old(settings):
    _browser, factor, codes = set_up(UserFactory(email="ana@fairlead.example"))
    old = settings.FIELD_ENCRYPTION_KEYS

    settings.FIELD_ENCRYPTION_KEYS = ["n" * 60]
    lost = [log_in(factor, ""), log_in(factor, code_of(factor, later=1))]
    wait_is_over()
    settings.FIELD_ENCRYPTION_KEYS = ["n" * 60, *old]
    found = [log_in(factor, codes[0]), log_in(factor, code_of(factor, later=1))]

    assert (lost, found) == ([(200, False)] * 2, [(302, True)] * 2)


def test_a_command_lets_in_whoever_lost_everything():
    factor = factor_of()

    with pytest.raises(CommandError) as unsure:
        call_command("remove_second_factor", "Ana@fairlead.example", stdout=StringIO(), stderr=StringIO())
    call_command("remove_second_factor", "Ana@fairlead.example", "--yes", stdout=StringIO(), stderr=StringIO())

    assert unsure.value.returncode == 7
    assert log_in(factor, "") == (302, True)


@pytest.mark.parametrize("email", ["nobody@fairlead.example", "bob@fairlead.example"])
def test_the_command_says_where_there_is_nothing_to_remove(email):
    UserFactory(email="bob@fairlead.example")

    with pytest.raises(CommandError) as refused:
        call_command("remove_second_factor", email, "--yes", stdout=StringIO(), stderr=StringIO())

    assert refused.value.returncode == 3


def test_keys_of_the_api_are_not_asked_for_a_code():
    client = key_client(Role.VIEWER)
    SecondFactorFactory(user=User.objects.get(service_account__isnull=False))

    assert client.get("/api/v1/campaigns").status_code == 200


def test_the_page_is_for_people_who_are_logged_in():
    assert Client().post(PAGE, {"act": "begin"}).status_code == 302
    assert SecondFactor.objects.count() == 0
