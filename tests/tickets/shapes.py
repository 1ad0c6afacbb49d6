"""Mails as they come: each with what has to become of it.

In a mail stand «sender» (who reported the ticket), «first» (the id of that mail), «answer» (the id
of our answer), «token» (what our subject carried), «plus» (our Reply-To) and «n» (a number that no
other mail has). Lines end as they are written; the test sends them with CRLF.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any

US = "helpdesk@city.example"


@dataclass(frozen=True)
class Shape:
    """A mail and where it lands. `on`: the ticket ('own'), a new one, or none. `state`: of that
    ticket before and afterwards. `said`: what the newest entry of it says; `acks`: mails that go
    out."""

    name: str
    raw: bytes
    state: str
    on: str
    before: str = "open"
    after: str = "open"
    acks: int = 0
    said: str | None = None
    more: dict[str, Any] = field(default_factory=dict)


def mail(
    *lines: str, subject: str = "AW: WLAN", body: str | bytes = "noch etwas", sender: str = "«sender»",
    id: str = "<m«n»@client.example>", to: str = US, kind: str = "text/plain; charset=utf-8",
) -> bytes:  # fmt: skip
    head = [
        f"From: {sender}",
        f"To: {to}",
        f"Subject: {subject}",
        "Date: Wed, 25 Nov 2026 10:00:00 +0100",
    ]
    head += [f"Message-ID: {id}"] if id else []
    head += ["MIME-Version: 1.0"] + ([f"Content-Type: {kind}"] if kind else []) + list(lines)
    content = body if isinstance(body, bytes) else body.encode()
    return "\n".join(head).encode("utf-8", "surrogateescape") + b"\n\n" + content


TOKEN = "AW: «token» WLAN"
REPLY = "In-Reply-To: <«answer»>"
NEW = "Beamer geht nicht «n»"

# -- automatic: filed where they belong, never answered, nothing opened or woken ------------------

_AUTOMATIC: dict[str, tuple[str, ...]] = {
    "Exchange out of office": ("Auto-Submitted: auto-generated", "X-Auto-Response-Suppress: All"),
    "Exchange out of office, old": ("X-Auto-Response-Suppress: DR, OOF, AutoReply",),
    "Exchange by rule": (
        "X-MS-Exchange-Inbox-Rules-Loop: a@b.example",
        "Auto-Submitted: auto-replied",
    ),
    "Gmail vacation": ("Auto-Submitted: auto-replied", "Precedence: bulk", "X-Autoreply: yes"),
    "GroupWise vacation": ("Auto-Submitted: auto-generated", "Precedence: junk"),
    "sieve vacation": ("Auto-Submitted: auto-replied (vacation)",),
    "Auto-Submitted in capitals": ("AUTO-SUBMITTED: Auto-Replied",),
    "Auto-Submitted with a parameter": ("Auto-Submitted: auto-notified; owner-email=a@b.example",),
    "procmail": ("X-Loop: a@b.example",),
    "bulk": ("Precedence: bulk",),
    "list by precedence": ("Precedence: list",),
    "junk in capitals": ("Precedence: JUNK",),
    "mailing list": ("List-Id: <alle.schule.example>", "List-Post: <mailto:alle@schule.example>"),
    "newsletter": ("List-Unsubscribe: <https://news.example/off>",),
    "null sender": ("Return-Path: <>",),
    "another help desk": ("Auto-Submitted: auto-replied", "X-Loop: desk@firma.example"),
    "OTRS": ("Precedence: bulk", "Auto-Submitted: auto-replied", "X-Powered-By: OTRS"),
    "Jira": ("Precedence: bulk", "Auto-Submitted: auto-generated", "X-JIRA-FingerPrint: 1"),
    "Zammad": ("Auto-Submitted: auto-replied", "X-Zammad-Article-Type: email"),
    "RT": ("Precedence: bulk", "X-RT-Loop-Prevention: desk", "RT-Ticket: desk #1"),
}
AUTOMATIC = [
    shape
    for name, lines in _AUTOMATIC.items()
    for shape in (
        Shape(f"{name}, by token", mail(*lines, subject=TOKEN), "automatic", "own"),
        Shape(f"{name}, by reference", mail(*lines, REPLY), "automatic", "own",
              before="solved", after="solved"),
        Shape(f"{name}, of nothing known", mail(*lines, subject=NEW), "automatic", "none"),
    )
]  # fmt: skip


# -- reports of delivery --------------------------------------------------------------------------


def report(original: str, *lines: str, part: str = "text/rfc822-headers", kind: str = "",
           sender: str = "MAILER-DAEMON@mx.schule.example", subject: str = "Undelivered Mail") -> bytes:  # fmt: skip
    body = f"""--b
