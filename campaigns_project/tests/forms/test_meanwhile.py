"""Two tabs with the same form: the one saved later takes nothing back that the other one saved."""

import json
import re
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.messages import get_messages
from django.core import signing
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from lxml.html import document_fromstring  # type: ignore[import-untyped]

from campaigns.models import Campaign, Sender, Step, Variant
from campaigns_project.accounts.admin.meanwhile import AS_SHOWN
from campaigns_project.accounts.models import Membership, Organization, User
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.models import AuditLog
from campaigns_project.tests.admin.browsers import client_of, member
from campaigns_project.tests.audit.test_coverage import EDITS, Edit, editor, typed
from campaigns_project.tests.forms.tabs import Tab
from campaigns_project.tests.tenancy.world import World
from leads.models import Lead, LeadTag, Segment, Tag

pytestmark = pytest.mark.django_db

RULES = '{{"groups": [{{"rules": [{{"field": "title", "operator": "is", "value": "{}"}}]}}]}}'


def has_rules(world: World) -> None:
    """One without any cannot be saved."""
    Segment.objects.filter(pk=world[Segment].pk).update(rules=json.loads(RULES.format("CMO")))


# Every form of the admin that edits a row; test_coverage fails until a new one is among its own.
FORMS = {what: edit for what, edit in EDITS.items() if not edit.is_new} | {
    "a segment": Edit("segment.changed", Segment, typed(name="other"), prepare=has_rules),
    "the settings of a campaign": Edit("campaign.changed", Campaign, typed(daily_limit="9")),
    "the name of a person": Edit("user.changed", User, typed(name="Other"), by_root=True),
}
SECRET = {"a key for Instantly"}  # it is never shown, not even to who wrote over it
TICKED = {"a person"}  # a box has no third value that two could disagree about


def address_of(model: type[Model], pk: Any) -> str:
    page = "settings" if model is Campaign else "change"
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=[pk])


def tab(client: Client, row: Any) -> Tab:
    return Tab(client, address_of(type(row), row.pk))


def row_of(edit: Edit, world: World) -> Any:
    return world[Membership].user if edit.model is User else world[edit.model]


def everything(world: World, edit: Edit) -> Any:
    return world.snapshot(), edit.model._default_manager.filter(pk=row_of(edit, world).pk).values().get()


@pytest.fixture
def first(world: World) -> Client:
    return member(world.organization, Role.OWNER)


@pytest.fixture
def second(world: World) -> Client:
    return member(world.organization, Role.OWNER)


def errors(answer: Any) -> dict[str, list[str]]:
    return dict(answer.context["adminform"].form.errors)


@pytest.mark.parametrize("what", FORMS)
def test_an_old_page_that_is_saved_as_it_is_takes_nothing_back_and_is_no_act(what: str, world: World) -> None:
    edit = FORMS[what]
    edit.prepare(world)
    old, new = (tab(client_of(editor(edit, world)), row_of(edit, world)) for _ in range(2))
    assert new.save(**edit.answers(world)).status_code == 302
    before, acts = everything(world, edit), AuditLog.objects.count()

    answer = old.save()

    assert answer.status_code == 302, errors(answer)
    assert everything(world, edit) == before
    assert AuditLog.objects.count() == acts


@pytest.mark.parametrize("what", sorted(FORMS.keys() - TICKED))
def test_two_who_change_the_same_are_told_and_what_was_typed_stays(what: str, world: World) -> None:
    edit = FORMS[what]
    edit.prepare(world)
    old, new = (tab(client_of(editor(edit, world)), row_of(edit, world)) for _ in range(2))
    answers = edit.answers(world)
    assert new.save(**answers).status_code == 302
    before = everything(world, edit)
    name, value = next(iter(answers.items()))
    other = "8" if value.isdecimal() else f"{value}too"

    answer = old.save(**{name: other})

    assert "was changed meanwhile" in errors(answer)[name][0]
    assert ("is another one now" if what in SECRET else f"is “{value}” now") in errors(answer)[name][0]
    assert old.sent[name] == ([] if what in SECRET else [other])
    assert everything(world, edit) == before
    again = {name: other} if what in SECRET else {}
    assert old.save(**again).status_code == 302  # who was told may mean it
    assert everything(world, edit) != before


