import logging

import pytest
from django.test import RequestFactory

from campaigns_project.logs import formatter


@pytest.mark.parametrize("style", ["console", "json"])
def test_a_request_that_failed_is_logged_without_the_token_of_its_address(style):
    request = RequestFactory().get("/t/AaUFCWOqwqmE3jos/click")
    record = logging.makeLogRecord(
        {
            "name": "django.request",
            "levelname": "ERROR",
            "msg": "%s: %s",
            "args": ("Service Unavailable", request.path),
            "request": request,
            "status_code": 503,
        }
    )

    line = formatter(style).format(record)

    assert "Service Unavailable: /t/" in line
    assert "503" in line
    assert "AaUFCWOqwqmE3jos" not in line
