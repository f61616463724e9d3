"""What the image and compose.yaml rely on."""

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from django.conf import settings

from campaigns_project.runtime.healthcheck import answers

ROOT = Path(settings.BASE_DIR)


class Web(BaseHTTPRequestHandler):
    """Answers to one name and one path, as the web does."""

    def do_GET(self) -> None:
        is_known = (self.path, self.headers["Host"]) == ("/healthz", "mail.example.com")
        self.send_response(200 if is_known else 400)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Web) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield str(server.server_port)
        server.shutdown()
        thread.join()


def test_the_health_of_a_container_is_asked_under_its_public_name(port: str):
    named = {"WEB_PORT": port, "PUBLIC_URL": "https://mail.example.com/"}

    assert answers(named)
    assert not answers({"WEB_PORT": port})


def test_a_web_that_is_not_there_is_not_healthy():
    script = ROOT / "campaigns_project/runtime/healthcheck.py"

    asked = subprocess.run([sys.executable, script], env={"WEB_PORT": "1"}, capture_output=True, check=False)

    assert (asked.returncode, asked.stderr) == (1, b"")


def test_nothing_outside_the_tests_needs_them_since_the_image_has_none():
    needs = re.compile(r"^\s*(?:from|import) [\w.]*\btests\b", re.MULTILINE)
    apps = ("campaigns_project", "campaigns", "leads", "tracking")
    sources = [path for app in apps for path in (ROOT / app).rglob("*.py") if "tests" not in path.parts]

    assert "**/tests" in (ROOT / ".dockerignore").read_text().splitlines()
    assert [str(path) for path in sources if needs.search(path.read_text())] == []


def test_the_image_takes_only_what_is_there():
    copied = re.findall(r"^COPY (?!--from)(\S+) ", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    started = re.findall(r'"(campaigns_project/[\w/]+\.py)"', (ROOT / "Dockerfile").read_text())

    assert copied and started
    assert [path for path in (*copied, *started) if not (ROOT / path).exists()] == []
