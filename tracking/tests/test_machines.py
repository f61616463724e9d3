import time

import pytest
from crawlerdetect import CrawlerDetect

from tracking.machines import why_machine

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Safari/537.36"
)
GOOGLE_PROXY = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
YAHOO_PROXY = "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"
OUTLOOK = (
    "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; WOW64; Trident/7.0; Microsoft Outlook 16.0.4266; ms-office)"
)


@pytest.mark.parametrize(
    "agent",
    [
        CHROME,
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
        "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.1.0",
        "Mozilla/4.0 (compatible; ms-office; MSOffice 16)",
        OUTLOOK,
        "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17328; Pro)",
        "Outlook-iOS/723.4027091.prod.iphone (4.28.0)",
        "Airmail 5.6",
        GOOGLE_PROXY,
        YAHOO_PROXY,
    ],
)
def test_mail_programs_and_image_proxies_open_for_people(agent):
    assert why_machine(agent, "open") == ""


@pytest.mark.parametrize(
    ("agent", "reason"),
    [
        ("", "no_user_agent"),
        ("   ", "no_user_agent"),
        ("Mozilla/5.0", "privacy_proxy"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0",
            "prefetch",
        ),
        ("Barracuda Sentinel (EE)", "scanner"),
        ("Mozilla/5.0 (compatible; Proofpoint URL Defense)", "scanner"),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "crawler"),
        ("curl/8.5.0", "crawler"),
        ("python-requests/2.31", "crawler"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/120.0.0.0 Safari/537.36", "crawler"),
        ("Microsoft Office Existence Discovery", "crawler"),
        ("Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5", "crawler"),
    ],
)
@pytest.mark.parametrize("event_type", ["open", "click"])
def test_programs_that_say_what_they_are_are_machines(agent, reason, event_type):
    assert why_machine(agent, event_type) == reason


@pytest.mark.parametrize(
    ("agent", "reason"), [(GOOGLE_PROXY, "image_proxy"), (YAHOO_PROXY, "image_proxy"), (OUTLOOK, "crawler")]
)
def test_nobody_clicks_through_an_image_proxy_or_inside_a_mail_program(agent, reason):
    assert why_machine(agent, "click") == reason


def test_a_browser_clicks_for_a_person():
    assert why_machine(CHROME, "click") == ""


@pytest.mark.parametrize("hostile", ["a" * 90_000, "(" * 90_000, "1.1." * 20_000, "bot" * 30_000, "é;" * 40_000])
def test_a_hostile_user_agent_is_judged_quickly(hostile):
    CrawlerDetect().is_crawler("compile the patterns first")

    started = time.perf_counter()
    why_machine(hostile, "open")

    assert time.perf_counter() - started < 0.5
