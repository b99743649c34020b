"""The group of commands about rights."""

from collections.abc import Callable, Mapping
from typing import Final

import typer

from data_exchange_client.commands.rights import applying, evidence, reviewing

rights = typer.Typer(
    name="rights", no_args_is_help=True, help="Register rights over data, review registrations, and check evidence."
)
_COMMANDS: Final[Mapping[str, Callable[..., None]]] = {
    "check": applying.check,
    "apply": applying.apply,
    "edit": applying.replace_form,
    "confirm": applying.confirm,
    "file": applying.file_application,
    "supplement": applying.supplement,
    "withdraw": applying.withdraw,
    "list": applying.list_applications,
    "show": applying.show,
    "records": applying.records,
    "renew": applying.renew,
    "transfer": applying.transfer,
    "object": applying.object_to,
    "todo": reviewing.todo,
    "accept": reviewing.accept,
    "return": reviewing.give_back,
    "publicise": reviewing.publicise,
    "refuse": reviewing.refuse,
    "decide": reviewing.decide,
    "deposit": reviewing.deposit,
    "record": evidence.record,
    "certificate": evidence.certificate,
    "fingerprint": evidence.make_fingerprint,
    "compare": evidence.compare,
}
for name, command in _COMMANDS.items():
    rights.command(name)(command)
