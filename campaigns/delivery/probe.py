"""Whether an e-mail service takes a key, asked without sending anything."""

from collections.abc import Mapping
from datetime import UTC, datetime

import requests

from campaigns.delivery.guarded_http import GuardedSession, Line, Resolve
from campaigns.delivery.hiding import without
from campaigns.delivery.outcomes import SenderFault, Stage
from campaigns.delivery.service_answers import outcome_of, said
from campaigns.delivery.services import SERVICES, secrets_of, url_of


def probe(esp: str, keys: Mapping[str, str], *, resolve: Resolve, seconds: float) -> SenderFault | None:
    """None when the service takes the key, else what is wrong. For services that have a probe; raises of `resolve`."""
    path, header, shown = SERVICES[esp].probe or ("", "", "")
    line = Line(resolve, seconds=seconds)
    line.begin(lambda: True)
    with GuardedSession(line) as session:
        try:
            answer = session.get(url_of(esp, keys) + path, headers={header: shown.format(**keys)})
        except requests.exceptions.SSLError as error:
            is_certificate = "CERTIFICATE_VERIFY_FAILED" in str(error)
            return SenderFault("certificate" if is_certificate else "tls", reply=_words(error), stage=Stage.TLS)
        except requests.RequestException as error:
            is_late = line.is_timed_out or isinstance(error, requests.Timeout)
            return SenderFault("timeout" if is_late else "connect", reply=_words(error))
    if answer.ok:
        return None
    text = without(secrets_of(esp, keys), answer.text)
    outcome = outcome_of(answer.status_code, answer.headers, text, now=datetime.now(UTC))
    if isinstance(outcome, SenderFault):
        return outcome
    return SenderFault("service_trouble", answer.status_code, said(answer.status_code, text))


def _words(error: requests.RequestException) -> str:
    return str(error.args[0] if error.args else error)[:500]
