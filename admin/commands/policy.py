"""`exchange policy`: explain a decision before it is made, check owners' modules, write the policy for an OPA server."""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from admin import data_directory
from admin.commands.options import Data
from admin.server.reaching import reach
from admin.terminal import CannotDo, console, reporting_failures
from data_exchange_client.keys import SigningKey
from exchange.kernel.keys.keyfiles import KeyFileInvalid, create_once
from exchange.settings import Settings
from groundwork import durable
from policies.owner_rules.modules import CheckResult, OwnerModule
from policies.owner_rules.sandboxes import open_sandboxes
from policies.rego.bundle import load_bundle
from policies.rego.signing import ALGORITHM, build_authorization, derive_public_key, generate_key, sign_bundle

app = typer.Typer(
    help="Explain a decision before it is made; check an owner's module; write the policy for an OPA server.",
    no_args_is_help=True,
    add_completion=False,
)


@dataclass(frozen=True, slots=True)
class BundleFiles:
    """The files for an OPA server. `authorization` is None where the exchange has no token to show to the server."""

    bundle: Path
    authorization: Path | None
    key: Path


def write_bundle(target: Path, *, key_file: Path, token: str | None) -> BundleFiles:
    """Write the signed bundles and the public key that verifies them. Raises KeyFileInvalid, OSError."""
    secret = create_once(key_file, generate_key)
    try:
        public = derive_public_key(secret)
    except ValueError as error:
        raise KeyFileInvalid(f"{key_file} does not hold a key for signing policies") from error
    durable.make_directory(target, mode=0o755)
    files = BundleFiles(
        bundle=target / "bundle.tar.gz",
        authorization=target / "authorization.tar.gz" if token else None,
        key=target / "policy-key.pem",
    )
    # Readable by all, since OPA runs as a user of its own. The authorization holds a digest of the token only.
    durable.write(files.bundle, sign_bundle(load_bundle(), key=secret), mode=0o644)
    if token and files.authorization:
        durable.write(files.authorization, build_authorization(token, key=secret), mode=0o644)
    durable.write(files.key, public, mode=0o644)
    return files


@app.command("bundle")
def bundle_command(
    directory: Annotated[Path, typer.Argument(help="Where to write the files.")], data: Data = None
) -> None:
    """Write the policy as a signed bundle for an OPA server, and with EXCHANGE_OPA_TOKEN set who may ask it."""
    with reporting_failures():
        home = data_directory.choose(data)
        settings = home.settings()
        token = settings.opa_token
        secret = token.get_secret_value() if token else None
        files = write_bundle(directory, key_file=home.path / "keys" / "policy" / "signing.pem", token=secret)
        command = f"opa run --server{_address(settings)} --bundle {files.bundle}"
        if files.authorization:
            command += f" {files.authorization} --authentication=token --authorization=basic"
        console().print(f"{command} --verification-key {files.key} --signing-alg {ALGORITHM}", soft_wrap=True)


def _address(settings: Settings) -> str:
    """OPA's option for the address at which the exchange asks it, where one is set."""
    if settings.opa_url is None:
        return ""
    parts = urlsplit(settings.opa_url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f" --addr {host}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


@app.command("explain")
def explain_command(
    system: Annotated[str, typer.Option(help="The id of the system or member that would ask.")],
    dataset: Annotated[str, typer.Option(help="The dataset: its id, or OWNER/DATASET.")],
    purpose: Annotated[str, typer.Option(help="The purpose, such as talent-service.")],
    fields: Annotated[str, typer.Option(help="Field names between commas; otherwise all that are granted.")] = "",
    filtered: Annotated[str, typer.Option(help="Names of fields to filter on, between commas.")] = "",
    at: Annotated[str | None, typer.Option(help="When, as 2027-01-31T08:00:00Z; otherwise now.")] = None,
    key: Annotated[
        str, typer.Option("--as", metavar="NAME", help="Whose key to ask with: a participant's steward, or `auditor`.")
    ] = "auditor",
    data: Data = None,
) -> None:
    """Show what would be decided about a delivery, and why: each rule's verdict, each obligation and who demands it."""
    request = {
        "system": system,
        "dataset": dataset,
        "purpose": purpose,
        "fields": _names(fields),
        "filtered": _names(filtered),
        "at": at,
    }
    with reporting_failures():
        home = data_directory.locate(data)
        signing = SigningKey.load(home.key_file(key)) if key == "auditor" else home.steward_key(key)
        with reach(home) as reached, reached.client(signing) as client:
            explanation = client.request("POST", "/api/v1/policy/explanations", json=request).json()
        _print(explanation)


@app.command("module")
def module_command(
    file: Annotated[Path, typer.Argument(help="The module: Rego, in the package exchange.owner.")],
    tests: Annotated[Path | None, typer.Option(help="Its tests; otherwise NAME_test.rego beside NAME.rego.")] = None,
    key: Annotated[
        str | None, typer.Option("--as", metavar="NAME", help="Submit it with the key of this participant's steward.")
    ] = None,
    data: Data = None,
) -> None:
    """Check an owner's module and run its tests; with --as, submit it to the exchange for that owner."""
    with reporting_failures():
        module = OwnerModule(_text(file), _text(tests or file.with_name(f"{file.stem}_test.rego")))
        if key is None:
            result = asyncio.run(_check(module))
            if result.diagnostics:
                raise CannotDo("; ".join(f"{diagnostic.at}: {diagnostic.error}" for diagnostic in result.diagnostics))
            console().print(f"{module.digest}  {len(result.tests)} tests pass; nothing was submitted")
            return
        home = data_directory.locate(data)
        signing = home.steward_key(key)
        with reach(home) as reached, reached.client(signing) as client:
            me = client.request("GET", "/api/v1/me").json()
            new = {"organisation": me["organisation"]["id"], "module": module.text, "tests": module.tests}
            accepted = client.request("POST", "/api/v1/policy-modules", json=new).json()
        console().print(f"{accepted['digest']}  accepted, checked by {accepted['checked_by']}")
        console().print("It decides when a dataset's terms name it as `module` and are published.")


async def _check(module: OwnerModule) -> CheckResult:
    async with open_sandboxes() as sandboxes:
        return await sandboxes.check(module)


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise CannotDo(f"{file} cannot be read as text ({type(error).__name__})") from error


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _print(explanation: dict[str, Any]) -> None:
    out = console()
    out.print(f"{explanation['outcome']} at {explanation['at']} by policy {explanation['policy'][:12]}")
    for rule in explanation["rules"]:
        words = [rule["says"].ljust(5), rule["rule"]]
        words += [f"({rule['code']}: {rule['remedy']})"] if rule["code"] else []
        out.print("  " + " ".join(words), soft_wrap=True)
    if explanation["agreement"]:
        out.print(f"under agreement {explanation['agreement']}:")
    for obligation in explanation["obligations"]:
        name = " ".join(filter(None, (obligation["kind"], obligation["name"])))
        value = "withheld" if obligation["withheld"] else json.dumps(obligation["value"], ensure_ascii=False)
        sources = " and ".join(obligation["sources"]) or "nobody's mask"
        out.print(f"  {name}: {value} [{sources}; {obligation['rule']}]", soft_wrap=True)
