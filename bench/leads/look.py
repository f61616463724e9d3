"""Every list, search, filter and count of leads, asked as people and programs ask: time in the database and plan.

    python -m bench.leads.look

In the database that bench.leads.fill has filled; prints JSON.
"""

import json
import os
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "campaigns_project.settings.base")
django.setup()

from django.db import connection  # noqa: E402 - needs Django ready
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import timezone  # noqa: E402

from bench.leads.fill import OWNER  # noqa: E402
from campaigns.models import Campaign  # noqa: E402
from campaigns_project.accounts.models import Organization, User  # noqa: E402
from campaigns_project.counting import count  # noqa: E402
from campaigns_project.patience import TookTooLong, within  # noqa: E402
from leads.models import Lead, LeadImport, Segment, Tag  # noqa: E402
from leads.segments.members import members  # noqa: E402

LIST, API = "/admin/leads/lead/", "/api/v1/leads"


def main() -> None:
    """Print, by name, milliseconds, how many queries, and the first lines of the plan of the slowest."""
    owner = User.objects.get(email=OWNER)
    home = Organization.objects.get()
    browser = Client(HTTP_HOST="localhost")
    browser.force_login(owner, backend="campaigns_project.accounts.backends.PasswordAndCode")
    found = {name: _measured(partial(_get, browser, address)) for name, address in _pages(home).items()}
    for segment in Segment.objects.order_by("pk"):
        found[f"count of the segment “{segment}”"] = _measured(partial(_count, segment))
    print(json.dumps(found))


def _pages(home: Organization) -> dict[str, str]:
    tags = {tag.name: tag.pk for tag in Tag.objects.all()}
    campaign, made_by = Campaign.objects.order_by("pk")[0].pk, LeadImport.objects.order_by("pk")[0].pk
    lead = Lead.objects.filter(recipients__isnull=False).earliest("pk")
    segments = list(Segment.objects.order_by("pk"))
    asked = {
        "": "as it opens",
        f"below={lead.pk}": "from the oldest on",
        "o=1": "by address",
        "o=1&p=400": "by address, page 400",
        "q=ana7": "search: a first name",
        "q=marin123+acme": "search: two words",
        "q=Acme+777": "search: a company",
        "q=p99999": "search: an address",
        "q=acme777.example": "search: a domain",
        "q=nobodyatall": "search: nobody",
        f"tag={tags['fair']}": "tag of a quarter",
        f"tag={tags['board']}": "tag of few",
        f"tag={tags['nobody']}": "tag of nobody",
        f"tag={tags['fair']}&and_tag={tags['newsletter']}": "two tags",
        f"without_tag={tags['fair']}": "without a tag",
        f"import={made_by}": "of an import",
        "status__exact=bounced": "bounced",
        "verification__exact=verified": "verified",
        "mark=is_role": "role addresses",
        "domain=acme777.example": "of a domain",
        "custom=plan%3Dgold": "further field, rare",
        "custom=plan%3Dfree": "further field, common",
        "custom=plan%3Dnone": "further field, nobody",
        "contacted=30": "not contacted for 30 days",
        "contacted=never": "never contacted",
        f"campaign={campaign}": "in a campaign",
        f"not_in_campaign={campaign}": "not in a campaign",
        **{f"segment={segment.pk}": f"of the segment “{segment}”" for segment in segments},
    }
    api = {
        "": "as it opens", "q=ana7": "search", "tag=fair": "tag", "tag__all=fair,newsletter": "two tags",
        "tag__not=fair": "without a tag", "custom.plan=gold": "further field", "company=acme%2077": "company",
        "domain=acme777.example": "domain", "status=bounced": "status", "country=nowhere": "country, nobody",
        "not_contacted_since=2026-01-01": "not contacted since", f"in_campaign={campaign}": "in a campaign",
    }  # fmt: skip
    return {
        **{f"list: {name}": f"{LIST}?{query}" for query, name in asked.items()},
        **{f"API: {name}": f"{API}?{query}" for query, name in api.items()},
        **{f"API: members of “{segment}”": f"/api/v1/segments/{segment.pk}/members" for segment in segments},
        "API: look up an address": f"{API}/lookup?email=p1000@acme1000.example",
        "API: tags with their counts": "/api/v1/tags",
        "tags with their counts": "/admin/leads/tag/",
        "segments": "/admin/leads/segment/",
        "suppressions": "/admin/leads/suppression/",
        "suppressions: search": "/admin/leads/suppression/?q=p1000@acme1000.example",
        "imports": "/admin/leads/leadimport/",
        "ranking": f"/admin/campaigns/leadranking/?campaign={campaign}",
        "API: ranking": f"/api/v1/campaigns/{campaign}/ranking",
        "page of a lead": f"/admin/leads/lead/{lead.pk}/change/",
    }


def _get(browser: Client, address: str) -> str:
    answer = browser.get(address)
    if answer.status_code != 200:
        raise SystemExit(f"{address} answered {answer.status_code}: {answer.content.decode()[:300]}")
    return ""


def _count(segment: Segment) -> str:
    return str(count(members(segment, now=timezone.now())))


def _measured(ask: Callable[[], str]) -> dict[str, Any]:
    """Each query asked again by itself, twice, for what the database says of its own time; within the time it had."""
    with CaptureQueriesContext(connection) as queries:
        said = ask()
    looked = [
        min((_explained(sql, allowed) for _ in range(2)), key=lambda each: each[0]) for sql, allowed in _reads(queries)
    ]
    ms, plan = max(looked)
    return {"ms": sum(each[0] for each in looked), "queries": len(queries), "said": said, "plan": plan, "slowest": ms}


def _reads(queries: CaptureQueriesContext) -> Iterator[tuple[str, int]]:
    """What was read, and the milliseconds it had; 0 for as long as it takes."""
    allowed = 0
    for each in queries.captured_queries:
        sql = each["sql"].lstrip()
        limit = re.search(r"set_config\('statement_timeout', '(\d+)(?:ms)?'", sql)
        if limit:
            allowed = int(limit[1])
        elif sql.upper().startswith(("COMMIT", "ROLLBACK")):
            allowed = 0
        elif sql.upper().startswith("SELECT"):
            yield sql, allowed


def _explained(sql: str, allowed: int) -> tuple[float, str]:
    try:
        with within(allowed), connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF) {sql.replace('%', '%%')}", [])
            lines = [line.strip() for (line,) in cursor.fetchall()]
    except TookTooLong:
        return float(allowed), f"stopped after {allowed} ms"
    planning, execution = (float(line.split(": ")[1].split()[0]) for line in (lines[-2], lines[-1]))
    nodes = [line.removeprefix("->  ").partition("  (")[0] for line in lines if "rows=" in line]
    return planning + execution, " <- ".join(nodes[:3])


if __name__ == "__main__":
    main()
