"""The frame around every page: the login, the policy, what a screen reader is told, the front page."""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import pytest
from django.conf import settings
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Campaign, Sender
from campaigns.tests.factories import (
    CampaignFactory,
    InboundMailFactory,
    LeadFactory,
    LeadImportFactory,
    MembershipFactory,
    OperatorTaskFactory,
    OrganizationFactory,
    UserFactory,
)
from campaigns_project.accounts.roles import Role
from campaigns_project.palette import EACH
from campaigns_project.settings.unfold import KEYS
from campaigns_project.tests.admin.browsers import client_of, member
from campaigns_project.tests.admin.conftest import World, make_world
from campaigns_project.tests.rest.clients import key_client
from campaigns_project.workers import heartbeat


def test_a_fragment_after_the_session_ended_leads_the_whole_page_to_the_login(world: World) -> None:
    page = reverse("admin:campaigns_campaign_change", args=[world.campaign.pk])
    headers = {"HX-Request": "true", "HX-Current-URL": f"https://testserver{page}?x=1"}

    answer = Client().get(reverse("admin:campaigns_campaign_live", args=[world.campaign.pk]), headers=headers)

    assert answer.status_code == 401
    assert answer["HX-Redirect"] == f"/admin/login/?next={page.replace('/', '%2F')}"


def test_a_page_after_the_session_ended_leads_to_the_login(world: World) -> None:
    page = reverse("admin:campaigns_campaign_change", args=[world.campaign.pk])

    assert Client().get(page)["Location"] == f"/admin/login/?next={page}"


def test_a_form_sent_after_the_session_ended_is_told_to_be_lost(db: None) -> None:
    page = Client().post(reverse("admin:leads_tag_add"), {"name": "vip"}, follow=True)

    assert "nothing of it was saved" in page.content.decode()


def test_what_the_page_of_another_person_asks_for_is_not_done_and_it_is_told_who_it_is_now(db: None) -> None:
    campaign = CampaignFactory()
    manager = MembershipFactory(organization=campaign.organization, role=Role.MANAGER).user
    browser = client_of(manager)
    dialog = reverse("admin:campaigns_campaign_duplicate", args=[campaign.pk])
    fields = {"name": "A copy", "_form_submitted": "on"}

    def asked_by_the_page_of(person: int) -> Any:
        return browser.post(dialog, fields, headers={"HX-Request": "true", "X-Shown-For": str(person)})

    refused = asked_by_the_page_of(manager.pk + 1)
    made_by_another = Campaign.objects.filter(name="A copy").count()
    asked_by_the_page_of(manager.pk)

    assert (refused.status_code, refused["X-Person"]) == (409, str(manager.pk))
    assert unquote(refused["X-Person-Name"]) == manager.email
    assert (made_by_another, Campaign.objects.filter(name="A copy").count()) == (0, 1)


def test_a_page_says_for_whom_it_is_as_the_number_is_asked_for(db: None) -> None:
    person = UserFactory(pk=1_234_567, is_superuser=True)
    page = client_of(person).get("/admin/").content.decode()

    assert f'data-person="{person.pk}"' in page


def test_another_login_or_a_logout_renews_the_token_and_a_form_of_before_is_told_who_is_logged_in_now(db: None) -> None:
    browser, (first, second) = Client(enforce_csrf_checks=True), (UserFactory(is_superuser=True) for _ in range(2))
    tokens = []

    def log_in(person: Any) -> None:
        token = browser.get("/admin/login/").context["csrf_token"]
        said = {"username": person.email, "password": "correct horse battery", "csrfmiddlewaretoken": str(token)}
        assert browser.post("/admin/login/", said).status_code == 302
        tokens.append(browser.cookies["fairlead_csrf"].value)

    log_in(first)
    browser.post("/admin/logout/", {"csrfmiddlewaretoken": tokens[0]})
    tokens.append(browser.cookies["fairlead_csrf"].value)
    log_in(second)
    sent = browser.post(reverse("admin:leads_tag_add"), {"name": "vip", "csrfmiddlewaretoken": tokens[0]})

    assert len(set(tokens)) == 3
    assert (sent.status_code, f"You are logged in as {second.email} now" in sent.content.decode()) == (403, True)


