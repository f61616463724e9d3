from campaigns_project.accounts.admin import people as people
