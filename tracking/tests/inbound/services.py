"""E-mail services as they report: bodies as their documentation shows them, signed as they sign."""

import base64
import hmac
import json
import time
from hashlib import sha1, sha256
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.utils import timezone

from campaigns.hearing import webhook_address
from campaigns.models import Message, Sender
from campaigns.tests.factories import MessageFactory, SenderFactory
from tracking.inbound.settle import settle_waiting
from tracking.models import InboundWebhook

EC_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _public(key: Any) -> str:
    return base64.b64encode(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


PASSWORD = "correct horse battery"
SECRETS = {
    "mailersend": "ms-signing-secret",
    "mailgun": "mg-signing-key",
    "mandrill": "md-webhook-key",
    "postal": _public(RSA_KEY),
    "resend": "whsec_" + base64.b64encode(b"a secret of 24 bytes, ok").decode(),
    "sendgrid": _public(EC_KEY),
}
NUMBER = "62f114f7165fe0d8db0288e5"  # what MailerSend called the mail when it took it; it hands nothing else back
DEAD = "550 5.1.1 The email account that you tried to reach does not exist"


def sender_of(service: str, **more: Any) -> Sender:
    given = {"webhook_service": service, "webhook_secret": SECRETS.get(service, PASSWORD), **more}
    return SenderFactory(**given)


def mail_of(sender: Sender, address: str = "bob@example.org", **more: Any) -> Message:
    given = {"recipient__campaign__organization": sender.organization, "recipient__email_address": address}
    taken = {"smtp_code": 200, "smtp_reply": f"queued by the service, as {NUMBER}"}
    return MessageFactory(sender=sender, **{**given, **taken, **more})


def path_of(sender: Sender) -> str:
    return urlsplit(webhook_address(sender)).path


def login(secret: str = PASSWORD, user: str = "fairlead") -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()}


def headers_of(
    service: str, body: bytes, *, sender: Sender, at: float | None = None, secret: str = ""
) -> dict[str, str]:
    """What the service would send with `body`, signed `at` with `secret`, or as it is right."""
    moment = str(int(at or time.time()))
    key = secret or SECRETS.get(service, PASSWORD)
    if service == "mailgun":
        return {}  # its signature is in the body
    if service in _SIGNED:
        return _SIGNED[service](body, moment, key, sender)
    return {**login(key), **(_of_sns(body) if service == "amazon_ses" else {})}


def _by_mailersend(body: bytes, _moment: str, key: str, _sender: Sender) -> dict[str, str]:
    return {"Signature": hmac.new(key.encode(), body, sha256).hexdigest()}


def _by_resend(body: bytes, moment: str, key: str, _sender: Sender) -> dict[str, str]:
    raw = base64.b64decode(key.removeprefix("whsec_"))
    signed = hmac.digest(raw, b".".join([b"msg_1", moment.encode(), body]), sha256)
    signature = f"v1,{base64.b64encode(signed).decode()}"
    return {"svix-id": "msg_1", "svix-timestamp": moment, "svix-signature": signature}


def _by_sendgrid(body: bytes, moment: str, _key: str, _sender: Sender) -> dict[str, str]:
    signed = EC_KEY.sign(moment.encode() + body, ec.ECDSA(hashes.SHA256()))
    name = "X-Twilio-Email-Event-Webhook"
    return {f"{name}-Signature": base64.b64encode(signed).decode(), f"{name}-Timestamp": moment}


def _by_postal(body: bytes, _moment: str, _key: str, _sender: Sender) -> dict[str, str]:
    signed = RSA_KEY.sign(body, padding.PKCS1v15(), hashes.SHA1())
    return {"X-Postal-Signature": base64.b64encode(signed).decode()}


def _by_mandrill(body: bytes, _moment: str, key: str, sender: Sender) -> dict[str, str]:
    events = parse_qs(body.decode())["mandrill_events"][0]
    signed = hmac.new(key.encode(), f"{webhook_address(sender)}mandrill_events{events}".encode(), sha1).digest()
    return {"X-Mandrill-Signature": base64.b64encode(signed).decode()}


_SIGNED = {
    "mailersend": _by_mailersend,
    "mandrill": _by_mandrill,
    "postal": _by_postal,
    "resend": _by_resend,
    "sendgrid": _by_sendgrid,
}


def _of_sns(body: bytes) -> dict[str, str]:
    told = json.loads(body)
    return {"x-amz-sns-message-type": told["Type"], "x-amz-sns-message-id": told["MessageId"]}


