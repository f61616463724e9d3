"""The addresses of the project, and the two references beside them, behind the whole middleware."""

from django.urls import include, path

from bench.opening.references import by_orm, constant

urlpatterns = [
    path("bench/<str:token>/constant", constant),
    path("bench/<str:token>/orm", by_orm),
    path("", include("campaigns_project.urls")),
]
