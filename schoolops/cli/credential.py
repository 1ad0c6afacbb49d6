"""Set the secret of an equipment credential; nobody can read it again.

    schoolops new credential name=snmp-city kind=snmp-v2c
    schoolops credential set snmp-city
    schoolops new credential name=core kind=snmp-v3 username=reader auth_protocol=sha-256 \
privacy_protocol=aes-256
    schoolops credential set core

The secret is typed unseen, or comes from standard input: one line, and for snmp-v3 a second one
for the privacy key. It is never an argument, which others on this computer could read.
An SNMP v3 user without protocols has SHA-1 and AES-128.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from schoolops.cli._ask import read_secrets
from schoolops.cli._guard import DONE
from schoolops.cli._server import add_server, client_of

INTERMIXED = False

PROMPTS = {
    "snmp-v2c": ["Community"],
    "snmp-v3": ["Authentication key", "Privacy key (empty: none)"],
    "token": ["Token"],
}


def configure(parser: ArgumentParser) -> None:
    doing = parser.add_subparsers(dest="doing", metavar="set", required=True)
    one = doing.add_parser("set", help="set the secret", allow_abbrev=False)
    one.add_argument("name", metavar="NAME", help="the credential's name")
    add_server(one)


def run(args: Namespace) -> int:
    with client_of(args) as client:
        record = client.get("credentials", args.name)
        given = read_secrets(PROMPTS.get(record["values"]["kind"], ["Password"]))
        client.set_secret(record["id"], *given)
    print(f"set the secret of credential {record['key']}")
    return DONE
