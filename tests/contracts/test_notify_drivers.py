"""What every notify driver must do; e-mail against a real SMTP server on loopback."""

import json
import socket
import ssl
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from powertill import drivers
from powertill.core.ports import LinkFault

MESSAGE = {"to": "ann@example.org", "subject": "Credit is low: 9.50", "body": "Dear Ann,\nplease buy 电."}


class Inbox:
    """An SMTP handler that keeps what it takes and answers as it is told."""

    def __init__(self):
        self.messages, self.answer, self.rcpt_answer = [], "250 OK", None

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.rcpt_answer:
            return self.rcpt_answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.answer.startswith("250"):
            self.messages.append(envelope.content.decode())
        return self.answer


@pytest.fixture
def inbox():
    handler = Inbox()
    server = Controller(handler, hostname="127.0.0.1", port=free_port())
    yield from served(handler, server)


def served(handler, server):
    server.start()
    handler.port = server.port
    try:
        yield handler
    finally:
        server.stop()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def settings_for(inbox, **more):
    return {"host": "127.0.0.1", "port": inbox.port, "sender": "till@example.org", "security": "none", **more}


def header(text, name):
    return next(line.partition(": ")[2] for line in text.splitlines() if line.lower().startswith(name.lower()))


@pytest.fixture
def each(inbox, tmp_path):
    return {"file": {"path": tmp_path / "out.jsonl"}, "console": {}, "email": settings_for(inbox)}


@pytest.mark.parametrize("code", ["file", "console", "email"])
def test_it_takes_a_message_and_gives_a_proof_but_no_delivery(code, each):
    assert code in drivers.found("notify")
    receipt = drivers.notify_driver(code).send(each[code], key="low-1:7", **MESSAGE)
    assert receipt.accepted and receipt.proof and not receipt.delivered


def test_a_file_holds_a_key_once_whoever_writes(tmp_path):
    path = tmp_path / "deep" / "out.jsonl"
    keys = [f"key {number % 20}" for number in range(200)]

    def send(key):
        return drivers.notify_driver("file").send({"path": path}, key=key, **MESSAGE).proof

    with ThreadPoolExecutor(8) as pool:
        proofs = list(pool.map(send, keys))
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert sorted(line["key"] for line in lines) == sorted(set(keys))
    assert lines[0]["body"] == MESSAGE["body"]
    assert all(len({proof for proof, of in zip(proofs, keys, strict=True) if of == key}) == 1 for key in keys)


def test_one_driver_sees_what_another_process_has_written(tmp_path):
    path, driver = tmp_path / "out.jsonl", drivers.notify_driver("file")
    driver.send({"path": path}, key="a", **MESSAGE)
    program = (
        "import sys; from powertill import drivers;"
        "drivers.notify_driver('file').send({'path': sys.argv[1]}, key='b', to='', subject='', body='')"
    )
    subprocess.run([sys.executable, "-c", program, str(path)], check=True, timeout=60)
    driver.send({"path": path}, key="b", **MESSAGE)
    assert len(path.read_text().splitlines()) == 2


def test_a_torn_line_swallows_nothing(tmp_path):
    path, driver = tmp_path / "out.jsonl", drivers.notify_driver("file")
    driver.send({"path": path}, key="a", **MESSAGE)
    with path.open("a") as out:
        out.write('{"key": "b", "to"')
    driver.send({"path": path}, key="b", **MESSAGE)
    driver.send({"path": path}, key="b", **MESSAGE)
    lines = path.read_text().splitlines()
    assert len(lines) == 3 and json.loads(lines[2])["key"] == "b"


def test_a_full_or_missing_disk_is_a_link_fault(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LinkFault):
        drivers.notify_driver("file").send({"path": tmp_path / "file" / "under.jsonl"}, key="a", **MESSAGE)
    receipt = drivers.notify_driver("file").send({"path": "/dev/full"}, key="a", **MESSAGE)
    assert not receipt.accepted


