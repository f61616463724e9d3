"""What is asked of whom, checked before it is kept."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from campaigns_project.encryption import refuse_elsewhere
from leads.enrichment.errors import ProfileRefused
from leads.enrichment.fields import FILLABLE, is_fillable
from leads.enrichment.prompts import read_prompt
from leads.models import EnrichmentProfile

MOST_FIELDS = 10  # more are a questionnaire, and models answer those badly


def check_profile(*, url: str, prompt: str, fields: Any) -> None:
    """Refused for an address that is none of http or https, a prompt that cannot be read, or fields nobody may fill.

    Whether the host may be connected to is asked with each request: DNS changes.
    """
    _check_url(url)
    read_prompt(prompt)
    _check_fields(fields)


def check_key_stays(profile: EnrichmentProfile, *, url: str) -> None:
    """Refused where the stored key of `profile` would from now on be sent to the host of `url`, which it was not given
    for."""
    refuse_elsewhere(profile.api_key, field="api_key", before=_origin(profile.url), after=_origin(url))


def active_profiles(organization: Any) -> Any:
    """The profiles of an organization that may be chosen."""
    return EnrichmentProfile.objects.for_organization(organization).filter(is_active=True)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        is_plain = parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc
        is_whole = not (parts.query or parts.fragment)
    except ValueError:
        is_plain = is_whole = False
    if not (is_plain and is_whole):
        message = f"“{url[:100]}” is not the address of an endpoint."
        hint = "Write it up to /v1, such as https://llm.example.com/v1, without a key, question mark or #."
        raise ProfileRefused("bad_endpoint", message, hint, {"field": "url"})


def _check_fields(fields: Any) -> None:
    if not isinstance(fields, Sequence) or isinstance(fields, str) or not 1 <= len(fields) <= MOST_FIELDS:
        hint = f"Give 1 to {MOST_FIELDS} names of fields, such as custom.icebreaker."
        raise ProfileRefused("bad_fields", "There is no list of fields to fill.", hint, {"field": "fields"})
    for name in fields:
        if not isinstance(name, str) or not is_fillable(name):
            message = f"“{str(name)[:60]}” is not a field that an enrichment may fill."
            hint = f"Use {', '.join(FILLABLE)}, or custom.name in small letters, digits and _."
            raise ProfileRefused("bad_fields", message, hint, {"field": "fields"})
    if len(set(fields)) < len(fields):
        raise ProfileRefused("bad_fields", "A field is named twice.", "Name each once.", {"field": "fields"})
