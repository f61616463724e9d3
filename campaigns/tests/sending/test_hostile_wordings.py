"""A wording that explodes fails its preview and its mail with the reason, at once; what is odd but small is made."""

import time

import pytest

from campaigns.content.html import MAX_TAGS
from campaigns.models import Campaign, Sender, Step, Variant
from campaigns.sending.mailing import mailing_of
from campaigns.sending.wording import wording_of
from campaigns_project.accounts.models import Organization
from campaigns_project.errors import Refused

LOOP = "{% for n in (1..1000) %}"
VALUES = {"first_name": "Ada", "postal_address": "1 Quay", "unsubscribe_url": "https://t.example/u"}
EXPLOSIVE = {
    "a loop of tags": f"{LOOP}<b><i><u>{'<p>' * 100}{{% endfor %}}",
    "a loop of rows": f"<table>{LOOP}<tr>{'<td>x</td>' * 20}</tr>{{% endfor %}}</table>",
    "loops in loops": f"{LOOP}{LOOP}<p>x</p>{{% endfor %}}{{% endfor %}}",
    "more than a megabyte": f"{LOOP}<p>{'x' * 1_100}</p>{{% endfor %}}",
    "doubling": "{% assign a = 'xx' %}" + LOOP + "{% assign a = a | append: a %}{% endfor %}<p>{{ a }}</p>",
    "deep": "<div>" * 40_000,
    "links": "<a href='https://x.example/a'>x</a>" * 7_000,
    "tags that never end": "<a " * 80_000,
    "comments that never end": "<!--" * 60_000,
    "brackets": "<" * 240_000,
    "cells": f"<table>{'<tr>' + '<td>x</td>' * 100 + '</tr>' * 2}</table>" * 100,
    "an unclosed output": "{{ " * 80_000,
    "an unclosed output beside a style": "<style>p{color:red}</style>" + "{{" * 50_000,
    "an unclosed tag beside a style": "<style>p{color:red}</style>" + "{%" * 50_000,
    "rules without end": f"<style>{'*{color:red}' * 200_000}</style>{'<b>' * 9_000}",
    "rules for every tag": f"<style>{'*{color:red}' * 15_000}</style>{'<b>' * 9_000}",
    "deep blocks": "{% if first_name %}" * 500 + "{% endif %}" * 500,
}
HARMLESS = {
    "style rules": "<style>" + "* * * * {color:red}\n" * 2_000 + "</style>" + "<div>" * 100,
    "rules and tags": "<style>" + "p.c {color:red}\n" * 3_000 + "</style>" + "<p>x</p>" * 3_000,
    "a long style": f"<p style='{'a:b;' * 20_000}'>x</p>",
    "nested lists": "<ul><li>" * 1_000,
    "conditions": "".join(f"{{% if custom.c{number} %}}x{{% endif %}}" for number in range(300)) + "<p>x</p>",
    "fields": "{{ first_name }}" * 900,
}


def seconds(html: str) -> tuple[float, str]:
    """What a preview and a prepared mail cost this thread, and how it was refused."""
    written = Variant(step=Step(position=1), subject="Hi", body_html=html)
    campaign = Campaign(organization=Organization(postal_address="1 Quay"), track_clicks=True, track_opens=True)
    started, refusal = time.thread_time(), ""
    try:
        wording_of(written).render(VALUES)
        mailing = mailing_of(wording_of(written), campaign=campaign, sender=Sender(email="ada@sender.example"))
        if mailing:
            mailing.fitting(VALUES)
    except Refused as refused:
        refusal = str(refused)
    return time.thread_time() - started, refusal


@pytest.mark.parametrize("name", EXPLOSIVE)
def test_what_explodes_is_refused_with_the_reason_before_it_costs_anything(name):
    cost, refusal = seconds(EXPLOSIVE[name])

    assert refusal and cost < 0.2


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_odd_but_small_is_made(name):
    cost, refusal = seconds(HARMLESS[name])

    assert refusal == "" and cost < 1


def test_the_refusal_says_what_is_too_much():
    assert seconds("<br>" * (MAX_TAGS + 1))[1].startswith("The html body has more than 10,000 tags.")
    assert seconds("<br>" * MAX_TAGS)[1] == ""