def test_every_form_that_edits_a_row_carries_what_it_shows() -> None:
    silent = [
        model._meta.label
        for model, model_admin in admin.site._registry.items()
        if (model_admin.needed("change") if hasattr(model_admin, "needed") else "change" in model_admin.writable)
        and not hasattr(model_admin.form, "as_shown")
    ]

    assert silent == []


@pytest.mark.parametrize("what", FORMS)
def test_a_page_carries_no_secret(what: str, world: World) -> None:
    edit, row = FORMS[what], row_of(FORMS[what], world)
    Sender.objects.update(esp_settings='{"api_key": "hunter2"}')
    edit.model._default_manager.filter(pk=row.pk).update(**dict.fromkeys(keys_of(edit.model), "hunter2"))

    [sent] = tab(client_of(editor(edit, world)), row).sent[AS_SHOWN]

    told = signing.loads(sent, salt=f"{AS_SHOWN} {row._meta.label} {row.pk}")
    assert set(told) == {"at", "fields"}
    assert "hunter2" not in str(told)
    assert edit.model is not User or "password" not in told["fields"]


def keys_of(model: type[Model]) -> list[str]:
    return [field.name for field in model._meta.fields if field.name in {"password", "api_key"}]


def test_a_limit_set_meanwhile_stays_when_a_description_is_saved(world: World, first: Client, second: Client) -> None:
    old, new = tab(first, world[Campaign]), tab(second, world[Campaign])
    new.save(daily_limit="50")

    answer = old.save(description="In the autumn")

    assert answer.status_code == 302
    campaign = Campaign.objects.get(pk=world[Campaign].pk)
    assert (campaign.daily_limit, campaign.description) == (50, "In the autumn")
    last = AuditLog.objects.about(campaign).filter(action="campaign.changed").first()
    assert last is not None
    assert (last.before, last.after) == ({"description": ""}, {"description": "In the autumn"})


def test_whoever_is_overtaken_reads_by_whom_and_what_it_is_now(world: World, first: Client) -> None:
    person = client_of(world[Membership].user)
    old, new = tab(first, world[Campaign]), tab(person, world[Campaign])
    new.save(daily_limit="50", sending_days=["1", "2"], window_zone="lead")

    answer = old.save(daily_limit="20", sending_days=["3"], description="Mine")

    said = errors(answer)
    assert f"“Daily limit” was changed meanwhile by {world[Membership].user.email} (" in said["daily_limit"][0]
    assert "is “50” now" in said["daily_limit"][0]
    assert "is “Mon, Tue” now" in said["sending_days"][0]
    assert set(said) == {"daily_limit", "sending_days"}
    told = " ".join(document_fromstring(old.page).find_class("fl-overtaken")[0].text_content().split())
    assert "Daily limit changed by " + world[Membership].user.email in told
    assert "50 +20" in told and "Mon, Tue +Wed" in told
    assert "Save mine anyway" in told
    assert "Please correct" not in old.page
    # Typed values stand; what was left alone shows what is there.
    assert (old.sent["daily_limit"], old.sent["sending_days"], old.sent["description"]) == (["20"], ["3"], ["Mine"])
    assert old.sent["window_zone"] == ["lead"]
    assert Campaign.objects.get(pk=world[Campaign].pk).daily_limit == 50


def test_an_act_from_before_the_page_was_read_is_not_blamed(world: World, first: Client, second: Client) -> None:
    tab(second, world[Campaign]).save(daily_limit="40")
    old = tab(first, world[Campaign])
    Campaign.objects.filter(pk=world[Campaign].pk).update(daily_limit=50)

    answer = old.save(daily_limit="20")

    assert errors(answer)["daily_limit"][0].startswith("“Daily limit” was changed meanwhile and is “50” now.")


