"""Keys: made once, kept private, read by other tools."""

import base64
import hashlib
import json
import os

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from typer.testing import CliRunner

import signatures
from data_exchange_client import KeyFileError, SigningKey
from data_exchange_client.commands.main import app


def test_a_key_survives_its_file_which_only_its_owner_may_read(tmp_path):
    key = SigningKey.generate()
    path = tmp_path / "new" / "system.key"
    key.save(path)
    assert SigningKey.load(path) == key
    assert path.stat().st_mode & 0o777 == 0o600
    theirs = load_pem_private_key(path.read_bytes(), password=None).public_key().public_bytes_raw()  # type: ignore[union-attr]
    assert theirs == key.public


def test_a_key_file_is_not_overwritten(tmp_path):
    path = tmp_path / "system.key"
    SigningKey.generate().save(path)
    before = path.read_bytes()
    with pytest.raises(KeyFileError, match="exists"):
        SigningKey.generate().save(path)
    assert path.read_bytes() == before


def test_the_id_is_the_thumbprint_of_the_public_key_as_jwk():
    key = SigningKey.generate()
    jwk = json.dumps({"crv": "Ed25519", "kty": "OKP", "x": key.public_text}, separators=(",", ":"), sort_keys=True)
    digest = hashlib.sha256(jwk.encode()).digest()
    assert key.keyid == base64.urlsafe_b64encode(digest).decode().rstrip("=")


def test_a_key_is_not_in_its_representation():
    key = SigningKey.generate()
    assert key.seed.hex() not in repr(key)
    assert repr(key.seed) not in repr(key)


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
def test_a_key_that_others_can_read_is_refused_with_what_to_do(tmp_path):
    path = tmp_path / "system.key"
    SigningKey.generate().save(path)
    path.chmod(0o644)
    with pytest.raises(KeyFileError, match="chmod 600"):
        SigningKey.load(path)


def test_what_is_not_an_ed25519_key_is_refused(tmp_path):
    other = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for content in (b"", b"not a key", other):
        path = tmp_path / hashlib.sha256(content).hexdigest()
        path.write_bytes(content)
        path.chmod(0o600)
        with pytest.raises(KeyFileError):
            SigningKey.load(path)
    with pytest.raises(KeyFileError, match="cannot be read"):
        SigningKey.load(tmp_path / "absent")
    with pytest.raises(KeyFileError, match="cannot be written"):
        SigningKey.generate().save(path / "below")
    with pytest.raises(ValueError, match="32 bytes"):
        SigningKey(b"short")


def test_a_key_proves_that_its_holder_agrees_to_its_registration(tmp_path):
    key = SigningKey.generate()
    key.save(tmp_path / "k.pem")
    arguments = ["--url", "https://exchange.example/", "--organisation", "education", "--principal", "service"]
    result = CliRunner().invoke(app, ["prove", str(tmp_path / "k.pem"), *arguments])
    members = json.loads(result.stdout)
    assert members["public_key"] == key.public_text
    expires = members["proof"]["expires"]
    registration = signatures.Registration("https://exchange.example", "education", "service", key.public, expires)
    signatures.check_possession(registration, base64.urlsafe_b64decode(members["proof"]["signature"] + "=="))
