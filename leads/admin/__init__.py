from leads.admin import changes as changes
from leads.admin import imports as imports
from leads.admin import incoming as incoming
from leads.admin import problems as problems
from leads.admin import providers as providers
from leads.admin import segments as segments
from leads.admin import suppressions as suppressions
from leads.admin import tags as tags