def post(
    client: Any, sender: Sender, content: Any, *, at: float | None = None, secret: str = "", **headers: str
) -> Any:
    """The service of `sender` reports `content`."""
    service = sender.webhook_service
    body = written(service, content, at=at, secret=secret)
    kind = "application/x-www-form-urlencoded" if service == "mandrill" else "application/json"
    signed = headers_of(service, body, sender=sender, at=at, secret=secret)
    return client.post(path_of(sender), body, content_type=kind, headers={**signed, **headers})


def written(service: str, content: Any, *, at: float | None = None, secret: str = "") -> bytes:
    """The body of a report."""
    if isinstance(content, bytes):
        return content
    if service == "mailgun" and "signature" not in content:
        content = {"signature": _mailgun_signature(at, secret), **content}
    if service == "mandrill":
        return f"mandrill_events={quote(json.dumps(content), safe='')}".encode()
    return json.dumps(content).encode()


def _mailgun_signature(at: float | None, secret: str) -> dict[str, str]:
    moment, token = str(int(at or time.time())), "a" * 50
    key = (secret or SECRETS["mailgun"]).encode()
    return {
        "timestamp": moment,
        "token": token,
        "signature": hmac.new(key, f"{moment}{token}".encode(), sha256).hexdigest(),
    }


def settle_all() -> None:
    """As many turns of the tick as it takes: on a busy machine one has not the time for all."""
    while InboundWebhook.objects.filter(status="waiting").exists():
        settle_waiting(now=timezone.now())


