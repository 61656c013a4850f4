"""An OIDC issuer for tests: a key pair, its JWK set as a file, and tokens, good ones and others."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

ISSUER = "https://login.example/realms/city"
AUDIENCE = "guatu"


class Issuer:
    """Signs tokens; ``keys`` is its published JWK set."""

    def __init__(self, kid: str = "k1") -> None:
        self.kid = kid
        self.private = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @property
    def jwk(self) -> dict[str, Any]:
        """The public key as it is published."""
        return {**RSAAlgorithm.to_jwk(self.private.public_key(), as_dict=True), "kid": self.kid, "use": "sig"}

    @property
    def keys(self) -> str:
        """The JWK set."""
        return json.dumps({"keys": [self.jwk]})

    @property
    def pem(self) -> bytes:
        """The public key, which anybody can have."""
        return self.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def publish(self, directory: Path) -> str:
        """Write the JWK set to a file, and tell where."""
        file = directory / "keys.json"
        file.write_text(self.keys, encoding="utf-8")
        return str(file)

    def settings(self, directory: Path) -> dict[str, object]:
        """What a process that trusts this issuer is set to."""
        return {"oidc_issuer": ISSUER, "oidc_audience": AUDIENCE, "oidc_jwks": self.publish(directory)}

    def token(self, algorithm: str = "RS256", headers: dict[str, Any] | None = None, **changes: Any) -> str:
        """A token that is good but for the changes; a claim that is changed to none is left out."""
        return self.token_with(changes, algorithm, headers)

    def token_with(
        self, changes: dict[str, Any], algorithm: str = "RS256", headers: dict[str, Any] | None = None
    ) -> str:
        """As ``token``, with the changes in one piece."""
        claims = {key: value for key, value in (_claims() | changes).items() if value is not None}
        head = {"typ": "JWT", "alg": algorithm, "kid": self.kid, **(headers or {})}
        # Not ``jwt.encode``, which refuses claims that only somebody else would send.
        return jwt.PyJWS().encode(_json(claims), self.private, algorithm=algorithm, headers=head)

    def unsigned(self) -> str:
        """A token with ``alg`` none; by hand, as the next, since libraries refuse to make them."""
        return f"{self._by_hand('none')}."

    def signed_with_the_public_key(self) -> str:
        """A token with HS256 whose secret is the published key."""
        text = self._by_hand("HS256")
        return f"{text}.{_base64url(hmac.new(self.pem, text.encode(), hashlib.sha256).digest())}"

    def _by_hand(self, algorithm: str) -> str:
        parts = ({"alg": algorithm, "typ": "JWT", "kid": self.kid}, _claims())
        return ".".join(_base64url(_json(part)) for part in parts)


def _claims() -> dict[str, Any]:
    now = datetime.now(UTC)
    times = {"iat": now, "exp": now + timedelta(minutes=5)}
    return {"iss": ISSUER, "aud": AUDIENCE, "sub": "zhang.san", "office": "city/intake", **times}


def _json(claims: dict[str, Any]) -> bytes:
    times = {name: value.timestamp() for name, value in claims.items() if isinstance(value, datetime)}
    return json.dumps(claims | times).encode()


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
