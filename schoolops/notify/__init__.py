"""Notices to people: outgoing mail.

A capability describes a notice (`texts.register`) and calls `service.post` in the transaction of
what it tells of. The worker sends what is in the outbox; whoever gets a mail is decided by the
capability, through the permissions.
"""