def hard_bounce(service: str, message: Message) -> Any:
    """That nobody has the address of `message`, in the words of the service."""
    address = message.recipient.email_address
    metadata = {"message_id": message.message_id}
    return {
        "amazon_ses": lambda: sns(
            {
                "notificationType": "Bounce",
                "bounce": {
                    "bounceType": "Permanent",
                    "bounceSubType": "General",
                    "bouncedRecipients": [
                        {
                            "emailAddress": address,
                            "action": "failed",
                            "status": "5.1.1",
                            "diagnosticCode": f"smtp; {DEAD}",
                        }
                    ],
                    "timestamp": "2026-01-01T12:10:00.000Z",
                    "feedbackId": "0100-f",
                },
                "mail": {
                    "timestamp": "2026-01-01T12:00:00.000Z",
                    "source": "ada@sender.example",
                    "messageId": "0100019b-ses",
                    "destination": [address],
                    "headersTruncated": False,
                    "headers": [{"name": "Message-ID", "value": message.message_id}],
                },
            }
        ),
        "brevo": lambda: {
            "event": "hard_bounce",
            "email": address,
            "id": 26224,
            "date": "2026-01-01 12:10:00",
            "ts": 1767269400,
            "message-id": message.message_id,
            "ts_event": 1767269400,
            "subject": "Hello",
            "X-Mailin-custom": json.dumps(metadata),
            "sending_ip": "192.0.2.1",
            "ts_epoch": 1767269400000,
            "reason": DEAD,
        },
        "mailersend": lambda: {
            "type": "activity.hard_bounced",
            "domain_id": "yv69oxl5kl785kw2",
            "created_at": "2026-01-01T12:10:00.000000Z",
            "webhook_id": "2351ndgwr4zqx8ko",
            "url": "https://example.com/hooks",
            "data": {
                "object": "activity",
                "id": "62f114f8165fe0d8db0288e3",
                "type": "hard_bounced",
                "created_at": "2026-01-01T12:10:00.000000Z",
                "email": {
                    "object": "email",
                    "id": "62f114f7165fe0d8db0288e2",
                    "status": "rejected",
                    "message": {"object": "message", "id": NUMBER},
                    "recipient": {"object": "recipient", "email": address},
                },
                "morph": {"object": "recipient_bounce", "reason": "Host or domain name not found"},
            },
        },
        "mailgun": lambda: {
            "event-data": {
                "id": "G9Bn5sl1TC6nu79C8C0bwg",
                "timestamp": 1767269400.5,
                "log-level": "error",
                "event": "failed",
                "severity": "permanent",
                "reason": "bounce",
                "recipient": address,
                "recipient-domain": "example.org",
                "delivery-status": {"code": 550, "message": DEAD, "description": "", "attempt-no": 1},
                "message": {"headers": {"message-id": message.message_id.strip("<>"), "to": address}},
                "user-variables": metadata,
                "tags": [],
            }
        },
        "mailjet": lambda: [
            {
                "event": "bounce",
                "time": 1767269400,
                "MessageID": 576460752303436789,
                "Message_GUID": "1ab23cd4-e567",
                "email": address,
                "blocked": False,
                "hard_bounce": True,
                "error_related_to": "recipient",
                "error": "user unknown",
                "comment": "",
                "CustomID": "",
                "Payload": json.dumps(metadata),
            }
        ],
        "mandrill": lambda: [
            {
                "event": "hard_bounce",
                "_id": "exampleaaaaaaaaaaaaaaaaaaaaaaaaa",
                "ts": 1767269400,
                "msg": {
                    "ts": 1767268800,
                    "_id": "exampleaaaaaaaaaaaaaaaaaaaaaaaaa",
                    "email": address,
                    "sender": "ada@sender.example",
                    "state": "bounced",
                    "bounce_description": "bad_mailbox",
                    "diag": f"smtp;{DEAD}",
                    "metadata": metadata,
                },
            }
        ],
        "postal": lambda: {
            "event": "MessageDeliveryFailed",
            "timestamp": 1767269400.3,
            "uuid": "0adae9bf-4d53-4f08-a5b8-5e1d1c1d8c1b",
            "payload": {
                "status": "HardFail",
                "details": "Permanent SMTP delivery error when sending to mx.example.org",
                "output": DEAD,
                "message": {
                    "id": 12345,
                    "token": "abcdef123",
                    "direction": "outgoing",
                    "message_id": message.message_id.strip("<>"),
                    "to": address,
                    "from": "ada@sender.example",
                    "subject": "Hello",
                },
            },
        },
        "postmark": lambda: {
            "RecordType": "Bounce",
            "MessageStream": "broadcast",
            "ID": 4323372036854775807,
            "Type": "HardBounce",
            "TypeCode": 1,
            "Name": "Hard bounce",
            "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
            "Metadata": metadata,
            "Description": "The server was unable to deliver your message (ex: unknown user, mailbox not found).",
            "Details": f"smtp;{DEAD}",
            "Email": address,
            "BouncedAt": "2026-01-01T12:10:00Z",
            "Inactive": True,
        },
        "resend": lambda: {
            "type": "email.bounced",
            "created_at": "2026-01-01T12:10:00.000Z",
            "data": {
                "email_id": "56761188-7520-42d8-8898-ff6fc54ce618",
                "to": [address],
                "from": "Ada <ada@sender.example>",
                "bounce": {
                    "message": "The recipient's email provider sent a hard bounce message.",
                    "subType": "General",
                    "type": "Permanent",
                },
                "headers": [{"name": "X-Metadata", "value": json.dumps(metadata)}],
            },
        },
        "sendgrid": lambda: [
            {
                "email": address,
                "timestamp": 1767269400,
                "smtp-id": "<14c5d75ce93.dfd.64b469@ismtpd-555>",
                "event": "bounce",
                "bounce_classification": "Invalid Address",
                "sg_event_id": "6g4ZI7SA-xmRDv57GoPIPw==",
                "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001",
                "reason": DEAD,
                "status": "5.1.1",
                "type": "bounce",
                **metadata,
            }
        ],
        "sparkpost": lambda: [
            {
                "msys": {
                    "message_event": {
                        "type": "bounce",
                        "bounce_class": "10",
                        "event_id": "92356927693813856",
                        "raw_rcpt_to": address,
                        "rcpt_meta": metadata,
                        "raw_reason": DEAD,
                        "timestamp": "1767269400",
                        "transmission_id": "65832150921904138",
                    }
                }
            }
        ],
    }[service]()


def sns(content: Any, number: str = "da41e39f-ea4d-435a-b922-c6aae3915ebe") -> dict[str, Any]:
    """A notice of Amazon SNS around what SES says."""
    return {
        "Type": "Notification",
        "MessageId": number,
        "TopicArn": "arn:aws:sns:us-east-1:123456789012:ses-events",
        "Message": json.dumps(content),
        "Timestamp": "2026-01-01T12:10:01.000Z",
        "SignatureVersion": "1",
        "Signature": "EXAMPLE",
        "SigningCertURL": "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-1234567890.pem",
    }


def complaint(message: Message, number: int = 42, at: str = "2026-01-01T12:20:00Z") -> dict[str, Any]:
    """Postmark's word that somebody called a mail spam."""
    return {
        "RecordType": "SpamComplaint",
        "MessageStream": "broadcast",
        "ID": number,
        "Type": "SpamComplaint",
        "TypeCode": 512,
        "Name": "Spam complaint",
        "MessageID": "00000000-0000-0000-0000-000000000000",
        "Metadata": {"message_id": message.message_id},
        "Description": "The subscriber explicitly marked this message as spam.",
        "Details": "Test spam complaint details",
        "Email": message.recipient.email_address,
        "From": "ada@sender.example",
        "BouncedAt": at,
    }
