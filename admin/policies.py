"""`exchange policy`: what an OPA server needs of this exchange."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from admin import places
from admin.terminal import console, told
from exchange.kernel.keyfiles import KeyFileInvalid, create_once
from policies.bundle import bundle
from policies.signing import ALGORITHM, authorization, new_key, public_key, signed

policy = typer.Typer(help="What an OPA server decides by.", no_args_is_help=True)


@policy.callback()
def _group() -> None:
    """Keep `policy` a group of commands."""


@dataclass(frozen=True, slots=True)
class LaidOut:
    """The files for an OPA server; `authorization` only where the exchange shows a token."""

    bundle: Path
    authorization: Path | None
    key: Path


def lay_out(target: Path, *, key_file: Path, token: str | None) -> LaidOut:
    """Write the signed bundles and the public key they are verified with. Raises KeyFileInvalid, OSError."""
    secret = create_once(key_file, new_key)
    try:
        shown = public_key(secret)
    except ValueError as error:
        raise KeyFileInvalid(f"{key_file} does not hold a key for signing policies") from error
    target.mkdir(parents=True, exist_ok=True)
    laid_out = LaidOut(
        bundle=target / "bundle.tar.gz",
        authorization=target / "authorization.tar.gz" if token else None,
        key=target / "policy-key.pem",
    )
    laid_out.bundle.write_bytes(signed(bundle(), key=secret))
    if token and laid_out.authorization:
        laid_out.authorization.write_bytes(authorization(token, key=secret))
    laid_out.key.write_bytes(shown)
    return laid_out


@policy.command("bundle")
def bundle_command(
    directory: Annotated[Path, typer.Argument(help="Where to write the files.")],
    data: Annotated[
        Path | None, typer.Option("--data", metavar="DIR", help="The data directory; otherwise EXCHANGE_DATA.")
    ] = None,
) -> None:
    """Write the policy as a signed bundle for an OPA server, and with EXCHANGE_OPA_TOKEN set who may ask it."""
    with told():
        home = places.chosen(data)
        token = home.settings().opa_token
        secret = token.get_secret_value() if token else None
        laid_out = lay_out(directory, key_file=home.path / "keys" / "policy" / "signing.pem", token=secret)
        command = f"opa run --server --bundle {laid_out.bundle}"
        if laid_out.authorization:
            command += f" {laid_out.authorization} --authentication=token --authorization=basic"
        console().print(f"{command} --verification-key {laid_out.key} --signing-alg {ALGORITHM}", soft_wrap=True)
