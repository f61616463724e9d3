"""The reference: a loop over recipients with the ORM and Django's mail backend. Prints mails a second.

    python -m bench.sending.by_orm CAMPAIGN PORT

It does what the engine does for each mail and no more: look who is due, ask whether the address is suppressed, keep a
row of the mail, fill in template and tracking links, send, note the result and move the recipient on. Written as one
writes it at first: an object, a template and a connection for each.
"""

import argparse
import re
import time

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMultiAlternatives
from django.db.models import F
from django.template import Context, Template
from django.utils import timezone
from django.utils.html import strip_tags

from campaigns.models import Campaign, CampaignSender, Message, Recipient, Sender, Step, Variant
from leads.models import Lead, Suppression

LINK = re.compile(r'href="(https://[^"]+)"')


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("campaign", type=int)
    options.add_argument("port", type=int)
    given = options.parse_args()
    settings.MAILERS = {
        "default": {
            "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "OPTIONS": {"host": "127.0.0.1", "port": given.port},
        }
    }
    campaign = Campaign.objects.select_related("organization").get(pk=given.campaign)
    began = time.monotonic()
    sent = send_all(campaign)
    print(sent / (time.monotonic() - began))


def send_all(campaign: Campaign) -> int:
    """Send to whoever is due; how many that were."""
    step = Step.objects.get(campaign=campaign)
    variant = Variant.objects.get(step=step)
    sender = CampaignSender.objects.filter(campaign=campaign).select_related("sender")[0].sender
    due = Recipient.objects.filter(campaign=campaign, status="pending", next_send_at__lte=timezone.now())
    sent = 0
    for recipient in due.select_related("lead").order_by("next_send_at").iterator():
        domain = recipient.email_address.split("@")[1]
        if Suppression.objects.filter(
            organization=campaign.organization, address__in=[recipient.email_address, domain]
        ).exists():
            continue
        sent += _send_one(campaign, step, variant, sender, recipient)
    return sent


def _send_one(campaign: Campaign, step: Step, variant: Variant, sender: Sender, recipient: Recipient) -> int:
    message = Message.objects.create(
        recipient=recipient, step=step, variant=variant, sender=sender, attempts=1, fence=1, status="pending"
    )
    message.message_id = f"<{message.pk}@sender.example>"
    one = _mail(campaign, variant, sender, recipient.lead, message)
    message.merge_values = {"first_name": recipient.lead.first_name, "company": recipient.lead.company}
    one.send()
    message.status, message.sent_at = "sent", timezone.now()
    message.save()
    recipient.status, recipient.sent_at, recipient.sender = "completed", message.sent_at, sender
    recipient.exit_reason, recipient.exited_at = "completed", message.sent_at
    recipient.next_step = recipient.next_send_at = None
    recipient.occupies = False
    recipient.save()
    Campaign.objects.filter(pk=campaign.pk).update(emails_sent=F("emails_sent") + 1)
    return 1


def _mail(campaign: Campaign, variant: Variant, sender: Sender, lead: Lead, message: Message) -> EmailMultiAlternatives:
    values = Context(
        {name: getattr(lead, name) for name in ("first_name", "company", "city")} | {"custom": lead.custom}
    )
    way_out = _signed("unsubscribe", message.pk)
    html: str = Template(variant.body_html.replace("default: ", "default:")).render(values)
    html = LINK.sub(lambda found: f'href="{_signed("click", message.pk, found[1])}"', html)
    foot = f'{campaign.organization.postal_address} <a href="{way_out}">Unsubscribe</a>'
    html = html.replace("</body>", f'<p>{foot}</p><img src="{_signed("open", message.pk)}"></body>')
    one = EmailMultiAlternatives(
        subject=Template(variant.subject).render(values),
        body=strip_tags(html),
        from_email=f"{sender.name} <{sender.email}>",
        to=[f"{lead.full_name} <{lead.email}>"],
        headers={
            "Message-ID": message.message_id or "",
            "List-Unsubscribe": f"<{way_out}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
    )
    one.attach_alternative(html, "text/html")
    return one


def _signed(purpose: str, *what: object) -> str:
    return f"{settings.PUBLIC_URL}/t/{signing.dumps(what, salt=purpose)}/{purpose}"


if __name__ == "__main__":
    main()
