"""The measured mail: HTML with links, personal in several places, about 10 KB on the wire with its text part."""

SUBJECT = "A question for {{ first_name }} at {{ company }}"
LINES = [
    "Most teams we talk to spend two days a month on this, and none of them likes it.",
    "We looked at what {{ company }} does in {{ city }}, and think an hour would do instead.",
    'Here is <a href="https://sender.example/others">how others went about it</a>, and what it cost them.',
    'The <a href="https://sender.example/figures">figures</a> are in our <a href="https://sender.example/guide">'
    "guide</a>; for {{ custom.industry | default: 'your trade' }} they look much the same.",
]
STYLE = 'style="margin:0 0 12px;font:15px/1.5 Arial,sans-serif;color:#222"'
PARAGRAPHS = 27  # brings the mail to the size of the reference's, text part and headers included


def body() -> str:
    """The body as an editor writes it; links, pixel and footer are put in by whoever sends it."""
    lines = (LINES * PARAGRAPHS)[:PARAGRAPHS]
    paragraphs = "".join(f"<p {STYLE}>{line}</p>\n" for line in lines)
    way_out = '<p>Thank you. <a href="https://sender.example/book">Choose a time</a> that suits you.</p>'
    return f"<!doctype html><html><body><p {STYLE}>Hello {{{{ first_name }}}},</p>\n{paragraphs}{way_out}</body></html>"


BODY = body()
