from campaigns_project.accounts.admin import keys as keys
from campaigns_project.accounts.admin import people as people