def test_what_is_wrong_with_a_form_as_a_whole_is_said_once_and_nothing_is_called_below(root: Client) -> None:
    organization = OrganizationFactory()
    sent = {"organization": organization.pk, "file": SimpleUploadedFile("people.csv", b"\x89PNG\r\n\x1a\n\x00\x00")}

    page = root.post(reverse("admin:leads_leadimport_add"), sent).content.decode()

    assert "people.csv is neither a CSV file nor a workbook" in page
    assert "Please correct" not in page


def test_logging_in_leads_to_the_front_page(db: None) -> None:
    person = UserFactory(is_superuser=True)

    answer = Client().post("/admin/login/", {"username": person.email, "password": "correct horse battery"})

    assert answer["Location"] == reverse("admin:index")


def test_pages_carry_a_policy_that_allows_no_inline_script_and_no_other_host(root: Client) -> None:
    policy = root.get(reverse("admin:index"))["Content-Security-Policy"]

    assert "script-src 'self' 'unsafe-eval';" in policy
    assert "http" not in policy


def test_no_template_of_ours_needs_an_inline_script_or_another_host() -> None:
    found = [
        f"{path.name}: {word}"
        for path in (settings.BASE_DIR / "templates").rglob("*.html")
        for word in ("onclick=", "onchange=", "oninput=", "javascript:", "<script>", "//cdn", "https://")
        if {"admin", "unfold"} & set(path.parts) and word in path.read_text()
    ]

    assert found == []


def test_the_sandbox_is_named_on_every_page(root: Client, settings: Any) -> None:
    with_sandbox = root.get(reverse("admin:campaigns_campaign_changelist")).content.decode()
    settings.SANDBOX = False
    without = root.get(reverse("admin:campaigns_campaign_changelist")).content.decode()

    assert "Sandbox: nothing leaves this machine" in with_sandbox
    assert "Sandbox: nothing leaves this machine" not in without
    assert "Live mail" in without


def test_every_page_has_one_main_part_under_the_banner_of_the_sandbox(root: Client, world: World) -> None:
    pages = [
        reverse("admin:index"),
        reverse("admin:app_list", args=["campaigns"]),
        reverse("admin:leads_lead_changelist"),
        reverse("admin:leads_lead_change", args=[world.lead.pk]),
        reverse("admin:leads_lead_suppress", args=[world.lead.pk]),
    ]

    shown = [root.get(page).content.decode() for page in pages]

    assert [(page.count("<main"), page.count("nothing leaves this machine")) for page in shown] == [(1, 1)] * 5


def test_whoever_has_no_name_stands_in_the_sidebar_by_the_address_alone(db: None) -> None:
    nameless, named = UserFactory(name="", is_superuser=True), UserFactory(name="Ada Byron", is_superuser=True)

    shown = [client_of(user).get(reverse("admin:index")).content.decode() for user in (nameless, named)]

    assert [page.count(f">{user.email}<") for page, user in zip(shown, (nameless, named), strict=True)] == [1, 1]
    assert [page.count(">Ada Byron<") for page in shown] == [0, 1]


def test_a_row_stands_under_what_the_sidebar_calls_it(root: Client) -> None:
    task, mail = OperatorTaskFactory(title="Call"), InboundMailFactory()
    board, replies = reverse("admin:operations_board"), reverse("admin:tracking_inboundmail_changelist")

    of_task = root.get(reverse("admin:campaigns_operatortask_change", args=[task.pk]))
    of_mail = root.get(reverse("admin:tracking_inboundmail_history", args=[mail.pk])).content.decode()

    assert re.search(rf'<h1.*?href="{board}"[^>]*>Task board<.*?>Call</span>', of_task.content.decode(), re.DOTALL)
    assert re.search(rf'<h1.*?href="{replies}"[^>]*>Replies<.*?>{mail}</a>.*?>History</span>', of_mail, re.DOTALL)
    uncertain = root.get(reverse("admin:campaigns_message_changelist"), {"place": "uncertain"})
    lit = [[item["title"] for group in page.context["sidebar_navigation"] for item in group["items"] if item["active"]]
           for page in (of_task, uncertain)]  # fmt: skip
    assert lit == [["Task board"], ["Uncertain"]]