Content-Type: text/plain

I'm sorry, it could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.schule.example

Final-Recipient: rfc822; a@schule.example
Action: failed
Status: 5.1.1

--b
Content-Type: {part}

{original}

--b--
"""
    kind = kind or 'multipart/report; report-type=delivery-status; boundary="b"'
    return mail(*lines, sender=sender, subject=subject, body=body, kind=kind)


_ORIGINAL = "From: helpdesk@city.example\nMessage-ID: <«answer»>\nSubject: WLAN\n"
REPORTS = [
    Shape("postfix, headers", report(_ORIGINAL, "Return-Path: <>"), "automatic", "own"),
    Shape("exim, whole mail", report(_ORIGINAL + "\nText", part="message/rfc822"), "automatic", "own"),
    Shape("Exchange, folded id", report("Subject: x\nMessage-ID:\n <«answer»>\n"), "automatic", "own"),
    Shape("only In-Reply-To known", report("Message-ID: <z@z>\nIn-Reply-To: <«first»>\n\nx",
          part="message/rfc822"), "automatic", "own"),
    Shape("to our plus address", mail("Return-Path: <>", sender="<>", to="«plus»", subject="failure"),
          "automatic", "own"),
    Shape("delivered to our plus address", mail("Return-Path: <>", "Delivered-To: «plus»",
          sender="postmaster@x.example", subject="failure"), "automatic", "own"),
    Shape("about a mail that is not ours", report("Message-ID: <other@x>\n"), "automatic", "none"),
    Shape("delayed", report(_ORIGINAL, subject="Delayed Mail"), "automatic", "own"),
    Shape("solved stays solved", report(_ORIGINAL), "automatic", "own", "solved", "solved"),
    Shape("closed stays closed", report(_ORIGINAL), "automatic", "own", "closed", "closed"),
    Shape("qmail, no MIME", mail(sender="MAILER-DAEMON@x.example", kind="", subject="failure notice",
          body="Hi. This is the qmail-send program.\n\nMessage-ID: <«answer»>"), "automatic", "none"),
    Shape("read receipt", report("Original-Message-ID: <«answer»>", sender="«sender»",
          part="message/disposition-notification",
          kind='multipart/report; report-type=disposition-notification; boundary="b"'),
          "automatic", "none"),
    Shape("broken boundary", report(_ORIGINAL, kind="multipart/report; report-type=delivery-status"),
          "automatic", "none"),
]  # fmt: skip

# -- references, whole and broken -----------------------------------------------------------------

_OLD = " ".join(f"<old{n}@x.example>" for n in range(30))
_REFERENCES: dict[str, tuple[str, ...]] = {
    "our answer": (REPLY,),
    "the own mail": ("In-Reply-To: <«first»>",),
    "References alone": ("References: <«first»> <«answer»>",),
    "only the first of References": ("References: <«first»> <gone@x>",),
    "only the last of References": ("References: <gone@x> <«answer»>",),
    "thirty before it": (f"References: {_OLD} <«answer»>",),
    "References folded": ("References: <gone@x>\n\t<«first»>\n  <«answer»>",),
    "no blanks between": ("References: <gone@x><«first»><«answer»>",),
    "commas between": ("References: <gone@x>, <«first»>, <«answer»>",),
    "no brackets": ("In-Reply-To: «answer»",),
    "no brackets, several": ("References: gone@x.example «answer»",),
    "as HTML": ("In-Reply-To: &lt;«answer»&gt;",),
    "blanks inside": ("In-Reply-To: < «answer» >",),
    "in capitals": ("IN-REPLY-TO: <«ANSWER»>",),
    "a sentence": ('In-Reply-To: Your message of "Wed, 25 Nov" <«answer»>',),
    "a comment": ("In-Reply-To: <«answer»> (Helpdesk)",),
    "unknown In-Reply-To, known References": ("In-Reply-To: <no@x>", "References: <«first»>"),
    "Exchange replaced the id": ("In-Reply-To: <ABC@EXCH01.local>", "References: <«answer»>",
                                 "Thread-Index: AdXYZ=="),
    "two In-Reply-To": ("In-Reply-To: <no@x>", "In-Reply-To: <«answer»>"),
    "the sender's name is new": (REPLY, "Sender: other@x.example"),
    "empty In-Reply-To": ("In-Reply-To:", "References: <«answer»>"),
    "eight bits in it": ("In-Reply-To: <gr\udcfc\udcdf@x>", "References: <«first»>"),
    "an encoded subject": (REPLY, "Thread-Topic: =?utf-8?B?V0xBTg==?="),
    "Auto-Submitted: no": (REPLY, "Auto-Submitted: no"),
    "suppress none": (REPLY, "X-Auto-Response-Suppress: None"),
    "a priority": (REPLY, "Precedence: first-class"),
    "a return path": (REPLY, "Return-Path: <«sender»>"),
}  # fmt: skip
REFERENCES = [
    Shape(f"references: {name}", mail(*lines, subject="WLAN"), "filed", "own", said="noch etwas")
    for name, lines in _REFERENCES.items()
] + [
    Shape(f"wakes what is {state}: {name}", mail(*lines), "filed", "own", state, "open")
    for state in ("solved", "closed", "waiting")
    for name, lines in list(_REFERENCES.items())[:2]
]

# -- tokens ---------------------------------------------------------------------------------------

TOKENS = [
    Shape("token: in the subject", mail(subject=TOKEN), "filed", "own"),
    Shape("token: in capitals", mail(subject="RE: «TOKEN» WLAN"), "filed", "own"),
    Shape("token: at the end", mail(subject="ganz anders «token»"), "filed", "own"),
    Shape("token: encoded subject", mail(subject="=?utf-8?B?" + "«b64token»" + "?="), "filed", "own"),
    Shape("token: folded subject", mail(subject="AW: Antwort\n «token» WLAN"), "filed", "own"),
    Shape("token: plus address", mail(to="«plus»", subject="x"), "filed", "own"),
    Shape("token: plus address in Cc", mail("Cc: Desk <«plus»>", subject="x"), "filed", "own"),
    Shape("token: plus address in capitals", mail(to="«PLUS»", subject="x"), "filed", "own"),
    Shape("token: Delivered-To", mail("Delivered-To: «plus»", subject="x"), "filed", "own"),
    Shape("token: X-Original-To", mail("X-Original-To: «plus»", subject="x"), "filed", "own"),
    Shape("token: stronger than references", mail("In-Reply-To: <no@x>", subject=TOKEN), "filed", "own"),
    Shape("token: from a name with the address", mail(sender='"Weber, Mia" <«sender»>', subject=TOKEN),
          "filed", "own"),
    Shape("token: a false one before a true one", mail(subject="[#1.aaaaaaaaaaaa] «token»"), "filed", "own"),
]  # fmt: skip
_FORGED = {
    "another token": "[#«number».aaaaaaaaaaaa] WLAN «n»",
    "no token": "[#«number»] WLAN «n»",
    "too short": "[#«number».abc] WLAN «n»",
    "a number nobody has": "[#99999999.aaaaaaaaaaaa] WLAN «n»",
    "a huge number": "[#999999999999999999.aaaaaaaaaaaa] WLAN «n»",
    "the token of the next ticket": "[#«next».«secret»] WLAN «n»",
    "digits that are none": "[#٤٧.aaaaaaaaaaaa] WLAN «n»",
    "letters beyond ASCII": "[#«number».aaaaaaaaaaaä] WLAN «n»",
}
FORGED = [
    Shape(f"forged: {name}", mail(subject=subject), "opened", "new", after="new", acks=1)
    for name, subject in _FORGED.items()
] + [
    Shape("forged: plus address", mail(to="helpdesk+«number».aaaaaaaaaaaa@city.example", subject=NEW),
          "opened", "new", after="new", acks=1),
]  # fmt: skip

# -- those who take no part -----------------------------------------------------------------------

_OUT = "fremd«n»@anderswo.example"
OUTSIDERS = [
    Shape("outsider: token", mail(sender=_OUT, subject=TOKEN), "quarantine", "own", acks=1),
    Shape("outsider: plus address", mail(sender=_OUT, to="«plus»", subject="x"), "quarantine", "own", acks=1),
    Shape("outsider: our answer", mail(REPLY, sender=_OUT), "quarantine", "own", acks=1),
    Shape("outsider: the reporter's mail", mail("In-Reply-To: <«first»>", sender=_OUT), "quarantine",
          "own", acks=1),
    Shape("outsider: wakes nothing", mail(sender=_OUT, subject=TOKEN), "quarantine", "own", "solved",
          "solved", acks=1),
    Shape("outsider: with the reporter's name", mail(sender=f'"«sender»" <{_OUT}>', subject=TOKEN),
          "quarantine", "own", acks=1),
    Shape("outsider: no sender at all", mail(sender="", subject=TOKEN), "quarantine", "own"),
    Shape("outsider: a sender that is no address", mail(sender="Mia Weber", subject=TOKEN), "quarantine", "own"),
    Shape("outsider: another domain", mail(sender="«local»@schule.example.evil.example", subject=TOKEN),
          "quarantine", "own", acks=1),
    Shape("colleague in Cc of the first mail", mail(REPLY, sender="cc-«sender»"), "filed", "own"),
    Shape("colleague in Cc, token", mail(subject=TOKEN, sender="Kollegin <cc-«sender»>"), "filed", "own"),
    Shape("staff: beside the thread, wakes nothing", mail(subject=TOKEN, sender="technik@city.example"),
          "filed", "own", "solved", "solved"),
]  # fmt: skip

# -- thanks ---------------------------------------------------------------------------------------

_THANKS = (
    "Danke!", "Vielen Dank", "Super, vielen Dank für die schnelle Hilfe.", "Perfekt!", "Läuft.",
    "Geht wieder, danke", "Thanks a lot", "thank you very much!", "Herzlichen Dank und viele Grüße\nMia",
    "Danke, funktioniert.", "DANKE", "Thx", "Merci", "Prima, danke sehr :-)",
    "Danke\n\nAm 25.11.2026 um 10:00 schrieb Helpdesk:\n> Geht es noch nicht?",
    "Danke!\n-- \nMia Weber\nFragen? Nicht vergessen",
    "Danke.\n\nVon meinem iPhone gesendet",
)  # fmt: skip
_NO_THANKS = (
    "Danke, aber es geht nicht", "Danke. Wann kommt der Beamer?", "Leider geht es trotzdem nicht",
    "Danke! Könnt ihr noch den Beamer ansehen", "Thanks, but it still fails", "Es ist wieder kaputt",
    "Danke, bitte noch Raum 2.15", "Danke " * 60, "ok", "Das Problem ist zurück, danke",
    "Danke, kein Netz", "Thanks. Not working.",
)  # fmt: skip
THANKS = [
    Shape(f"thanks {number} to what is {state}", mail(REPLY, body=text), "filed", "own", state, state)
    for number, text in enumerate(_THANKS)
    for state in ("solved", "closed")
] + [
    Shape(f"more than thanks {number}", mail(REPLY, body=text), "filed", "own", "solved", "open")
    for number, text in enumerate(_NO_THANKS)
]  # fmt: skip

# -- what is quoted and signed --------------------------------------------------------------------

_QUOTES = {
    "Thunderbird": "Neu\n\nAm 25.11.26 um 10:00 schrieb Helpdesk:\n> alt\n> alt\n",
    "Gmail": "Neu\n\nOn Wed, Nov 25, 2026 at 10:00 AM Helpdesk <helpdesk@city.example> wrote:\n\n> alt\n",
    "Gmail, wrapped": "Neu\n\nAm Mi., 25. Nov. 2026 um 10:00 Uhr schrieb Helpdesk <\nhelpdesk@city.example>:\n\n> alt\n",
    "Outlook": "Neu\n\nVon: Helpdesk <helpdesk@city.example>\nGesendet: Mittwoch, 25. November 2026 10:00\n"
    "An: Weber, Mia\nBetreff: WLAN\n\nalt\n",
    "Outlook, English": "Neu\n\nFrom: Helpdesk\nSent: Wednesday\nTo: Mia\nSubject: WLAN\n\nalt\n",
    "Outlook with a rule": "Neu\n\n________________________________\nVon: Helpdesk\nGesendet: Mittwoch\nAn: Mia\n\nalt",
    "Outlook, bold": "Neu\n\n*Von:* Helpdesk\n*Gesendet:* Mittwoch\n*An:* Mia\n\nalt",
    "Outlook Express": "Neu\n\n----- Original Message -----\nFrom: Helpdesk\n\nalt",
    "German separator": "Neu\n\n-----Ursprüngliche Nachricht-----\nVon: Helpdesk\nalt",
    "GroupWise": "Neu\n\n>>> Helpdesk <helpdesk@city.example> 25.11.2026 10:00 >>>\nalt",
    "signature": "Neu\n-- \nMia Weber\nSchule",
    "signature without its blank": "Neu\n--\nMia Weber",
    "iPhone": "Neu\n\nVon meinem iPhone gesendet\n\n> Am 25.11.2026 um 10:00 schrieb Helpdesk:\n> alt",
    "Android": "Neu\n\nGesendet mit der GMX Mail App\n",
    "only quotes at the end": "Neu\n\n> alt\n> alt",
    "French": "Neu\n\nLe mer. 25 nov. 2026 à 10:00, Helpdesk a écrit :\n> alt",
    "Windows line ends": "Neu\r\n\r\nAm 25.11.26 um 10:00 schrieb Helpdesk:\r\n> alt\r\n",
}
QUOTES = [
    Shape(f"quoted: {name}", mail(REPLY, body=text), "filed", "own", said="Neu")
    for name, text in _QUOTES.items()
] + [
    Shape("answers between quotes stay with them",
          mail(REPLY, body="Am 25.11. um 10:00 schrieb Helpdesk:\n> Welcher Raum?\n2.14\n> Seit wann?\ngestern"),
          "filed", "own",
          said="Am 25.11. um 10:00 schrieb Helpdesk:\n> Welcher Raum?\n2.14\n> Seit wann?\ngestern"),
    Shape("nothing but quotes is all kept", mail(REPLY, body="> alt\n> alt"), "filed", "own",
          said="> alt\n> alt"),
    Shape("a sentence that begins like an intro", mail(REPLY, body="Am Montag schrieb ich schon.\nNeu"),
          "filed", "own", said="Am Montag schrieb ich schon.\nNeu"),
    Shape("HTML quote", mail(REPLY, kind="text/html; charset=utf-8",
          body="<p>Neu</p><div class=gmail_quote>Am 25.11.2026 um 10:00 schrieb Helpdesk:<br>"
               "<blockquote>alt<br>alt</blockquote></div>"), "filed", "own", said="Neu"),
]  # fmt: skip

# -- letters, HTML, parts -------------------------------------------------------------------------


def new(name: str, raw: bytes, said: str | None = None) -> Shape:
    return Shape(name, raw, "opened", "new", after="new", acks=1, said=said)


def parts(*contents: str, kind: str = "multipart/mixed") -> bytes:
    body = "".join(f"--b\n{one}\n" for one in contents) + "--b--\n"
    return mail(subject=NEW, kind=f'{kind}; boundary="b"', body=body)


def nested(depth: int, inner: str = "Content-Type: text/plain\n\ntief") -> bytes:
    content = inner
    for number in range(depth):
        content = (
            f'Content-Type: multipart/mixed; boundary="b{number}"\n\n'
            f"--b{number}\n{content}\n--b{number}--"
        )
    return mail(subject=NEW, kind='multipart/mixed; boundary="x"',
                body=f"--x\nContent-Type: text/plain\n\nvorn\n--x\n{content}\n--x--\n")  # fmt: skip


def _b64(text: str, charset: str = "utf-8") -> str:
    return base64.b64encode(text.encode(charset)).decode()


_UMLAUTS = "Größe: kein Netz"
BROKEN = [
    new("latin-1", mail(subject=NEW, kind="text/plain; charset=iso-8859-1", body=_UMLAUTS.encode("latin-1")), _UMLAUTS),
    new("no charset, latin-1", mail(subject=NEW, kind="text/plain", body=_UMLAUTS.encode("latin-1")), _UMLAUTS),
    new("says UTF-8, is latin-1", mail(subject=NEW, body=_UMLAUTS.encode("latin-1")), _UMLAUTS),
    new("says ASCII, is UTF-8", mail(subject=NEW, kind="text/plain; charset=us-ascii", body=_UMLAUTS), _UMLAUTS),
    new("a charset nobody knows", mail(subject=NEW, kind="text/plain; charset=x-klingon", body=_UMLAUTS), _UMLAUTS),
    new("a charset that is a codec", mail(subject=NEW, kind="text/plain; charset=zlib", body=_UMLAUTS), _UMLAUTS),
    new("a charset that is rot13", mail(subject=NEW, kind="text/plain; charset=rot13", body=_UMLAUTS), _UMLAUTS),
    new("an empty charset", mail(subject=NEW, kind='text/plain; charset=""', body=_UMLAUTS), _UMLAUTS),
    new("UTF-16", mail("Content-Transfer-Encoding: base64", subject=NEW, kind="text/plain; charset=utf-16",
        body=_b64(_UMLAUTS, "utf-16")), _UMLAUTS),
    new("UTF-7", mail(subject=NEW, kind="text/plain; charset=utf-7", body=_UMLAUTS.encode("utf-7")), _UMLAUTS),
    new("a byte order mark", mail(subject=NEW, body="\ufeff" + _UMLAUTS), _UMLAUTS),
    new("no Content-Type", mail(subject=NEW, kind="", body="kein Netz"), "kein Netz"),
    new("a Content-Type that is none", mail(subject=NEW, kind="Text", body="kein Netz"), "kein Netz"),
    new("a Content-Type of semicolons", mail(subject=NEW, kind=";;;=;", body="kein Netz")),
    new("quoted-printable", mail("Content-Transfer-Encoding: quoted-printable", subject=NEW,
        body="Gr=C3=B6=C3=9Fe: kein=\n Netz"), _UMLAUTS),
    new("quoted-printable, broken", mail("Content-Transfer-Encoding: quoted-printable", subject=NEW,
        body="kein =ZZ Netz =")),
    new("base64", mail("Content-Transfer-Encoding: base64", subject=NEW, body=_b64(_UMLAUTS)), _UMLAUTS),
    new("base64, cut", mail("Content-Transfer-Encoding: base64", subject=NEW, body=_b64(_UMLAUTS)[:-3])),
    new("base64, with rubbish", mail("Content-Transfer-Encoding: base64", subject=NEW, body="!!" + _b64(_UMLAUTS) + "ä")),
    new("an encoding nobody knows", mail("Content-Transfer-Encoding: x-uu99", subject=NEW, body="kein Netz"), "kein Netz"),
    new("NUL bytes", mail(subject=NEW, body="kein\x00 Netz"), "kein Netz"),
    new("control characters", mail(subject=NEW, body="kein\x07\x1b[31m Netz"), "kein[31m Netz"),
    new("HTML only", mail(subject=NEW, kind="text/html; charset=utf-8", body="<p>kein <b>Netz</b></p>"), "kein Netz"),
    new("HTML with a script", mail(subject=NEW, kind="text/html",
        body="<html><head><title>x</title><style>p{}</style></head><script>alert(1)</script><p>kein Netz<img src='https://t.example/p.gif'>"),
        "kein Netz"),
    new("HTML that never ends", mail(subject=NEW, kind="text/html", body="<div><p>kein Netz<a href='x"), "kein Netz"),
    new("HTML, entities", mail(subject=NEW, kind="text/html", body="Gr&ouml;&szlig;e:&nbsp;kein&#32;Netz"), "Größe:\xa0kein Netz"),
    new("HTML, a comment that never ends", mail(subject=NEW, kind="text/html", body="kein Netz<!-- x"), "kein Netz"),
    new("plain and HTML", parts("Content-Type: text/plain\n\nkein Netz", "Content-Type: text/html\n\n<p>anders</p>",
        kind="multipart/alternative"), "kein Netz"),
    new("empty plain, HTML", parts("Content-Type: text/plain\n\n\n", "Content-Type: text/html\n\n<p>kein Netz</p>",
        kind="multipart/alternative"), "kein Netz"),
    new("format=flowed", mail(subject=NEW, kind="text/plain; charset=utf-8; format=flowed", body="kein \nNetz\n"), "kein Netz"),
    new("format=flowed, delsp", mail(subject=NEW, kind="text/plain; format=flowed; delsp=yes", body="kein Ne \ntz\n"), "kein Netz"),
    new("20 parts in each other", nested(20), "vorn\n\ntief"),
    new("300 parts in each other", nested(300)),
    new("3000 parts in each other", nested(3000)),
    new("1000 parts beside each other", parts(*["Content-Type: text/plain\n\nkein Netz"] * 1000)),
    new("a boundary that is missing", mail(subject=NEW, kind="multipart/mixed", body="kein Netz")),
    new("a boundary that never comes", mail(subject=NEW, kind='multipart/mixed; boundary="b"', body="kein Netz")),
    new("a boundary that never ends", mail(subject=NEW, kind='multipart/mixed; boundary="b"',
        body="--b\nContent-Type: text/plain\n\nkein Netz"), "kein Netz"),
    new("no Message-ID", mail(subject=NEW, id="")),
    new("a Message-ID without brackets", mail(subject=NEW, id="m«n»@client.example")),
    new("a Message-ID that is none", mail(subject=NEW, id="x«n»")),
    new("a folded Message-ID", mail(subject=NEW, id="\n <m«n»@client.example>")),
    new("an empty Message-ID", mail("Message-ID:", subject=NEW, id="")),
    new("no subject", mail(subject="", body="kein Netz"), "kein Netz"),
    new("an encoded subject", mail(subject="=?iso-8859-1?Q?Gr=F6=DFe_=ABn=BB?=")),
    new("a broken encoded subject", mail(subject="=?utf-8?B?R3L?= =?utf-8?Q?=ZZ?= =?x-no?B?aaaa?= «n»")),
    new("a subject of raw latin-1", mail(subject="Gr\udcf6\udcdfe «n»")),
    new("a huge subject", mail(subject="x" * 200_000)),
    new("10,000 headers", mail(*[f"X-{n}: y" for n in range(10_000)], subject=NEW)),
    new("a header of 1 MB", mail("X-Spam-Report: " + "y " * 500_000, subject=NEW)),
    new("a header without a colon", mail("this is no header", subject=NEW)),
    new("a From with a comment", mail(sender="«sender» (Mia Weber)", subject=NEW)),
    new("a From with a quoted address", mail(sender='"helpdesk@city.example" <«sender»>', subject=NEW)),
    new("two From lines", mail("From: zwei@x.example", subject=NEW)),
    new("a From with encoded words", mail(sender="=?utf-8?B?TcO8bGxlcg==?= <«sender»>", subject=NEW)),
    new("a date that is none", mail("Date: gestern", subject=NEW)),
    new("no words at all", mail(subject="", body="")),
    new("bare CR", mail(subject=NEW, body="kein\rNetz"), "kein\nNetz"),
    new("winmail.dat", parts("Content-Type: text/plain\n\nkein Netz",
        'Content-Type: application/ms-tnef; name="winmail.dat"\nContent-Transfer-Encoding: base64\n\neJ8+Ig==')),
    new("a calendar", parts("Content-Type: text/plain\n\nkein Netz",
        "Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR\nEND:VCALENDAR")),
    new("signed", parts("Content-Type: text/plain\n\nkein Netz",
        'Content-Type: application/pkcs7-signature; name="smime.p7s"\n\nxx', kind="multipart/signed")),
    new("a forwarded mail inside", parts("Content-Type: text/plain\n\nsiehe unten",
        "Content-Type: message/rfc822\n\nFrom: a@x.example\nSubject: alt\n\nalt"), "siehe unten"),
    new("a mail in a mail in a mail", parts("Content-Type: text/plain\n\nkein Netz",
        "Content-Type: message/rfc822\n\n" * 50 + "alt")),
]  # fmt: skip

# -- subjects suggest only ------------------------------------------------------------------------

SUBJECTS = [
    Shape(f"same subject: {subject}", mail(subject=subject), "opened", "new", after="new", acks=1,
          more={"linked": True})
    for subject in ("WLAN «nr»", "AW: WLAN «nr»", "Re: AW: Re: WLAN «nr»", "WG: WLAN «nr»",
                    "RE[2]: wlan «nr»", "[EXT] AW: WLAN   «nr»", "Re: [#«number»] WLAN «nr»")
] + [
    Shape("same subject, somebody else", mail(sender=_OUT, subject="AW: WLAN «nr»"), "opened", "new",
          after="new", acks=1, more={"linked": False}),
    Shape("another subject", mail(subject="Drucker «n»"), "opened", "new", after="new", acks=1,
          more={"linked": False}),
]  # fmt: skip

# -- loops ----------------------------------------------------------------------------------------

LOOPS = [
    Shape("our own address as sender", mail(sender=US, subject=NEW), "automatic", "none"),
    Shape("our own answer comes back", mail(id="<«answer»>", subject="WLAN"), "automatic", "own"),
    Shape("our own answer comes back to what is solved", mail(id="<«answer»>"), "automatic", "own",
          "solved", "solved"),
    Shape("what came already", mail(id="<«first»>"), "known", "none"),
    Shape("what came already, in capitals", mail(id="<«FIRST»>"), "known", "none"),
]  # fmt: skip

SHAPES = [
    *AUTOMATIC, *REPORTS, *REFERENCES, *TOKENS, *FORGED, *OUTSIDERS, *THANKS, *QUOTES, *BROKEN,
    *SUBJECTS, *LOOPS,
]  # fmt: skip
