from django.urls import path

from campaigns_project.runtime.mailbox import views

app_name = "mailbox"
urlpatterns = [
    path("", views.mail_list, name="list"),
    path("<str:key>", views.mail_detail, name="detail"),
    path("<str:key>/answer", views.mail_answer, name="answer"),
    path("<str:key>/raw", views.mail_raw, name="raw"),
]