def test_a_dialog_has_a_title_of_its_own_and_repeats_no_id_of_the_page_below(root: Client, world: World) -> None:
    page = root.get(reverse("admin:campaigns_deenrollmentrun_sweep")).content.decode()

    assert "De-enroll now | Fairlead</title>" in page
    assert 'id="dialog_campaign"' in page and 'id="id_campaign"' not in page


def test_an_unknown_row_is_a_404_and_no_redirect(root: Client) -> None:
    assert root.get(reverse("admin:leads_lead_change", args=[999_999])).status_code == 404


def test_a_list_that_is_empty_says_what_it_is_for(root: Client) -> None:
    page = root.get(reverse("admin:campaigns_campaign_changelist")).content.decode()

    assert "A campaign sends a short sequence of mails" in page


def test_a_search_without_a_match_offers_to_clear_it(root: Client, world: World) -> None:
    page = root.get(reverse("admin:campaigns_campaign_changelist"), {"q": "nothing like it"}).content.decode()

    assert "Clear search and filters" in page


def test_a_list_that_was_narrowed_by_nobody_does_not_blame_a_search(root: Client, world: World) -> None:
    uncertain = root.get(reverse("admin:campaigns_message_changelist"), {"place": "uncertain"}).content.decode()
    asked = {"campaign": world.campaign.pk, "place": "failed"}
    of_campaign = root.get(reverse("admin:campaigns_message_changelist"), asked).content.decode()

    assert "No mail is uncertain" in uncertain and "Clear search and filters" not in uncertain
    assert f'href="?campaign={world.campaign.pk}"' in of_campaign


def test_a_page_that_is_not_there_leads_home(root: Client, settings: Any) -> None:
    settings.DEBUG = False

    page = root.get("/admin/campaigns/campaign/999999/change/")

    assert (page.status_code, b"Nothing here" in page.content, b'href="/admin/"' in page.content) == (404, True, True)


