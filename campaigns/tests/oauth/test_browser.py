"""A real browser goes from a sender's page to the provider and comes back, past the content policy and signed in."""

from campaigns.models import Sender
from campaigns.tests.factories import MembershipFactory, SenderFactory
from campaigns_project.accounts.roles import Role
from campaigns_project.tests.chromium import IN_A_BROWSER, PHONE, signed_in, width_of

pytestmark = IN_A_BROWSER
DESK = {"width": 1400, "height": 900}


def test_a_sender_is_connected_from_its_page_and_a_refusal_is_said_there(live_server, chromium, provider, settings):
    settings.PUBLIC_URL = live_server.url
    sender = SenderFactory(host="smtp.sender.example")
    application = provider.application(organization=sender.organization)
    owner = MembershipFactory(organization=sender.organization, role=Role.OWNER).user
    provider.denies = True
    with signed_in(chromium, live_server.url, owner, viewport=DESK) as page:
        page.goto(f"/admin/campaigns/sender/{sender.pk}/change/")
        _connect(page)
        page.wait_for_selector("[role=alert] >> text=was not allowed there")
        provider.denies = False
        _connect(page)
        page.wait_for_selector("[role=status] >> text=is connected")
        page.set_viewport_size(PHONE)
        widths = [width_of(page)]
        page.goto(f"/admin/campaigns/oauthapplication/{application.pk}/change/")
        widths.append(width_of(page))

    assert Sender.objects.get().is_connected
    assert max(widths) <= PHONE["width"]


def _connect(page):
    page.click("a[href$='/connect/']:visible")
    page.click("#dialog >> text=Go on to the provider")
