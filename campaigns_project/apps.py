from django.contrib.admin.apps import AdminConfig


class FairleadAdminConfig(AdminConfig):
    default_site = "campaigns_project.admin_site.FairleadAdminSite"