def test_an_address_that_is_not_ours_says_what_lets_it_be_one(db: None, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["fairlead.example"]

    answer = Client().get("/admin/", headers={"host": "evil.example"})

    page = answer.content.decode()
    assert (answer.status_code, "ALLOWED_HOSTS" in page, answer["X-Request-ID"] in page) == (400, True, True)
    assert "evil.example" not in page and "Home" not in page  # which would lead to the same words again


def test_a_form_with_more_than_is_taken_says_so_and_leads_home(root: Client, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 1

    answer = root.post(reverse("admin:leads_tag_add"), {"name": "vip", "color": "#0ea5e9"})

    page = answer.content.decode()
    assert (answer.status_code, "Too much at once" in page, 'href="/admin/"' in page) == (400, True, True)


def test_the_organization_is_named_where_there_are_several_and_times_have_a_zone(root: Client, world: World) -> None:
    page = reverse("admin:leads_tag_changelist")

    of_one = root.get(page).content.decode()
    OrganizationFactory()
    of_two = root.get(page).content.decode()

    assert ("column-organization" in of_one, "column-organization" in of_two) == (False, True)
    assert "\N{NO-BREAK SPACE}UTC" in of_one


def test_who_has_no_role_is_told_so_and_led_nowhere(db: None) -> None:
    OrganizationFactory()

    shown = client_of(UserFactory(is_staff=True)).get(reverse("admin:index")).context

    assert (shown["first_steps"], [alert.text for alert in shown["alerts"]]) == (
        None,
        ["You have no role in any organization yet"],
    )


def test_who_adds_a_person_is_told_that_they_have_no_role_yet(root: Client) -> None:
    person = {"email": "eva@example.com", "password1": "a-long-password-9", "password2": "a-long-password-9"}

    page = root.post(reverse("admin:accounts_user_add"), {**person, "usable_password": "true"}, follow=True)

    assert "eva@example.com has no role yet" in page.content.decode()


def test_what_waits_for_a_person_stands_on_the_front_page(world: World) -> None:
    Sender.objects.update(status="paused", status_reason="550 no")
    CampaignFactory(
        organization=world.organization, name="Held", status="paused", paused_at=timezone.now(),
        status_error="no_sender", status_message="All its senders are paused.",
    )  # fmt: skip
    CampaignFactory(organization=world.organization, name="Forgotten", status="failed", failed_at=timezone.now())
    LeadImportFactory(organization=world.organization, rows_done=3, problem_count=3, file_name="bad.csv")
    checked = {"status": "draft", "dry_run_status": "succeeded"}
    LeadImportFactory(organization=world.organization, file_name="checked.csv", **checked)

    alerts = member(world.organization, Role.OPERATOR).get(reverse("admin:index")).context["alerts"]

    assert [alert.text for alert in alerts] == [
        "Forgotten",
        "Held",
        f"{world.sender.email} is paused",
        "checked.csv was checked and waits for your decision",
        "bad.csv: 3 of 3 rows became no lead",
    ]
    assert "the reason was not kept" in alerts[0].detail


def test_running_campaigns_without_a_worker_are_an_alarm(world: World) -> None:
    Campaign.objects.filter(pk=world.campaign.pk).update(status="running", started_at=timezone.now())
    owner = member(world.organization, Role.OWNER)

    without = [alert.text for alert in owner.get(reverse("admin:index")).context["alerts"]]
    for kind in ("supervisor", "tick", "qcluster"):
        heartbeat.beat(kind=kind, name=f"{kind}@here", pid=1, busy_for=timedelta(seconds=1))
    with_workers = [alert.text for alert in owner.get(reverse("admin:index")).context["alerts"]]

    assert without == ["Campaigns are running, but no mail leaves"]
    assert with_workers == []


def test_the_front_page_asks_the_same_however_much_there_is(world: World) -> None:
    person = UserFactory(is_superuser=True)
    client = client_of(person)
    Campaign.objects.update(status="running", started_at=timezone.now())
    with CaptureQueriesContext(connection) as with_one:
        client.get(reverse("admin:index"))
    for _ in range(2):
        make_world(status="running", started_at=timezone.now())

    with CaptureQueriesContext(connection) as with_three:
        client.get(reverse("admin:index"))

    assert len(with_three) == len(with_one)


@pytest.mark.parametrize("name", ["favicon.svg", "admin.css", "admin.js"])
def test_our_own_files_are_served_by_ourselves(root: Client, name: str) -> None:
    assert f"/static/fairlead/{name}" in root.get(reverse("admin:index")).content.decode()


def test_the_command_search_finds_pages_rows_and_acts_and_offers_none_that_the_state_or_the_role_forbids(
    db: None,
) -> None:
    home = OrganizationFactory()
    for name, status in (("Autumn fair", "running"), ("Autumn calls", "paused"), ("Spring", "running")):
        CampaignFactory(organization=home, name=name, status=status, started_at=timezone.now(),
                        paused_at=timezone.now() if status == "paused" else None)  # fmt: skip
    LeadFactory(organization=home, email="ana@quay.example", first_name="Ana", last_name="Quay")
    manager, viewer = member(home, Role.MANAGER), member(home, Role.VIEWER)

    def found(browser: Client, typed: str) -> list[str]:
        page = browser.get(reverse("admin:search"), {"s": typed}).content.decode()
        return re.findall('data-title="([^"]*)"', page)

    assert found(manager, "pause autumn") == ["Pause: Autumn fair"]
    assert found(manager, "paus") == ["Pause: Spring", "Pause: Autumn fair"]
    assert found(viewer, "pause autumn") == []
    assert found(viewer, "autumn fair") == ["Autumn fair"]
    assert found(manager, "ana@qu") == ["Ana Quay"]
    assert found(manager, "calls") == ["Autumn calls", "Resume: Autumn calls"]
    assert found(viewer, "suppress") == ["Suppressions"]
    assert (found(manager, ""), found(manager, "\x00")) == ([], [])


def test_the_command_search_reads_a_few_rows_however_many_match(db: None) -> None:
    home = OrganizationFactory()
    LeadFactory.create_batch(12, organization=home, company="Quay")
    browser = member(home, Role.VIEWER)

    page = browser.get(reverse("admin:search"), {"s": "quay"}).content.decode()

    assert page.count("data-title=") == EACH + 1
    assert f"{reverse('admin:leads_lead_changelist')}?q=quay" in page


def test_the_keys_that_lead_to_pages_stand_in_their_list_for_the_pages_that_one_may_see(root: Client) -> None:
    viewer = member(OrganizationFactory(), Role.VIEWER)

    shown = [browser.get(reverse("admin:index")).content.decode() for browser in (root, viewer)]

    keys = [re.findall('data-go="(.)"', page) for page in shown]
    assert keys[0] == sorted(set(keys[0]), key=keys[0].index) and len(keys[0]) == len(KEYS)
    assert set(KEYS.values()) - set(keys[1]) == {KEYS["System health"]}


def test_every_part_of_a_list_is_one_that_the_list_knows_and_is_marked_where_it_is_open(root: Client) -> None:
    parts = {
        f"{reverse(f'admin:{model._meta.app_label}_{model._meta.model_name}_changelist')}?{query}": title
        for model, found in admin.site._registry.items()
        for title, query in getattr(found, "views", ())
    }

    opened = {address: root.get(address) for address in parts}

    marked = {
        address: re.findall(r'class="fl-on" aria-current="page">([^<]*)</a>', answer.content.decode())
        for address, answer in opened.items()
    }
    assert marked == {address: [title] for address, title in parts.items()}


def test_a_campaign_in_the_archive_is_shown_to_those_who_look_there_or_search(root: Client) -> None:
    now = timezone.now()
    CampaignFactory(name="Kept", status="archived")
    CampaignFactory(name="Held by the guard", status="paused", paused_at=now, started_at=now, status_code="bounce_rate")
    CampaignFactory(name="Held by Ana", status="paused", paused_at=now, started_at=now)

    def shown(**asked: str) -> set[str]:
        page = root.get(reverse("admin:campaigns_campaign_changelist"), asked)
        return {campaign.name for campaign in page.context["cl"].result_list}

    assert shown() == {"Held by the guard", "Held by Ana"}
    assert shown(group="archived") == shown(q="kept") == shown(status__exact="archived") == {"Kept"}
    assert shown(group="attention") == {"Held by the guard"}


def test_what_a_page_offers_to_copy_is_answered_by_the_api_with_what_the_page_shows(root: Client, world: World) -> None:
    campaign, people = world.campaign.pk, reverse("admin:campaigns_recipient_changelist")
    pages = {
        reverse("admin:campaigns_campaign_change", args=[campaign]): f"/api/v1/campaigns/{campaign}",
        reverse("admin:campaigns_campaign_results", args=[campaign]): f"/api/v1/campaigns/{campaign}/analytics",
        f"{people}?campaign={campaign}": f"/api/v1/campaigns/{campaign}/recipients",
        reverse("admin:leads_lead_change", args=[world.lead.pk]): f"/api/v1/leads/{world.lead.pk}",
        reverse("admin:campaigns_campaignplan_changelist"): "/api/v1/plans",
    }
    key = key_client(Role.VIEWER, world.organization)

    offered = {
        page: re.findall(r"data-copy=\"curl [^\"]*(/api/v1/[^&]*)&", root.get(page).content.decode()) for page in pages
    }

    assert offered == {page: [address] for page, address in pages.items()}
    assert {key.get(address).status_code for address in pages.values()} == {200}
    assert "Copy as" not in root.get(reverse("admin:index")).content.decode()
