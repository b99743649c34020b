"""Settings of the key store: where the exchange's private keys are kept."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, SecretStr, model_validator

from exchange.kernel.settings import KernelSettings


class KeySettings(KernelSettings):
    """The stores of the private keys: key files in the data directory, unless a secret or a token is set."""

    ledger_key: Annotated[
        SecretStr | None,
        Field(
            description="The ledger's private key itself instead of a file: PKCS #8 PEM, or a seed of 32 bytes in base64 "
            "or hexadecimal; to rotate, two keys separated by a comma"
        ),
    ] = None
    answers_key: Annotated[
        SecretStr | None,
        Field(description="The private key that signs answers, instead of `exchange.pem`; the same forms"),
    ] = None
    pkcs11_module: Annotated[
        Path | None,
        Field(description="The PKCS #11 module of the token that keeps the ledger's key, instead of a file"),
    ] = None
    pkcs11_token: Annotated[str | None, Field(description="The label of the PKCS #11 token")] = None
    pkcs11_pin: Annotated[SecretStr | None, Field(description="The user PIN of the PKCS #11 token")] = None

    @model_validator(mode="after")
    def _refuse_two_stores_of_a_key(self) -> Self:
        token = (self.pkcs11_module, self.pkcs11_token, self.pkcs11_pin)
        if any(part is None for part in token) != all(part is None for part in token):
            raise ValueError("EXCHANGE_PKCS11_MODULE, _TOKEN and _PIN belong together: set all or none")
        if self.ledger_key is not None and self.pkcs11_module is not None:
            raise ValueError("the ledger's key is in EXCHANGE_LEDGER_KEY or in a PKCS #11 token, not in both")
        return self
