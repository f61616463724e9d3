"""How the admin looks: title, colors and the sidebar in the order of the job."""

from django.urls import reverse_lazy


def _item(title: str, icon: str, name: str) -> dict:
    app, model, _view = name.split("_", 2)
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{name}"),
        "permission": f"campaigns_project.admin_site.may_view:{app}.{model}",
    }


def _group(title: str, *items: dict) -> dict:
    return {"title": title, "separator": True, "items": list(items)}


UNFOLD = {
    "SITE_TITLE": "Fairlead",
    "SITE_HEADER": "Fairlead",
    "SITE_SUBHEADER": "Outreach that can say why",
    "SITE_SYMBOL": "sailing",
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "BORDER_RADIUS": "6px",
}
