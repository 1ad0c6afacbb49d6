"""Tickets by e-mail: what comes in is read, matched and booked; nothing that came is lost.

`reading` and `words` are pure, `matching` asks the database, `booking` decides, `held` is what
people decide. Mails come by `imap` (a mailbox that is asked) or by `listening` (LMTP or SMTP).
"""
