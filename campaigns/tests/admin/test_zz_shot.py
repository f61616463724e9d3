import shutil
import pytest
from playwright.sync_api import sync_playwright
from campaigns.tests.factories import *
from campaigns_project.accounts.roles import Role
ARGS=["--no-sandbox","--disable-gpu","--disable-background-networking","--disable-component-update"]
pytestmark=[pytest.mark.django_db(transaction=True)]
def test_shots(transactional_db, live_server):
    c = CampaignFactory(name="Autumn")
    home = c.organization
    MembershipFactory(user__email="manager@example.com", organization=home, role=Role.MANAGER)
    vip = TagFactory(organization=home, name="vip"); TagFactory(organization=home, name="newsletter")
    for n in range(30):
        l = LeadFactory(organization=home, title="CTO" if n % 2 else "Clerk", company_size=n*10)
        if n % 3 == 0: LeadTagFactory(lead=l, tag=vip)
        if n % 4 == 0: RecipientFactory(campaign=c, lead=l)
    rules = {"match":"all","groups":[{"match":"all","rules":[{"field":"tag","operator":"any_of","value":[vip.pk]},{"field":"company_size","operator":"between","value":[10,500]},{"field":"last_contacted","operator":"not_for_days","value":30}]}],"exclude":[{"match":"any","rules":[{"field":"status","operator":"is_any_of","value":["bounced"]}]}]}
    s = SegmentFactory(organization=home, name="Warm VIPs", rules=rules)
    errors=[]
    with sync_playwright() as p:
        b = p.chromium.launch(executable_path=shutil.which("chromium"), args=ARGS)
        page = b.new_context(viewport={"width":1440,"height":1000}).new_page()
        page.on("pageerror", lambda e: errors.append(str(e)))
        page.goto(f"{live_server.url}/admin/leads/segment/{s.pk}/change/")
        page.fill("[name=username]", "manager@example.com"); page.fill("[name=password]", "correct horse battery"); page.click("button[type=submit]")
        page.wait_for_selector(".fl-rules-count >> text=now")
        page.screenshot(path="/tmp/seg1.png", full_page=True)
        page.click("text=Add group"); page.wait_for_selector("#rules-2-0-field, #rules-1-1-field")
        page.wait_for_timeout(800)
        page.screenshot(path="/tmp/seg2.png", full_page=True)
        page.set_viewport_size({"width":360,"height":740}); page.wait_for_timeout(300)
        page.screenshot(path="/tmp/seg3.png", full_page=True)
        print("W", page.evaluate("document.documentElement.scrollWidth"))
        page.set_viewport_size({"width":1440,"height":1000})
        for name, url in (("list","leads/segment/"),("tag",f"leads/tag/{vip.pk}/change/"),("leads","leads/lead/"),("ranking", f"campaigns/leadranking/?campaign={c.pk}")):
            page.goto(f"{live_server.url}/admin/{url}"); page.wait_for_timeout(300)
            page.screenshot(path=f"/tmp/seg_{name}.png")
        b.close()
    assert errors == []
