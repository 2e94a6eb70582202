"""A time-stamping authority of the tests: `openssl ts` behind a web address, under a certificate of its own."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.witness_scene import Asked, answering

needs_openssl = pytest.mark.skipif(not shutil.which("openssl"), reason="the command openssl isn't installed")
CONFIG = """
[tsa]
default_tsa = authority
[authority]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ordering = no
tsa_name = yes
ess_cert_id_chain = no
"""
EXTENSIONS = """
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""


class Authority:
    """Its keys and certificates in a folder, and what it answers."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.certificates = folder, folder / "ca.pem"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "tsa.cnf").write_text(CONFIG.format(folder=folder))
        (folder / "extensions.cnf").write_text(EXTENSIONS)
        (folder / "serial").write_text("01\n")
        new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        self._openssl(
            "req", "-x509", *new_key, "-subj", "/CN=Test CA", "-days", "2", "-keyout", "ca.key", "-out", "ca.pem"
        )
        self._openssl("req", "-new", *new_key, "-subj", "/CN=Test TSA", "-keyout", "tsa.key", "-out", "tsa.csr")
        signed_by = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial")
        told = ("-extfile", "extensions.cnf", "-days", "2", "-out", "tsa.pem")
        self._openssl("x509", "-req", "-in", "tsa.csr", *signed_by, *told)

    def reply(self, query: bytes) -> bytes:
        """Return the authority's answer to a query."""
        (self.folder / "query.tsq").write_bytes(query)
        self._openssl("ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query.tsq", "-out", "reply.tsr")
        return (self.folder / "reply.tsr").read_bytes()

    def verifies(self, token: bytes, data: bytes) -> bool:
        """Whether the command openssl finds that the token is a stamp on the data under this authority."""
        (self.folder / "kept.tsr").write_bytes(token)
        (self.folder / "data").write_bytes(data)
        said = self._openssl("ts", "-verify", "-in", "kept.tsr", "-data", "data", "-CAfile", "ca.pem", check=False)
        return said.returncode == 0 and b"Verification: OK" in said.stdout

    @contextmanager
    def there(self) -> Iterator[str]:
        """Have it answer; yield its address."""

        def answer(asked: Asked) -> tuple[int, dict[str, str], bytes]:
            assert asked.media_type == "application/timestamp-query"
            return 200, {"Content-Type": "application/timestamp-reply"}, self.reply(asked.body)

        with answering(answer) as (address, _):
            yield address

    def _openssl(self, *arguments: str, check: bool = True) -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(["openssl", *arguments], cwd=self.folder, check=check, capture_output=True)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tsa"))
