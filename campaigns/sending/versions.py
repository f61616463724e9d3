"""The wordings mails were made of, kept so that what somebody got can be shown."""

from collections.abc import Iterable

from django.db import connection

from campaigns.models import Variant

WORDING = ("subject", "preheader", "body_html", "body_text")

# What this process has seen written, so that a chunk of a known version asks nothing. Ids are never used again, and
# versions only go with their variant.
_kept: set[tuple[int, int]] = set()


def keep_versions(variants: Iterable[Variant]) -> None:
    """Write down these wordings as they are in memory, before the first mail made of them leaves."""
    new = [variant for variant in variants if (variant.pk, variant.version) not in _kept]
    if not new:
        return
    columns = [[getattr(variant, name) for variant in new] for name in ("pk", "version", *WORDING)]
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, columns)
    _kept.update((variant.pk, variant.version) for variant in new)


# Only of variants that are still there: their campaign may be gone by now.
_KEEP = """
INSERT INTO campaign_variant_versions (variant_id, version, subject, preheader, body_html, body_text, created_at)
SELECT made.id, made.version, made.subject, made.preheader, made.body_html, made.body_text, now()
FROM unnest(%s::bigint[], %s::int[], %s::text[], %s::text[], %s::text[], %s::text[])
    AS made(id, version, subject, preheader, body_html, body_text)
JOIN campaign_variants variant ON variant.id = made.id
ORDER BY made.id -- one order everywhere: two workers that keep the same ones would else wait for each other
FOR KEY SHARE OF variant
ON CONFLICT DO NOTHING
"""
