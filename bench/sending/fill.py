"""A campaign of many recipients that is due now. Prints its id.

    python -m bench.sending.fill RECIPIENTS PORT [--senders 4]

People and recipients are written by SQL, since what is measured is the sending; what an enrollment and a start leave
behind is the same.
"""

import argparse
import uuid

from django.db import connection
from django.utils import timezone

from bench.sending.wording import BODY, SUBJECT
from campaigns.models import Campaign, CampaignSender, CampaignStatus, Sender, SenderSecurity, Step, Variant
from campaigns_project.accounts.models import Organization


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("recipients", type=int)
    options.add_argument("port", type=int)
    options.add_argument("--senders", type=int, default=4)
    given = options.parse_args()
    campaign = due_campaign(given.recipients, port=given.port, senders=given.senders)
    print(campaign.pk)


def due_campaign(recipients: int, *, port: int, senders: int) -> Campaign:
    """A running campaign of one step, by `senders` senders whose server listens on `port` of this machine."""
    now = timezone.now()
    name = uuid.uuid4().hex
    organization = Organization.objects.create(name=name, slug=name, postal_address="1 Quay Street, 110 00 Prague")
    campaign = Campaign.objects.create(organization=organization, campaign_id=name, name="Measured")
    step = Step.objects.create(campaign=campaign, position=1)
    Variant.objects.create(step=step, subject=SUBJECT, body_html=BODY)
    for number in range(senders):
        sender = Sender.objects.create(
            organization=organization,
            email=f"ada{number}@sender.example",
            name="Ada Byron",
            host="127.0.0.1",
            port=port,
            security=SenderSecurity.NONE,
        )
        CampaignSender.objects.create(campaign=campaign, sender=sender)
    with connection.cursor() as cursor:
        cursor.execute(_LEADS, [organization.pk, recipients])
        cursor.execute(_RECIPIENTS, [campaign.pk, step.pk, now, organization.pk])
    Campaign.objects.filter(pk=campaign.pk).update(
        status=CampaignStatus.RUNNING, started_at=now, total_recipients=recipients, active_leads_count=recipients
    )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE leads, campaign_recipients, campaign_messages")  # as autovacuum does in time
    return campaign


_LEADS = """
INSERT INTO leads (organization_id, email, email_normalized, first_name, last_name, company, title, phone, website,
    linkedin_url, city, country, timezone, custom, status, created_at, updated_at)
SELECT %s, 'bob' || n || '@company' || n %% 5000 || '.example', 'bob' || n || '@company' || n %% 5000 || '.example',
    'Bob' || n, CASE n %% 3 WHEN 0 THEN 'Müller' ELSE 'Builder' END, 'Build & Sons ' || n, 'Head of Tools', '',
    'https://company' || n || '.example', '', CASE n %% 2 WHEN 0 THEN 'Zürich' ELSE 'Basel' END, 'Switzerland', '',
    '{"industry": "Shipping"}', 'ok', now(), now()
FROM generate_series(1, %s) n
"""

_RECIPIENTS = """
INSERT INTO campaign_recipients
    (campaign_id, lead_id, email_address, status, next_step_id, next_send_at, occupies, created_at, updated_at)
SELECT %s, id, email, 'pending', %s, %s, true, now(), now() FROM leads WHERE organization_id = %s ORDER BY id
"""

if __name__ == "__main__":
    main()
