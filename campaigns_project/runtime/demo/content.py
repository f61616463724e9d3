"""The wordings of the demo's two mails."""

from django.conf import settings

INTRODUCTION, FOLLOW_UP = "introduction", "follow_up"

_SUBJECTS = {
    INTRODUCTION: '{{ first_name | default: "Hello" }}, less waiting at the quay',
    FOLLOW_UP: "",  # it replies in the thread
}


def wording(name: str) -> dict[str, str]:
    """Subject and bodies of one of the two mails, as `campaigns.steps` takes them."""
    body = (settings.BASE_DIR / "templates" / "emails" / f"{name}.html").read_text(encoding="utf-8")
    preheader = "Four minutes on what worked in three ports." if name == INTRODUCTION else ""
    return {"subject": _SUBJECTS[name], "preheader": preheader, "body_html": body, "body_text": ""}
