"""Checkpoints reach others, who can hold them: witnesses that cosign, mailboxes, web addresses, time stamps.

Who holds an older checkpoint sees when the log is cut back or rewritten. `configured` reads who they are,
`delivering` hands the newest checkpoint to each of them, `standing` says how far each has come, and `serve` is a
witness that another agency can run; it needs no Django, so nothing is imported here.
"""
