"""What mails point at; mounted under /t/ (the short form, used in mails) and /api/v1/campaigns/track/."""

from django.urls import path

from tracking import views

app_name = "tracking"

urlpatterns = [
    path("<str:token>/open", views.open_pixel, name="open"),
    path("<str:token>/click", views.click, name="click"),
    path("<str:token>/unsubscribe", views.unsubscribe, name="unsubscribe"),
]
