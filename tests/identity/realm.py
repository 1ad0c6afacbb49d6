"""A tiny realm: a real HTTP server that shows discovery and keys, and signs what a test wants."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def new_key(kid: str, kind: str = "RSA") -> JWK:
    if kind == "EC":
        return JWK.generate(kty="EC", crv="P-256", kid=kid, use="sig")
    return JWK.generate(kty="RSA", size=2048, kid=kid, use="sig")


@dataclass
class TinyRealm:
    """What the server answers; `asked` counts the readings of the keys."""

    issuer: str
    keys: list[JWK] = field(default_factory=list)
    asked: int = 0
    down: bool = False

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Good claims of an access token, with changes; None leaves a claim out."""
        now = int(time.time())
        good = {
            "iss": self.issuer, "aud": ["schoolops", "account"], "typ": "Bearer", "sub": "7c1f",
            "exp": now + 300, "iat": now, "sid": "s-1", "preferred_username": "m.weber",
            "name": "Mia Weber", "email": "m.weber@schule.example", "acr": "password",
            "groups": ["/schools/164800/teacher"], "classes": ["164800/5a"],
        }  # fmt: skip
        return {k: v for k, v in (good | changes).items() if v is not None}

    def sign(
        self, claims: dict[str, Any] | None = None, *, key: JWK | None = None, **header: Any
    ) -> str:
        key = key or self.keys[0]
        algorithm = "ES256" if key.get("kty") == "EC" else "RS256"
        jws = JWS(json.dumps(self.claims() if claims is None else claims))
        head = {"alg": algorithm, "typ": "JWT", "kid": key.get("kid"), **header}
        head = {k: v for k, v in head.items() if v is not None}
        jws.add_signature(key, protected=json.dumps(head))
        token: str = jws.serialize(compact=True)
        return token


@contextmanager
def tiny_realm() -> Iterator[TinyRealm]:
    """The realm for the length of the block, with one RSA and one EC key."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if realm.down:
                self.send_error(503)
                return
            if self.path.endswith("openid-configuration"):
                body: Any = {"issuer": realm.issuer, "jwks_uri": f"{realm.issuer}/certs"}
            else:
                realm.asked += 1
                body = {"keys": [key.export_public(as_dict=True) for key in realm.keys]}
            data = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    realm = TinyRealm(f"http://127.0.0.1:{server.server_port}/realms/tiny")
    realm.keys = [new_key("rsa"), new_key("ec", "EC")]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield realm
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
