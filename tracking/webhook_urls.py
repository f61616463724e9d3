"""What services outside call; mounted under /hooks/."""

from django.urls import path

from tracking import webhooks

app_name = "hooks"

urlpatterns = [
    path("esp/<str:token>", webhooks.esp, name="esp"),
    path("instantly/<str:token>", webhooks.instantly, name="instantly"),
]
