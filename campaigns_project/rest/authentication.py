"""Keys of the API: `Authorization: Bearer KEY`."""

import re
from typing import Any

from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.plumbing import build_bearer_security_scheme_object
from knox.auth import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed

_WELL_FORMED = re.compile(rb"[!-~]{1,512}")  # printable ASCII


class BearerKey(TokenAuthentication):
    """knox's tokens; what cannot be a key is refused before it reaches the database, where NUL is an error."""

    def authenticate_credentials(self, token: bytes) -> Any:
        if not _WELL_FORMED.fullmatch(token):
            raise AuthenticationFailed("This is not a key: a key is a word of plain letters and digits.")
        try:
            return super().authenticate_credentials(token)
        except AuthenticationFailed:
            raise AuthenticationFailed("This key is unknown, expired or switched off.") from None

    def _cleanup_token(self, auth_token: Any) -> bool:
        """Whether the key has expired, in place of knox's way: it looks through all keys of the account each time and
        deletes those that have. Here a read changes nothing, and an expired key stays in the list until an owner
        revokes it."""
        return auth_token.expiry is not None and auth_token.expiry <= timezone.now()


class BearerKeyScheme(OpenApiAuthenticationExtension):
    """How the schema describes it."""

    target_class = BearerKey
    name = "key"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return build_bearer_security_scheme_object(header_name="Authorization", token_prefix="Bearer")  # noqa: S106 - the name of the scheme