def test_two_who_type_the_same_agree(world: World, first: Client, second: Client) -> None:
    old, new = tab(first, world[Campaign]), tab(second, world[Campaign])
    new.save(daily_limit="50")

    assert old.save(daily_limit="50", description="Mine").status_code == 302
    assert Campaign.objects.get(pk=world[Campaign].pk).description == "Mine"


def test_another_mistake_in_an_old_page_does_not_make_it_forget(world: World, first: Client, second: Client) -> None:
    old, new = tab(first, world[Campaign]), tab(second, world[Campaign])
    new.save(daily_limit="50")

    refused = old.save(description="Mine", window_start="09:00")
    answer = old.save(window_start="")

    assert (set(errors(refused)), answer.status_code) == ({"window_end"}, 302)
    campaign = Campaign.objects.get(pk=world[Campaign].pk)
    assert (campaign.daily_limit, campaign.description) == (50, "Mine")


def test_fields_are_checked_as_they_will_stand_together(world: World, first: Client, second: Client) -> None:
    old, new = tab(first, world[Campaign]), tab(second, world[Campaign])
    new.save(window_start="09:00", window_end="12:00")

    answer = old.save(window_end="08:00")

    assert "window_end" in errors(answer)
    assert Campaign.objects.get(pk=world[Campaign].pk).window_end.isoformat() == "12:00:00"


def test_the_preheader_of_a_variant_is_saved_beside_a_new_subject(world: World, first: Client, second: Client) -> None:
    old, new = tab(first, world[Variant]), tab(second, world[Variant])
    version = world[Variant].version
    new.save(subject="New subject")

    answer = old.save(preheader="A line")

    assert answer.status_code == 302
    variant = Variant.objects.get(pk=world[Variant].pk)
    assert (variant.subject, variant.preheader, variant.version) == ("New subject", "A line", version + 2)
    [said] = [str(each) for each in get_messages(answer.wsgi_request) if each.level_tag == "info"]
    assert said == "Others changed meanwhile what you had left alone, and that stays: Subject."


def test_what_a_use_case_refused_is_still_typed_and_saved_once_it_is_mended(
    world: World, first: Client, second: Client
) -> None:
    old, new = tab(first, world[Variant]), tab(second, world[Variant])
    new.save(weight="7")

    refused = old.save(subject="{{ nobody }}", preheader="Mine")
    answer = old.save(subject="Mended")

    assert (set(errors(refused)), answer.status_code) == ({"subject"}, 302)
    variant = Variant.objects.get(pk=world[Variant].pk)
    assert (variant.subject, variant.preheader, variant.weight) == ("Mended", "Mine", 7)


def test_the_ends_of_lines_are_no_new_wording(world: World, first: Client) -> None:
    Variant.objects.filter(pk=world[Variant].pk).update(body_html="<p>One</p>\n<p>Two</p>\n")
    variant = Variant.objects.get(pk=world[Variant].pk)

    answer = tab(first, variant).save(weight="7")

    assert answer.status_code == 302
    saved = Variant.objects.get(pk=variant.pk)
    assert (saved.body_html, saved.version, saved.weight) == (variant.body_html, variant.version, 7)


def test_the_company_of_a_lead_stays_when_a_tag_is_saved(world: World, first: Client, second: Client) -> None:
    old, new = tab(first, world[Lead]), tab(second, world[Lead])
    new.save(company="Initech", custom_lines="stand: B 12")

    answer = old.save(tags="new")

    assert answer.status_code == 302
    lead = Lead.objects.get(pk=world[Lead].pk)
    assert (lead.company, lead.custom) == ("Initech", {"stand": "B 12"})
    assert list(LeadTag.objects.filter(lead=lead).values_list("tag__name", flat=True)) == ["new"]


