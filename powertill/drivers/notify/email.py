"""Sends each message as an e-mail through an SMTP server, with time-outs and a Message-ID of its own key."""

import contextlib
import hashlib
import smtplib
import ssl
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any

from powertill.core.ports import DriverInfo, Field, LinkFault, Receipt

TIMEOUT_S = 10
TIMEOUT_S_MAX = 60
HEADER_MAX = 500
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Refused(ValueError):
    """This message or these settings will never go out, however often one tries."""


class EmailNotify:
    """Speaks SMTP, plain, with STARTTLS or inside TLS. A server's yes is a receipt, never a proof of delivery."""

    info = DriverInfo(
        "email",
        "E-mail (SMTP)",
        frozenset(),
        (
            Field("host", "Server"),
            Field("port", "Port (587 STARTTLS, 465 TLS, 25 plain)"),
            Field("sender", "Sender's address"),
            Field("security", "starttls, tls or none", required=False),
            Field("username", "User name", required=False),
            Field("password", "Password", required=False, secret=True),
            Field("ca_file", "File of a private certificate authority", required=False),
            Field("timeout_s", f"Time-out in seconds, at most {TIMEOUT_S_MAX}", required=False),
        ),
    )

    def send(self, settings: Mapping[str, Any], *, key: str, to: str, subject: str, body: str) -> Receipt:
        """Hand the message over. Raise `LinkFault` when trying again may help; otherwise the receipt says no.

        The same key makes the same Message-ID, so a message that a lost answer sent twice is one mail
        to every mail program that joins equal ids.
        """
        try:
            message = _message(settings, key=key, to=to, subject=subject, body=body)
            _hand_over(_connect(settings), message)
        except Refused as no:
            return Receipt(False, str(no))
        except smtplib.SMTPRecipientsRefused as fault:
            return _answer(*next(iter(fault.recipients.values())))
        except smtplib.SMTPResponseException as fault:
            return _answer(fault.smtp_code, fault.smtp_error)
        except smtplib.SMTPNotSupportedError as fault:
            return Receipt(False, f"the server cannot do this: {fault}")
        except (smtplib.SMTPException, OSError) as fault:
            raise LinkFault(f"mail server: {type(fault).__name__}") from fault
        return Receipt(True, str(message["Message-ID"]))


def _message(settings: Mapping[str, Any], *, key: str, to: str, subject: str, body: str) -> EmailMessage:
    sender = _address(str(settings["sender"]))
    message = EmailMessage()
    message["From"], message["To"] = sender, _address(to)
    message["Subject"] = _header(subject)
    name = hashlib.sha256(key.encode()).hexdigest()[:32]
    message["Message-ID"] = f"<{name}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: holiday robots stay silent
    message.set_content(body)
    return message


def _header(text: str) -> str:
    """Return `text`, or refuse it: a line break would let a message write headers of its own."""
    if len(text) > HEADER_MAX or any(not sign.isprintable() for sign in text):
        raise Refused("a header is too long or has a control character")
    return text


def _address(text: str) -> str:
    """Return the one plain address that `text` is; names, lists and comments are refused."""
    _header(text)
    if (
        not text.isascii()
        or parseaddr(text) != ("", text)
        or text.count("@") != 1
        or text.startswith("@")
        or text.endswith("@")
        or " " in text
    ):
        raise Refused("not one e-mail address")
    return text


def _hand_over(server: smtplib.SMTP, message: EmailMessage) -> None:
    try:
        server.send_message(message)
        # The message is taken: whatever happens to the good-bye must not send it again.
        with contextlib.suppress(smtplib.SMTPException, OSError):
            server.quit()
    finally:
        server.close()


def _connect(settings: Mapping[str, Any]) -> smtplib.SMTP:
    host, port = str(settings["host"]), int(settings["port"])
    timeout = min(int(settings.get("timeout_s") or TIMEOUT_S), TIMEOUT_S_MAX)
    security = settings.get("security") or "starttls"
    if security not in ("starttls", "tls", "none"):
        raise Refused(f"security is starttls, tls or none, not {security!r}")
    if security == "none" and settings.get("username") and host not in LOOPBACK:
        raise Refused("a password is not sent without encryption")
    context = ssl.create_default_context(cafile=settings.get("ca_file") or None)
    if security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=timeout, context=context)
    else:
        server = smtplib.SMTP(host, port, timeout=timeout)
    try:
        if security == "starttls":
            server.starttls(context=context)
        if settings.get("username"):
            server.login(str(settings["username"]), str(settings.get("password") or ""))
    except BaseException:
        server.close()
        raise
    return server


def _answer(code: int, text: bytes | str) -> Receipt:
    """Return a refusal for a permanent answer (5xx); raise `LinkFault` for a passing one (4xx)."""
    reason = f"{code} {text.decode('ascii', 'replace') if isinstance(text, bytes) else text}"[:200]
    if 400 <= code < 500:
        raise LinkFault(reason)
    return Receipt(False, reason)


DRIVER = EmailNotify
