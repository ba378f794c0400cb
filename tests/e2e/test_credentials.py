"""Content credentials are reported as absent, valid or invalid, and never fetched."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import c2pa
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from fastapi.testclient import TestClient

from wreckid.model.release import Release
from wreckid.serving import credentials as credentials_module
from wreckid.serving.credentials import credentials
from wreckid.serving.translation import LANGUAGES, translation
from wreckid.serving.words import CREDENTIALS

if TYPE_CHECKING:
    from tests.conftest import Finished

MakePhoto = Callable[..., bytes]
CAPTURED = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"
MANIFEST = {
    "claim_generator_info": [{"name": "camera", "version": "1"}],
    "assertions": [
        {
            "label": "c2pa.actions",
            "data": {"actions": [{"action": "c2pa.created", "digitalSourceType": CAPTURED}]},
        }
    ],
}


def certificate(
    subject: str, key: ec.EllipticCurvePrivateKey, by: ec.EllipticCurvePrivateKey, *, ca: bool
) -> bytes:
    """A certificate in PEM as C2PA wants them, good for a day."""
    now = datetime.now(UTC)
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name("authority"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca, None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=not ca,
                key_cert_sign=ca,
                crl_sign=ca,
                encipher_only=False,
                decipher_only=False,
                **usage,
            ),
            critical=True,
        )
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if not ca:
        email = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(email, critical=False)
    return builder.sign(by, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "test"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


@pytest.fixture(scope="module")
def signed(photo: MakePhoto) -> bytes:
    """A red photo with a manifest that holds."""
    authority, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    chain = certificate("camera", key, authority, ca=False)
    chain += certificate("authority", authority, authority, ca=True)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    info = c2pa.C2paSignerInfo(alg=b"es256", sign_cert=chain, private_key=private, ta_url=None)
    file = BytesIO()
    with c2pa.Signer.from_info(info) as signer, c2pa.Builder(MANIFEST) as builder:
        builder.sign(signer, "image/jpeg", BytesIO(photo("red")), file)
    return file.getvalue()


def changed(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def test_every_row_says_what_the_credentials_are_worth(
    signed: bytes,
    photo: MakePhoto,
    wreckid: Callable[..., "Finished"],
    release: Release,
    tmp_path: Path,
) -> None:
    (tmp_path / "evidence").mkdir()
    for name, data in {
        "1.jpg": photo("red"),
        "2.jpg": signed,
        "3.jpg": changed(signed, len(signed) - 40),
        "4.jpg": changed(signed, signed.index(b"c2pa.created")),
        "5.bmp": photo("red", kind="BMP"),
        "6.png": photo("red", kind="PNG"),
    }.items():
        (tmp_path / "evidence" / name).write_bytes(data)
    out = tmp_path / "out"
    wreckid("batch", tmp_path / "evidence", "--out", out, "--release", release.folder)
    rows = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    found = [row["photos"][0]["credentials"] for row in rows]
    assert found == ["absent", "valid", "invalid", "invalid", "absent", "absent"]
    page = (out / "report.html").read_text()
    assert page.count("content credentials (C2PA) invalid") == 2
    opened = json.loads((out / "log.jsonl").read_text().splitlines()[0])
    assert "c2pa-python" in opened["configuration"]["libraries"]


def test_terminal_and_page_say_it_in_a_line(
    signed: bytes,
    photo: MakePhoto,
    wreckid: Callable[..., "Finished"],
    release: Release,
    client: TestClient,
    tmp_path: Path,
) -> None:
    found = {"a.jpg": signed, "b.jpg": changed(signed, len(signed) - 40), "c.jpg": photo("red")}
    for name, data in found.items():
        (tmp_path / name).write_bytes(data)
    shown = wreckid("classify", *(tmp_path / name for name in found), "--release", release.folder)
    assert "Content credentials (C2PA): a.jpg valid, b.jpg invalid, c.jpg absent." in shown.out
    sent = [("photos", one) for one in found.items()]
    for language in LANGUAGES:
        page = client.post("/", files=sent, headers={"Accept-Language": language}).text
        said = [translation(language).say(words) for words in CREDENTIALS.values()]
        assert [page.count(f" · {words}") for words in said] == [1, 1, 1]


def test_a_manifest_that_cannot_be_read_is_invalid(signed: bytes) -> None:
    assert credentials(signed[: signed.index(b"c2pa.created")]) == "invalid"


def test_without_the_library_nothing_is_said(
    signed: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credentials_module, "find_spec", lambda name: None)
    assert credentials(signed) is None