def test_tags_given_meanwhile_are_not_taken_off_again(world: World, first: Client, second: Client) -> None:
    old, new = tab(first, world[Lead]), tab(second, world[Lead])
    new.save(tags="vip")

    answer = old.save(tags="other")

    assert "“Tags” was changed meanwhile" in errors(answer)["tags"][0]
    assert list(LeadTag.objects.filter(lead=world[Lead]).values_list("tag__name", flat=True)) == ["vip"]


def test_a_password_entered_meanwhile_is_not_replaced_unseen(world: World, first: Client, second: Client) -> None:
    old, new = tab(first, world[Sender]), tab(second, world[Sender])
    new.save(password="of-another", name="Other")

    answer = old.save(password="of-mine")

    said = errors(answer)["password"][0]
    assert "is another one now" in said
    assert not {"of-another", "of-mine"} & set(re.findall(r"[a-z-]+", old.page))
    assert Sender.objects.get(pk=world[Sender].pk).password == "of-another"


def test_a_sender_keeps_the_password_that_an_old_page_says_nothing_of(
    world: World, first: Client, second: Client
) -> None:
    old, new = tab(first, world[Sender]), tab(second, world[Sender])
    new.save(password="theirs")

    answer = old.save(name="Other")

    assert answer.status_code == 302
    sender = Sender.objects.get(pk=world[Sender].pk)
    assert (sender.password, sender.name) == ("theirs", "Other")


def test_a_role_given_meanwhile_stays(world: World, first: Client, second: Client) -> None:
    person = world[Membership]
    old, new = tab(first, world.organization), tab(second, world.organization)
    line = next(name for name, value in old.sent.items() if name.endswith("-id") and value == [str(person.pk)])
    role = line.replace("-id", "-role")
    new.save(**{role: "viewer"})

    unseen = old.save(postal_address="Elsewhere 1")
    refused = Tab(first, address_of(Organization, world.organization.pk))
    Membership.objects.filter(pk=person.pk).update(role="operator")
    answer = refused.save(**{role: "manager"})

    assert unseen.status_code == 302
    assert "“Role” was changed meanwhile" in answer.content.decode()
    assert "is “Operator (works with leads and content)” now" in answer.content.decode()
    assert Membership.objects.get(pk=person.pk).role == "operator"


def test_rules_changed_meanwhile_are_told_in_words(world: World, first: Client, second: Client) -> None:
    has_rules(world)
    old, new = tab(first, world[Segment]), tab(second, world[Segment])
    rows = [name for name in old.sent if name.startswith("rules-")]
    new.save(**dict.fromkeys(rows), rules=RULES.format("CTO"))

    answer = old.save(**dict.fromkeys(rows), rules=RULES.format("CEO"))

    assert "CTO” now" in errors(answer)["rules"][0]
    assert "{" not in errors(answer)["rules"][0]


def test_the_page_of_another_row_says_nothing_here(world: World, first: Client) -> None:
    other = Tag.objects.create(organization=world.organization, name="other")
    strange = tab(first, other).sent[AS_SHOWN]
    mine = tab(first, world[Tag])

    answer = mine.save(**{AS_SHOWN: strange[0], "name": "new"})

    assert answer.status_code == 302
    assert Tag.objects.get(pk=world[Tag].pk).name == "new"


def test_a_step_whose_wait_was_changed_meanwhile_keeps_it(world: World, first: Client, second: Client) -> None:
    old, new = tab(first, world[Step]), tab(second, world[Step])
    new.save(wait_amount="9")

    answer = old.save(wait_unit="hours")

    assert answer.status_code == 302
    step = Step.objects.get(pk=world[Step].pk)
    assert (step.wait_amount, step.wait_unit) == (9, "hours")


def test_whoever_may_only_read_gets_no_such_input(world: World) -> None:
    viewer = member(world.organization, Role.VIEWER)

    assert AS_SHOWN not in viewer.get(address_of(Lead, world[Lead].pk)).content.decode()
