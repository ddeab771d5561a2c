"""Servers that hang, drip, lie, lead inside, stream for ever, or have certificates of our own authority."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Act = Callable[[socket.socket, threading.Event], None]
Key = ec.EllipticCurvePrivateKey


@contextmanager
def serving(act: Act, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """The port of a server that does this with each connection."""
    over = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def one(line: socket.socket) -> None:
        with suppress(OSError), line:
            if context is None:
                act(line, over)
                return
            with context.wrap_socket(line, server_side=True) as wrapped:
                act(wrapped, over)

    def accept() -> None:
        while not over.is_set():
            try:
                line, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=one, args=(line,), daemon=True).start()

    waiting = threading.Thread(target=accept, daemon=True)
    waiting.start()
    try:
        yield listener.getsockname()[1]
    finally:
        over.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        waiting.join(2)


def answering(status: str = "200 OK", body: bytes = b"All is well.", more: str = "") -> Act:
    def act(line: socket.socket, _over: threading.Event) -> None:
        line.recv(10_000)
        line.sendall(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode() + body)

    return act


def hang(line: socket.socket, over: threading.Event) -> None:
    line.recv(10_000)
    over.wait(20)


def drip(line: socket.socket, over: threading.Event) -> None:
    """A header that never ends, a byte at a time: each in time for a timeout of the socket."""
    line.recv(10_000)
    line.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while not over.is_set():
        line.sendall(b"a")
        time.sleep(0.05)


def drip_body(line: socket.socket, over: threading.Event) -> None:
    line.recv(10_000)
    line.sendall(b"HTTP/1.1 200 OK\r\n\r\nAll is well.")
    while not over.is_set():
        line.sendall(b"a")
        time.sleep(0.05)


def stream(line: socket.socket, over: threading.Event) -> None:
    line.recv(10_000)
    line.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while not over.is_set():
        line.sendall(b"a" * 65_536)


def lie(line: socket.socket, _over: threading.Event) -> None:
    """No HTTP at all."""
    line.recv(10_000)
    line.sendall(b"\x00\xffWELL\r\n\r\n")


class Authority:
    """Makes certificates that whoever trusts `path` trusts."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, folder / "ca.pem"
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test Authority")])
        self.certificate = self._signed(self.name, self.key, days=3650, names=[], is_authority=True)
        self.path.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def context(self, *, days: float, name: str = "localhost") -> ssl.SSLContext:
        """A server's, with a certificate that ends in so many days."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        made = self._signed(subject, key, days=days, names=[name])
        path = self.folder / f"{name}-{days}.pem"
        plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(*plain))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def _signed(
        self, subject: x509.Name, key: Key, *, days: float, names: list[str], is_authority: bool = False
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        usage = dict.fromkeys(
            ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only",
             "decipher_only"), False
        )  # fmt: skip
        built = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=400))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(own, critical=False)
            .add_extension(issuer, critical=False)
        )
        signs = x509.KeyUsage(digital_signature=True, key_cert_sign=is_authority, crl_sign=is_authority, **usage)
        built = built.add_extension(signs, critical=True)
        if names:
            built = built.add_extension(x509.SubjectAlternativeName([x509.DNSName(one) for one in names]), False)
        return built.sign(self.key, hashes.SHA256())
