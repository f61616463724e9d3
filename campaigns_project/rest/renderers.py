"""Answers that are no JSON: they are streamed past DRF, which only negotiates them."""

from rest_framework.renderers import JSONRenderer


class CsvRenderer(JSONRenderer):
    """For `Accept: text/csv`. What is refused is told as a problem all the same."""

    media_type = "text/csv"
    format = "csv"


class ZipRenderer(JSONRenderer):
    """For `Accept: application/zip`; a refusal as above."""

    media_type = "application/zip"
    format = "zip"
