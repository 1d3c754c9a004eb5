"""TLS: both sides show certificates, and the server lets in the names that it knows.

The certificates come from a certificate authority that exists only while this runs; trustme makes it.

Prints:

    the vault has 7 bars of gold for teller.bank.example
    without a certificate: refused
    a stranger's name: refused
    the server is not who it says: refused
"""

import tempfile
from pathlib import Path
from threading import Thread
from typing import Any

from pyroplug.api import Daemon, Proxy, config, current_context, expose
from pyroplug.config import Configuration
from pyroplug.errors import CommunicationError

try:
    import trustme
except ImportError:
    trustme = None  # type: ignore[assignment]


@expose
class Vault:
    def gold(self) -> str:
        assert current_context.client is not None
        certificate = current_context.client.getpeercert()
        return f"7 bars of gold for {certificate['subjectAltName'][0][1]}"


def settings(folder: Path, authority: Any, name: str) -> Configuration:
    """A configuration for somebody with a certificate for a name, who trusts the authority."""
    file = str(folder / f"{name}.pem")
    authority.issue_cert(name).private_key_and_cert_chain_pem.write_to_path(file)
    made = config.copy()
    made.SSL = True
    made.SSL_CACERTS = str(folder / "authority.pem")
    made.SSL_SERVERCERT = made.SSL_CLIENTCERT = file
    return made


def ask(uri: Any, settings: Configuration) -> str:
    with Proxy(uri, config=settings) as vault:
        try:
            return str(vault.gold())
        except CommunicationError:
            return "refused"


def run(folder: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    bank = settings(folder, authority, "localhost")
    bank.SSL_REQUIRECLIENTCERT = True
    bank.HANDSHAKE_CERTIFICATE_NAMES = ("*.bank.example",)

    with Daemon("localhost", handshake=["client-certificate"], config=bank) as daemon:
        uri = daemon.register(Vault(), "vault")
        Thread(target=daemon.requestLoop).start()

        teller = settings(folder, authority, "teller.bank.example")
        print(f"the vault has {ask(uri, teller)}")
        nobody = teller.copy()
        nobody.SSL_CLIENTCERT = ""
        print(f"without a certificate: {ask(uri, nobody)}")
        print(f"a stranger's name: {ask(uri, settings(folder, authority, 'robber.example'))}")
        print(f"the server is not who it says: {ask(f'PYRO:vault@127.0.0.1:{uri.port}', teller)}")


def main() -> None:
    if trustme is None:
        print("Skipped: trustme is not installed, and certificates are needed.")
        return
    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder))


if __name__ == "__main__":
    main()
