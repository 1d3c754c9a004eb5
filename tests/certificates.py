"""Certificates for the tests, made when they are needed: nothing expires in the repository."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import trustme
from cryptography.hazmat.primitives import serialization

HOSTS = ("localhost", "127.0.0.1", "::1")
PASSWORD = "a password for keys"
DAY = datetime.timedelta(days=1)


class Authority:
    """Somebody who issues certificates, with a folder for the files.

    :ivar file: the authority's own certificate, to be trusted.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._ca = trustme.CA()
        self.file = str(folder / "authority.pem")
        self._ca.cert_pem.write_to_path(self.file)

    def issue(self, name: str, *hosts: str, days: tuple[int, int] = (-1, 30), common_name: str = "") -> Files:
        """A certificate and its key.

        :param name: of the files.
        :param hosts: what it is for; the local ones if there are none.
        :param days: from when to when it is valid, from now.
        """
        now = datetime.datetime.now(datetime.timezone.utc)
        first, last = days
        issued = self._ca.issue_cert(
            *(hosts or HOSTS),
            common_name=common_name or None,
            not_before=now + first * DAY,
            not_after=now + last * DAY,
        )
        return Files(self._folder / name, issued)


class Files:
    """A certificate and its key in files.

    :ivar cert: the certificate's, with those that lead to the authority.
    :ivar key: the private key's.
    :ivar both: one with both.
    :ivar encrypted: the private key's, encrypted with ``PASSWORD``.
    """

    def __init__(self, base: Path, issued: trustme.LeafCert) -> None:
        self.cert, self.key, self.both, self.encrypted = (
            f"{base}.{end}" for end in ("cert.pem", "key.pem", "both.pem", "encrypted.pem")
        )
        chain, key = b"".join(one.bytes() for one in issued.cert_chain_pems), issued.private_key_pem.bytes()
        Path(self.cert).write_bytes(chain)
        Path(self.key).write_bytes(key)
        Path(self.both).write_bytes(key + chain)
        Path(self.encrypted).write_bytes(
            serialization.load_pem_private_key(key, None).private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.BestAvailableEncryption(PASSWORD.encode()),
            )
        )

    def server(self) -> dict[str, Any]:
        """Configuration items of a server that has it."""
        return {"SSL": True, "SSL_SERVERCERT": self.cert, "SSL_SERVERKEY": self.key}

    def client(self) -> dict[str, Any]:
        """Configuration items of a client that has it."""
        return {"SSL": True, "SSL_CLIENTCERT": self.cert, "SSL_CLIENTKEY": self.key}
