"""`accord user`: who signs in, from the machine itself, where no page helps."""

from __future__ import annotations

import argparse
import getpass
import json
import sys
from typing import TYPE_CHECKING, Any

from accord.facts.errors import AccordError
from accord_app.commands.starting import start_django

if TYPE_CHECKING:
    from accord_app.members.models import User

EXAMPLES = """\
examples:
  accord user list
  accord user list --json
  accord user create ingrid@kestrel.example --name "Ingrid Solberg"          an administrator; asks for the password
  accord user create ingrid@kestrel.example --name "Ingrid Solberg" --company Kestrel --currency EUR
                                                                             in an empty workspace, with its company
  accord user reset ingrid@kestrel.example                                   prints a link for a new password
  accord user reset ingrid@kestrel.example --password-stdin < password.txt   sets it
  accord user reset ingrid@kestrel.example --second-factor                   a lost phone: by password alone again

exit code: 0 done, 2 it cannot be done, and why
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `accord user`."""
    parser.description = "Create an administrator, reset a password, list members."
    parser.epilog = EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="{list,create,reset}")
    listing = verbs.add_parser("list", help="everybody who signs in or may")
    create = verbs.add_parser("create", help="somebody who can sign in at once")
    create.add_argument("--name", required=True, help="as colleagues know them")
    create.add_argument("--role", default="administrator", help="administrator unless told otherwise")
    create.add_argument("--company", default="", help="of an empty workspace")
    create.add_argument("--currency", default="EUR", help="of an empty workspace (EUR)")
    create.add_argument("--time-zone", default="UTC", help="of an empty workspace (UTC)")
    reset = verbs.add_parser("reset", help="a new password, or sign-in without the second factor")
    reset.add_argument("--second-factor", action="store_true", help="turn the second factor off")
    for verb in (create, reset):
        verb.add_argument("email", metavar="EMAIL")
        verb.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    for verb in (listing, create, reset):
        verb.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """0 when done; raises AccordError when it cannot be done."""
    start_django()
    document = {"list": _list, "create": _create, "reset": _reset}[args.verb](args)
    if args.json:
        sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write("\n".join(_lines(args.verb, document)) + "\n")
    return 0


def _list(_: argparse.Namespace) -> dict[str, Any]:
    from accord_app.members.models import User

    return {"members": [_as_json(user) for user in User.objects.select_related("team").order_by("name", "handle")]}


def _create(args: argparse.Namespace) -> dict[str, Any]:
    from django.utils import timezone

    from accord_app.members import actions
    from accord_app.shell.models import Company

    is_empty = not Company.objects.exists()
    if is_empty and not args.company:
        raise AccordError("This workspace is empty.", remedy="Add --company NAME, or open it in a browser.")
    if args.company and not is_empty:
        raise AccordError("This workspace has its company.", remedy="Leave --company out.")
    founding, role = _founding(args) if is_empty else None, _role(args.role)
    if founding and role != "administrator":
        raise AccordError("The first member is the administrator.", remedy="Leave --role out.")
    who: dict[str, Any] = {
        "name": _name(args.name),
        "email": _email(args.email),
        "password": _password(args),
        "at": timezone.now(),
    }
    user = actions.found(company=founding, **who) if founding else actions.add(role=role, **who)
    return {"created": _as_json(user)}


def _reset(args: argparse.Namespace) -> dict[str, Any]:
    from accord_app.members import actions, links
    from accord_app.members.models import User

    user = User.objects.select_related("team").filter(email=args.email.lower()).first()
    if user is None:
        raise AccordError(f"No member has the address {args.email}.", remedy="See `accord user list`.")
    if not user.is_active or user.joined_at is None:
        raise AccordError(
            f"{user.name} cannot sign in.", remedy="Send a new invitation, or take them back, on the page."
        )
    if args.second_factor:
        return {"second_factor_off": _as_json(user), "removed": actions.drop_second_factor(user=user)}
    if args.password_stdin:
        actions.set_password(user=user, password=_password(args))
        return {"password_set": _as_json(user)}
    return {"link": links.reset_link(user), "for": _as_json(user)}


def _as_json(user: User) -> dict[str, Any]:
    return {
        "handle": user.handle,
        "name": user.name,
        "email": user.email,
        "role": user.role,
        "team": user.team.name if user.team else None,
        "standing": "left" if not user.is_active else "joined" if user.joined_at else "invited",
    }


def _lines(verb: str, document: dict[str, Any]) -> list[str]:
    if verb == "list":
        rows = [(row["handle"], row["name"], row["email"], row["role"], row["standing"]) for row in document["members"]]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)] if rows else []
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        return lines or ["Nobody yet. The first page of the workspace makes the first administrator."]
    if "link" in document:
        return [f"{document['for']['name']} sets a new password here, within three days:", document["link"]]
    who = next(iter(document.values()))
    said = {
        "created": f"{who['name']} ({who['role']}) can sign in as {who['email']}.",
        "password_set": f"The password of {who['name']} is set.",
        "second_factor_off": f"{who['name']} signs in by password alone.",
    }
    return [said[next(iter(document))]]


def _founding(args: argparse.Namespace) -> Any:
    from accord_app.members.actions import Founding
    from accord_app.members.forms import currencies, zones

    if args.currency not in dict(currencies()):
        raise AccordError(f"{args.currency} is not a currency.", remedy="Write three letters, as EUR or USD.")
    if args.time_zone not in dict(zones()):
        raise AccordError(f"{args.time_zone} is not a time zone.", remedy="Write one as Europe/Berlin, or UTC.")
    return Founding(args.company[:200], args.currency, args.time_zone)


def _role(name: str) -> Any:
    from accord_app.members.roles import Role

    if name not in set(Role):
        raise AccordError(f"There is no role {name}.", remedy=f"There are: {', '.join(Role)}.")
    return Role(name)


def _name(name: str) -> str:
    if not 0 < len(name.strip()) <= 120 or not name.isprintable():
        raise AccordError("That is not a name.", remedy="Write up to 120 characters in one line.")
    return name.strip()


def _email(email: str) -> str:
    from django.core.exceptions import ValidationError
    from django.core.validators import validate_email

    try:
        validate_email(email)
    except ValidationError as error:
        raise AccordError(f"{email} is not an e-mail address.", remedy="Write one as ada@kestrel.example.") from error
    return email


def _password(args: argparse.Namespace) -> str:
    if args.password_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise AccordError("There is nobody to ask for the password.", remedy="Give it by --password-stdin.")
    password = getpass.getpass("Password: ")
    if getpass.getpass("The same password again: ") != password:
        raise AccordError("The two passwords differ.", remedy="Type the same one twice.")
    return password
