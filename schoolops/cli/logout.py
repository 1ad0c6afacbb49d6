"""End the sign-in at another computer's server, here and in Keycloak.

schoolops logout --server https://schoolops.example
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from schoolops.cli._guard import DONE, Refused, UsageError
from schoolops.cli.login import add_named_server, named_server


def configure(parser: ArgumentParser) -> None:
    add_named_server(parser)


def run(args: Namespace) -> int:
    from schoolops.client._signin import sign_out
    from schoolops.core.errors import ProviderDown

    url = named_server(args)
    try:
        ended = sign_out(url)
    except ValueError as error:
        raise UsageError(str(error)) from None
    except ProviderDown as error:
        raise Refused(f"forgotten here, but not ended at the sign-in service: {error}") from None
    print(f"signed out at {url}" if ended else f"there was no sign-in at {url}")
    return DONE
