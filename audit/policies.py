"""Who may read the log: an auditor or an administrator, and only that of their own agency."""

from accounts.policies import is_adjudicator, is_administrator, is_auditor, is_reviewer

# The log says who has begun a review, which nobody who reviews may know.
can_read_log = (is_auditor | is_administrator) & ~is_reviewer & ~is_adjudicator
# An export is the log in a file: whoever may read it may take it along.
can_export_log = can_read_log
# What an entry says is erased for good, so an auditor, who only reads, can't.
can_erase_payloads = is_administrator & can_read_log
