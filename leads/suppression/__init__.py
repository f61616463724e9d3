"""Who may not be written to: by address or domain, everywhere or in one campaign, for good or until a time."""

from leads.suppression.check import Checked as Checked
from leads.suppression.check import check as check
from leads.suppression.erased import ErasedCode as ErasedCode
from leads.suppression.erased import require_not_erased as require_not_erased
from leads.suppression.erased import suppress_erased as suppress_erased
from leads.suppression.expire import remove_expired as remove_expired
from leads.suppression.forbidden import find_suppression as find_suppression
from leads.suppression.forbidden import forbidden_sql as forbidden_sql
from leads.suppression.hashes import erased_among as erased_among
from leads.suppression.hashes import hash_of as hash_of
from leads.suppression.hashes import hashes_of as hashes_of
from leads.suppression.many import Entry as Entry
from leads.suppression.many import EntryState as EntryState
from leads.suppression.many import Many as Many
from leads.suppression.many import Outlook as Outlook
from leads.suppression.many import counts_active as counts_active
from leads.suppression.many import look_at as look_at
from leads.suppression.many import suppress_many as suppress_many
from leads.suppression.scopes import require_scope as require_scope
from leads.suppression.suppress import PROTECTED as PROTECTED
from leads.suppression.suppress import STATUS_AFTER as STATUS_AFTER
from leads.suppression.suppress import suppress as suppress
from leads.suppression.suppress import unsuppress as unsuppress
from leads.suppression.targets import normalize_target as normalize_target
from leads.suppression.told import when_suppressed as when_suppressed