def test_a_rehearsal_may_count_a_line_as_delivered(tmp_path):
    settings = {"path": tmp_path / "out.jsonl", "counts_as_delivered": "yes"}
    assert drivers.notify_driver("file").send(settings, key="a", **MESSAGE).delivered


def test_a_message_cannot_move_the_terminals_cursor(capsys):
    drivers.notify_driver("console").send({}, key="k", to="ann", subject="\x1b[2Jgone", body="a\nb\r")
    assert capsys.readouterr().out == "[message] k | ann | ?[2Jgone | a b?\n"


def test_an_email_keeps_its_id_when_it_is_sent_again(inbox):
    driver = drivers.notify_driver("email")
    proofs = {driver.send(settings_for(inbox), key="low-1:7", **MESSAGE).proof for _ in range(2)}
    assert len(inbox.messages) == 2 and len(proofs) == 1
    assert {header(text, "Message-ID") for text in inbox.messages} == proofs
    other = driver.send(settings_for(inbox), key="low-1:8", **MESSAGE).proof
    assert other not in proofs and other.endswith("@example.org>")
    assert header(inbox.messages[0], "Auto-Submitted") == "auto-generated"


@pytest.mark.parametrize(
    "change",
    [
        {"to": "ann@example.org\r\nBcc: all@example.org"},
        {"to": "ann@example.org, bob@example.org"},
        {"to": "Ann <ann@example.org>"},
        {"to": "ann"},
        {"to": ""},
        {"to": "änn@example.org"},
        {"subject": "Hello\nBcc: all@example.org"},
        {"subject": "x" * 501},
    ],
)
def test_a_message_that_would_write_headers_of_its_own_is_refused(inbox, change):
    receipt = drivers.notify_driver("email").send(settings_for(inbox), key="k", **{**MESSAGE, **change})
    assert not receipt.accepted and receipt.proof
    assert not inbox.messages


@pytest.mark.parametrize("where", ["answer", "rcpt_answer"])
def test_a_final_no_is_a_receipt_and_a_passing_one_a_fault(inbox, where):
    driver = drivers.notify_driver("email")
    setattr(inbox, where, "550 no such person")
    receipt = driver.send(settings_for(inbox), key="k", **MESSAGE)
    assert (receipt.accepted, receipt.proof) == (False, "550 no such person")
    setattr(inbox, where, "451 later")
    with pytest.raises(LinkFault, match="451 later"):
        driver.send(settings_for(inbox), key="k", **MESSAGE)


def test_nobody_at_home_is_a_fault_within_the_time_out(inbox):
    with pytest.raises(LinkFault):
        drivers.notify_driver("email").send(settings_for(inbox, port=1, timeout_s=1), key="k", **MESSAGE)


def test_a_password_never_travels_in_the_clear(inbox):
    settings = settings_for(inbox, host="mail.example.org", username="till", password="secret")
    receipt = drivers.notify_driver("email").send(settings, key="k", **MESSAGE)
    assert not receipt.accepted and "encryption" in receipt.proof


def test_starttls_checks_the_certificate_and_logs_in(tmp_path):
    certificate, key = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    seen = []

    def authenticate(server, session, envelope, mechanism, data):
        seen.append((mechanism, data.login, data.password))
        return AuthResult(success=True)

    handler = Inbox()
    server = Controller(
        handler,
        hostname="127.0.0.1",
        port=free_port(),
        tls_context=context,
        require_starttls=True,
        authenticator=authenticate,
    )
    for inbox in served(handler, server):
        settings = settings_for(inbox, security="starttls", username="till", password="secret")
        with pytest.raises(LinkFault, match="SSL"):
            drivers.notify_driver("email").send(settings, key="k", **MESSAGE)
        trusted = {**settings, "ca_file": str(certificate)}
        assert drivers.notify_driver("email").send(trusted, key="k", **MESSAGE).accepted
        assert [(login, password) for _, login, password in seen] == [(b"till", b"secret")]


def self_signed(folder):
    """Write a certificate for 127.0.0.1 that nobody but this test trusts."""
    import ipaddress

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    encoding = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    paths[1].write_bytes(key.private_bytes(*encoding))
    return paths
