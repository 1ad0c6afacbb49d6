"""Sign in at another computer's server: confirm a code in a browser, on whatever device.

    schoolops login --server https://schoolops.example

The sign-in is kept in the system's keyring, or in a file that only you can read, and renews
itself until 'schoolops logout'. The terminal UI uses the same.
"""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace

from schoolops.cli._guard import DONE, Refused, UsageError, say


def configure(parser: ArgumentParser) -> None:
    add_named_server(parser)


def add_named_server(parser: ArgumentParser) -> None:
    """The option that names another computer's server, when its own would make no sense."""
    parser.add_argument("--server", metavar="URL", help="where (SCHOOLOPS_SERVER)")


def named_server(args: Namespace) -> str:
    """The server's address; UsageError when none is named."""
    from schoolops.client._launch import checked

    server = args.server or os.environ.get("SCHOOLOPS_SERVER")
    if not server:
        raise UsageError("say where: --server URL; this computer's own server needs no sign-in")
    try:
        return checked(server)
    except ValueError as error:
        raise UsageError(str(error)) from None


def run(args: Namespace) -> int:
    url = named_server(args)
    from schoolops.client import connect
    from schoolops.client._endpoint import Endpoint
    from schoolops.client._errors import ApiError
    from schoolops.client._signin import Way, sign_in, sign_out
    from schoolops.client._sync import Client
    from schoolops.identity.grants import DeviceStart

    with Client(Endpoint(url)) as client:
        told = client.sign_in_way()
    issuer = str(told.get("issuer") or "")
    if not issuer:
        raise Refused(f"{url} has no sign-in; ask its administrator for a token, then: "
                      f"schoolops token keep --server {url}")  # fmt: skip
    if not issuer.startswith(("https://", "http://localhost:", "http://127.0.0.1:")):
        raise Refused(f"{url} names a sign-in service without encryption: {issuer}")

    def ask(start: DeviceStart) -> None:
        say(f"open {start.verification_uri_complete}")
        say(f"and confirm the code {start.user_code}; waiting for {start.expires_in // 60} minutes")

    way = Way(issuer, str(told["client"]))
    where = sign_in(url, way, ask)
    try:
        with connect(url) as client:
            me = client.me()
    except ApiError as error:
        if error.code != "auth.passkey_needed":
            raise
        # The first sign-in of an administrator registers a key. Keycloak would go on with it
        # unasked for hours; ended there, it asks for the key.
        sign_out(url)
        say("your role needs a sign-in with a key; once more, now with the one just registered")
        where = sign_in(url, way, ask)
        with connect(url) as client:
            me = client.me()
    print(f"you are {me['name']} ({me['role']}, {me['scope']}); the sign-in is kept in {where}")
    return DONE
