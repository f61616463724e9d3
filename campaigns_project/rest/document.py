"""The OpenAPI document as it is served. It takes seconds to make, and is made once: it is the same for everybody."""

from functools import lru_cache
from typing import Any

from django.http import HttpResponse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request

RENDERERS = {each.media_type: each for each in SpectacularAPIView.renderer_classes}


class DocumentView(SpectacularAPIView):
    """As its base, by the header Accept as YAML or JSON."""

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        renderer: Any = request.accepted_renderer
        kind = f"{renderer.media_type}; charset={renderer.charset}" if renderer.charset else renderer.media_type
        headers = {"Content-Disposition": f'inline; filename="Fairlead API.{renderer.format}"'}
        return HttpResponse(_written(renderer.media_type), content_type=kind, headers=headers)


@lru_cache(maxsize=len(RENDERERS))
def _written(media_type: str) -> Any:
    return RENDERERS[media_type]().render(_document(), renderer_context={})


@lru_cache(maxsize=1)
def _document() -> Any:
    """Of what this process runs: one kept beside it could be older than the code."""
    return SchemaGenerator().get_schema(request=None, public=True)
