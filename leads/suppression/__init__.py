"""Who may not be written to: by address or domain, everywhere or in one campaign, for good or until a time."""

from leads.suppression.erased import ErasedCode as ErasedCode
from leads.suppression.erased import require_not_erased as require_not_erased
from leads.suppression.erased import suppress_erased as suppress_erased
from leads.suppression.forbidden import find_suppression as find_suppression
from leads.suppression.forbidden import forbidden_sql as forbidden_sql
from leads.suppression.hashes import erased_among as erased_among
from leads.suppression.hashes import hash_of as hash_of
from leads.suppression.hashes import hashes_of as hashes_of
from leads.suppression.suppress import STATUS_AFTER as STATUS_AFTER
from leads.suppression.suppress import suppress as suppress
from leads.suppression.suppress import unsuppress as unsuppress
from leads.suppression.targets import normalize_target as normalize_target
from leads.suppression.told import when_suppressed as when_suppressed
