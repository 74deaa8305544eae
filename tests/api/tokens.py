"""An OIDC issuer of tests: its keys, and tokens that it signed."""

import json
from collections.abc import Mapping
from typing import Any

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import RSAAlgorithm

from api.key_set import KeySet
from api.tokens import OidcSettings, TokenVerifier
from devices.clock import Clock
from tests.api.support import REAL_NOW_MS

ISSUER = "https://login.test/realms/city"
AUDIENCE = "ioc"
NOW_S = REAL_NOW_MS // 1000


class Issuer:
    """Signs tokens, and serves the public keys that it has now."""

    def __init__(self) -> None:
        self.keys: dict[str, RSAPrivateKey] = {}
        self.asked: list[str] = []
        self.is_down = False
        self.rotate("first")

    def rotate(self, kid: str) -> None:
        """Sign with a new key from now on, and serve only that."""
        self.keys = {kid: generate_private_key(public_exponent=65_537, key_size=2_048)}

    def fetch(self, url: str) -> bytes:
        self.asked.append(url)
        if self.is_down:
            raise ValueError("down")
        if url.endswith("/.well-known/openid-configuration"):
            return msgspec.json.encode({"issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys"})
        public = [
            RSAAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": kid, "use": "sig", "alg": "RS256"}
            for kid, key in self.keys.items()
        ]
        return json.dumps({"keys": public}).encode()

    def verifier(self, clock: Clock, **settings: Any) -> TokenVerifier:
        oidc = OidcSettings(issuer=ISSUER, audience=AUDIENCE, **settings)
        return TokenVerifier(oidc, KeySet(ISSUER, fetch=self.fetch), clock)

    def token(self, *, header: Mapping[str, Any] | None = None, **claims: Any) -> str:
        """A token of anna, an operator, for the next minute; claims given as None are left out."""
        [(kid, key)] = self.keys.items()
        usual = {"iss": ISSUER, "aud": AUDIENCE, "sub": "anna", "exp": NOW_S + 60, "roles": ["operator"]}
        said = {name: value for name, value in (usual | claims).items() if value is not None}
        return jwt.encode(said, key, algorithm="RS256", headers={"kid": kid, **(header or {})})


def unsigned(**claims: Any) -> str:
    """A token that nobody signed: `alg` none."""
    usual = {"iss": ISSUER, "aud": AUDIENCE, "sub": "anna", "exp": NOW_S + 60, "roles": ["admin"]}
    return jwt.encode(usual | claims, "", algorithm="none")
