"""The web pages: open them as this computer's user, and the city's own texts.

    schoolops portal open
    schoolops portal preview
    schoolops portal publish

Own texts lie in templates-draft of the home folder, named as the shipped ones (such as
portal/legal/privacy.de.html). 'preview' tries them in every language; 'publish' makes them count.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from schoolops.cli._guard import DONE, REFUSED, Refused, say

INTERMIXED = False


def configure(parser: ArgumentParser) -> None:
    doing = parser.add_subparsers(dest="doing", metavar="open|preview|publish", required=True)
    doing.add_parser("open", help="make a one-time link to the pages", allow_abbrev=False)
    doing.add_parser("preview", help="try the drafts of own texts", allow_abbrev=False)
    doing.add_parser("publish", help="make the drafts count", allow_abbrev=False)


def run(args: Namespace) -> int:
    return _DOING[str(args.doing)]()


def _open() -> int:
    from schoolops.client import connect

    with connect() as client:
        made = client.portal_link()
    say("open this within two minutes; it works once:")
    print(made["url"])
    return DONE


def _preview() -> int:
    """Exit 1 if a draft, or a text in use, is broken."""
    from schoolops.core.settings import load_settings
    from schoolops.server.web.preview import check, files_of
    from schoolops.web.templates import DRAFT, LIVE

    settings = load_settings()
    found = {name: settings.home / name for name in (DRAFT, LIVE)}
    for name, folder in found.items():
        for file in files_of(folder):
            print(f"{name}/{file}")
    if not any(folder.is_dir() for folder in found.values()):
        say(f"there are no own texts; put files into {found[DRAFT]}")
        return DONE
    wrong = check(settings)
    for why in wrong.values():
        say(why)
    if wrong:
        return REFUSED
    say("all are good; administrators see the pages with them under /preview")
    return DONE


def _publish() -> int:
    from schoolops.core.settings import load_settings
    from schoolops.server.web.preview import check, publish

    settings = load_settings()
    wrong = check(settings)
    for why in wrong.values():
        say(why)
    if wrong:
        raise Refused("nothing was published; mend the drafts first")
    for file in publish(settings.home):
        print(f"templates/{file}")
    return DONE


_DOING = {"open": _open, "preview": _preview, "publish": _publish}
