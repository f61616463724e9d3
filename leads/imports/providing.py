"""Records of a provider on their way to leads, in three steps that each go on by themselves after a kill.

    lead_import = open_import(...)
    receive_records(lead_import_id=..., records=...)   # as often as there are pages
    stage(lead_import_id=..., mapper=...)
    promote(lead_import_id=...)                         # whatever was filled in between is taken
    close_import(lead_import_id=...)

Each step works in batches, a transaction each, together with the counts of the import. Doing a step again does what is
left of it and nothing else.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import batched
from typing import Any

from django.db import transaction
from django.db.models import F, Max
from django.db.models.functions import Now

from campaigns_project.accounts.models import Organization, User
from leads.imports import errors
from leads.imports.checking import Chunk, GoodRow, RowProblem, duplicate, erased, ready
from leads.imports.cleaning import storable
from leads.imports.ending import end_import
from leads.imports.matching import Columns
from leads.imports.merging import MARK_STAGED, Raced
from leads.imports.options import ImportOptions
from leads.imports.people import People
from leads.imports.reading import Row
from leads.imports.rules import Problem, RowError
from leads.imports.running import TRIES, do_not_wait_for_the_disk, progress
from leads.imports.validating import CleanRow, RowValidator
from leads.imports.writing import merge_into
from leads.models import ImportSource, ImportStatus, LeadImport, RawLead, StagedLead, StagedStatus, Verification
from leads.tagging import tags_named
