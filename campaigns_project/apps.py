from django.contrib.admin.apps import SimpleAdminConfig


class FairleadAdminConfig(SimpleAdminConfig):
    """The admin on our own site; its pages are found where its addresses are (`campaigns_project.urls`)."""

    default_site = "campaigns_project.admin_site.FairleadAdminSite"
