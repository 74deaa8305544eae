"""How the API lets people in, as the settings say."""

from api.key_set import KeySet
from api.rate_limits import Limiter, Limits
from api.tokens import OidcSettings, TokenVerifier
from app.settings import ServiceSettings
from devices.clock import SystemClock

__all__ = ["limits_of", "tokens_of"]


def tokens_of(settings: ServiceSettings) -> TokenVerifier | None:
    """What takes the tokens of the city's OIDC issuer; None where it has none."""
    if settings.oidc_issuer is None:
        return None
    oidc = OidcSettings(
        issuer=settings.oidc_issuer,
        audience=settings.oidc_audience,
        algorithms=settings.oidc_algorithms,
        leeway_s=settings.oidc_leeway_s,
        name_claim=settings.oidc_name_claim,
        roles_claim=settings.oidc_roles_claim,
        role_names=settings.oidc_role_names,
        areas_claim=settings.oidc_areas_claim,
        kinds_claim=settings.oidc_kinds_claim,
    )
    return TokenVerifier(oidc, KeySet(settings.oidc_issuer, settings.oidc_keys_url), SystemClock())


def limits_of(settings: ServiceSettings) -> Limits:
    """How often callers may ask."""
    return Limits(known=Limiter(settings.api_rate_per_s, settings.api_rate_burst))
