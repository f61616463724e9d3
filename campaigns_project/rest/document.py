"""The OpenAPI document as it is served. It takes seconds to make, and is made once: it is the same for everybody."""

from functools import lru_cache
from typing import Any

from django.http import HttpResponse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class DocumentView(SpectacularAPIView):
    """As its base, by the header Accept as YAML or JSON."""

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        renderer: BaseRenderer = request.accepted_renderer  # type: ignore[attr-defined]
        kind = f"{renderer.media_type}; charset={renderer.charset}" if renderer.charset else renderer.media_type
        headers = {"Content-Disposition": f'inline; filename="Fairlead API.{renderer.format}"'}
        return HttpResponse(_written(type(renderer)), content_type=kind, headers=headers)


@lru_cache(maxsize=len(SpectacularAPIView.renderer_classes))
def _written(renderer: type[BaseRenderer]) -> bytes:
    document = SchemaGenerator().get_schema(request=None, public=True)
    return renderer().render(document, renderer_context={})
