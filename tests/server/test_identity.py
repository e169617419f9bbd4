"""Tokens of a real identity provider's form, a proxy that speaks for people, and keys that show up nowhere."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from ragkb import cli
from ragkb.kb import KnowledgeBase
from ragkb.server import oidc
from ragkb.server.logs import JsonLine
from ragkb.server.run import serve as run
from ragkb.settings import OidcSettings, ProxySettings, ServerSettings, Settings
from ragkb.types import Principal

ISSUER, AUDIENCE = "https://id.example/", "ragkb"
SECRET = "a secret of the proxy's"


class Provider:
    """An identity provider: keys that are made here, and an HTTP server that publishes them."""

    def __init__(self) -> None:
        self.keys: dict[str, Any] = {}
        self.asked = 0
        self.add("first")
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def add(self, kid: str, kind: str = "RS256") -> None:
        made = rsa.generate_private_key(65537, 2048) if kind == "RS256" else ec.generate_private_key(ec.SECP256R1())
        self.keys[kid] = (kind, made)

    def token(self, kid: str = "first", headers: dict[str, str] | None = None, **changed: Any) -> str:
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ana", "groups": ["hr"], "exp": time.time() + 60}
        claims = {name: value for name, value in {**claims, **changed}.items() if value is not None}
        kind, key = self.keys[kid]
        return jwt.encode(claims, key, kind, headers={"kid": kid, **(headers or {})})

    def jwks(self) -> dict[str, Any]:
        rows = []
        for kid, (kind, key) in self.keys.items():
            as_jwk = RSAAlgorithm.to_jwk if kind == "RS256" else ECAlgorithm.to_jwk
            rows.append({**json.loads(as_jwk(key.public_key())), "kid": kid, "alg": kind, "use": "sig"})
        return {"keys": rows}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.asked += 1
                found = {"issuer": ISSUER, "jwks_uri": f"{provider.address}/keys"}
                body = json.dumps(provider.jwks() if self.path == "/keys" else found).encode()
                self.send_response(200)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *given: object) -> None:
                pass

        return Handler

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider()
    yield made
    made.close()


def settings(provider: Provider, **given: Any) -> Settings:
    named = OidcSettings(issuer=ISSUER, audience=AUDIENCE, jwks=f"{provider.address}/keys", **given)
    return Settings(server=ServerSettings(oidc=named))


def me(client: httpx.Client, token: str, path: str = "/v1/me") -> Any:
    """What the server takes the bearer of the token for; the status if it is nobody."""
    response = client.get(path, headers={"authorization": f"Bearer {token}"})
    return response.json() if response.status_code == 200 else response.status_code


def test_a_token_is_a_caller_with_its_groups(kb: KnowledgeBase, serve: Any, provider: Provider) -> None:
    with serve(kb, settings(provider, writers=("editors",), admins=("it",), everything=("board",))) as client:
        assert me(client, provider.token()) == {
            "user": "ana", "groups": ["hr"], "role": "reader", "kb": "default", "kbs": ["default"], "auth": "oidc",
        }  # fmt: skip
        assert me(client, provider.token(groups=["editors"]))["role"] == "writer"
        assert me(client, provider.token(groups="it, hr"))["role"] == "admin"
        assert me(client, provider.token(groups=["board"]))["groups"] == ["*"]
        assert me(client, provider.token(groups=["*", 7, "hr,*"]))["groups"] == [], "nobody names themselves all-seeing"
        assert me(client, provider.token(groups=None))["groups"] == []
        seen = [client.get("/v1/documents", headers={"authorization": f"Bearer {provider.token(groups=groups)}"})
                for groups in (["hr"], ["sales"])]  # fmt: skip
        assert [one.json()["total"] for one in seen] == [3, 2]


def test_what_is_no_token_for_us_is_nobody(kb: KnowledgeBase, serve: Any, provider: Provider) -> None:
    now = time.time()
    foreign = Provider()
    public = json.dumps(provider.jwks()["keys"][0])
    made = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ana", "exp": now + 60}
    wrong = {
        "expired": provider.token(exp=now - 60),
        "without end": provider.token(exp=None),
        "not yet": provider.token(nbf=now + 120),
        "issued later": provider.token(iat=now + 120),
        "another audience": provider.token(aud="mail"),
        "without audience": provider.token(aud=None),
        "another issuer": provider.token(iss="https://evil.example/"),
        "without user": provider.token(sub=None),
        "user is no text": provider.token(sub=7),
        "another key": foreign.token(),
        "unknown key": provider.token(headers={"kid": "nonesuch"}),
        "no key named": jwt.encode(made, provider.keys["first"][1], "RS256"),
        "signature cut": provider.token()[:-8],
        "none": jwt.encode(made, None, "none", headers={"kid": "first"}),
        "public key as a secret": jwt.encode(made, public[:64] * 2, "HS256", headers={"kid": "first"}),
        "no token": "a.b.c",
        "dots": "..",
    }
    foreign.close()
    with serve(kb, settings(provider)) as client:
        assert {name: me(client, token) for name, token in wrong.items()} == dict.fromkeys(wrong, 401)
        assert me(client, provider.token())["user"] == "ana"


def test_a_new_key_is_found_and_an_old_one_ends(
    kb: KnowledgeBase, serve: Any, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oidc, "PAUSE", 0)
    with serve(kb, settings(provider)) as client:
        old = provider.token()
        assert me(client, old)["user"] == "ana"
        asked = provider.asked
        assert [me(client, provider.token())["user"] for _ in range(5)] == ["ana"] * 5
        assert provider.asked == asked, "keys that are known are not asked for again"
        provider.add("second", "ES256")
        assert me(client, provider.token("second"))["user"] == "ana"
        del provider.keys["first"]
        provider.add("third")
        assert me(client, provider.token("third"))["user"] == "ana"
        assert me(client, old) == 401


def test_unknown_keys_do_not_make_us_ask_each_time(kb: KnowledgeBase, serve: Any, provider: Provider) -> None:
    with serve(kb, settings(provider)) as client:
        for number in range(5):
            assert me(client, provider.token(headers={"kid": str(number)})) == 401
    assert provider.asked == 1


def test_keys_from_a_file_and_from_where_the_issuer_says(
    kb: KnowledgeBase, serve: Any, provider: Provider, tmp_path: Path
) -> None:
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps(provider.jwks()))
    found = OidcSettings(issuer=provider.address, audience=AUDIENCE)
    for named in (OidcSettings(issuer=ISSUER, audience=AUDIENCE, jwks=str(file)), found):
        with serve(kb, Settings(server=ServerSettings(oidc=named))) as client:
            assert me(client, provider.token(iss=named.issuer))["user"] == "ana"


def test_a_provider_that_is_gone_lets_nobody_in_and_keys_still_work(kb: KnowledgeBase, serve: Any) -> None:
    gone = Provider()
    gone.close()
    _, key = kb.ledger.keys.create("bob", "reader")
    with serve(kb, settings(gone)) as client:
        assert me(client, gone.token()) == 401
        assert me(client, key)["user"] == "bob"


def test_a_token_reaches_the_knowledge_bases_it_names(
    kb: KnowledgeBase, shared_kb: KnowledgeBase, serve: Any, provider: Provider
) -> None:
    with serve(kb, settings(provider), others={"sales": shared_kb}) as client:
        assert me(client, provider.token(), "/kb/sales/v1/me") == 401
    with serve(kb, settings(provider, kbs_claim="tenants"), others={"sales": shared_kb}) as client:
        token = provider.token(tenants=["sales"])
        assert me(client, token, "/kb/sales/v1/me")["kb"] == "sales"
        assert me(client, token) == me(client, provider.token()) == 401


# --- a proxy ----------------------------------------------------------------------------------------------------------


def proxied(*peers: str) -> Settings:
    return Settings(server=ServerSettings(proxy=ProxySettings(peers=peers, secret=SECRET, writers=("editors",))))


def test_the_proxy_says_who_calls(kb: KnowledgeBase, serve: Any) -> None:
    headers = {"x-proxy-secret": SECRET, "x-forwarded-user": "ana", "x-forwarded-groups": "hr, editors,*"}
    with serve(kb, proxied("10.0.0.0/8", "127.0.0.1")) as client:
        assert client.get("/v1/me", headers=headers).json() == {
            "user": "ana", "groups": ["hr", "editors"], "role": "writer", "kb": "default", "kbs": ["default"],
            "auth": "proxy",
        }  # fmt: skip
        for name, value in (("x-proxy-secret", "guessed"), ("x-proxy-secret", ""), ("x-forwarded-user", "")):
            assert client.get("/v1/me", headers={**headers, name: value}).status_code == 401
        assert client.get("/v1/me").status_code == 401


def test_others_are_not_believed(kb: KnowledgeBase, serve: Any) -> None:
    headers = {"x-proxy-secret": SECRET, "x-forwarded-user": "ana"}
    with serve(kb, proxied("10.0.0.0/8")) as client:
        assert client.get("/v1/me", headers=headers).status_code == 401


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"proxy": {"peers": ["127.0.0.1"]}}, "secret"),
        ({"proxy": {"peers": ["127.0.0.1"], "secret": "short"}}, "secret"),
        ({"proxy": {"peers": ["proxy.local"], "secret": SECRET}}, "proxy.local"),
        ({"oidc": {"issuer": ISSUER}}, "audience"),
        ({"oidc": {"issuer": ISSUER, "audience": "a", "algorithms": ["HS256"]}}, "algorithms"),
        ({"oidc": {"issuer": ISSUER, "audience": "a", "algorithms": ["none"]}}, "algorithms"),
    ],
)
def test_settings_that_would_let_strangers_in_are_refused(given: dict[str, Any], said: str) -> None:
    from ragkb.errors import InputError

    with pytest.raises(InputError) as raised:
        Settings.load(server=given)
    assert said in str(raised.value)
    assert SECRET not in str(raised.value)


# --- keys -------------------------------------------------------------------------------------------------------------


def test_the_first_key_closes_an_open_server_and_the_last_does_not_open_it(kb: KnowledgeBase, serve: Any) -> None:
    with serve(kb) as client:
        assert client.get("/v1/me").json()["auth"] == "open"
        made, secret = kb.ledger.keys.create("ana", "reader")
        assert client.get("/v1/me").status_code == 401
        assert me(client, secret)["user"] == "ana"
        kb.ledger.keys.revoke(made.id)
        assert me(client, secret) == 401
        assert client.get("/v1/me").status_code == 401
    with serve(kb) as client:
        assert client.get("/v1/me").status_code == 401


def test_a_key_shows_up_nowhere(kb: KnowledgeBase, serve: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Not in logs, errors, metrics or the ledger; nor what is nearly one."""
    caplog.set_level(logging.DEBUG)
    _, secret = kb.ledger.keys.create("ana", "admin")
    near = secret[:-1] + "_"
    with serve(kb) as client:
        said = b""
        for key in (secret, near):
            headers = {"authorization": f"Bearer {key}", "x-api-key": key}
            for method, path in (("GET", "/v1/me"), ("GET", "/nonesuch"), ("POST", "/v1/query"), ("GET", "/metrics")):
                answer = client.request(method, path, headers=headers, params={"key": key}, content=b"{")
                said += answer.content + str(answer.headers).encode()
    written = b"".join(path.read_bytes() for path in Path(kb.status().path).rglob("*") if path.is_file())
    own = [record for record in caplog.records if record.name.split(".")[0] in ("ragkb", "uvicorn")]
    told = [JsonLine().format(record) for record in own]
    assert len(told) > 8
    for key in (secret, near):
        assert key.encode() not in said + written
        assert not [one for one in told if key in one]


@contextmanager
def started(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`ragkb serve` in a process of its own, and its address."""
    command = [sys.executable, "-m", "ragkb", "--kb", str(folder), "serve", "--port", "0", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=folder.parent) as running:
        assert running.stderr
        try:
            first = running.stderr.readline()
            yield running, first.split(" ")[3] if "listens on" in first else first + running.stderr.read()
        finally:
            running.terminate()
            running.wait(20)


def test_the_command_makes_a_key_that_a_running_server_takes_and_drops(
    kb: KnowledgeBase, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(kb.status().path)

    def ragkb(*words: str) -> Any:
        monkeypatch.setattr(sys, "argv", ["ragkb", "--kb", str(folder), *words, "--json"])
        with pytest.raises(SystemExit) as exit:
            cli.main()
        assert not exit.value.code
        return json.loads(capsys.readouterr().out)

    with started(folder) as (running, address), httpx.Client(base_url=address, timeout=30) as client:
        made = ragkb("key", "create", "--name", "ana", "--role", "writer", "--groups", "hr,sales", "--expires", "90d")
        assert made["groups"] == ["hr", "sales"]
        assert me(client, made["key"])["role"] == "writer"
        listed = ragkb("key", "list")["keys"]
        assert [one["id"] for one in listed] == [made["id"]]
        assert listed[0]["last_used_at"]
        assert "key" not in listed[0]
        assert made["key"].encode() not in Path(f"/proc/{running.pid}/cmdline").read_bytes()
        assert ragkb("key", "revoke", made["id"])["state"] == "revoked"
        assert me(client, made["key"]) == 401


def test_another_address_takes_a_key_first(kb: KnowledgeBase) -> None:
    folder = Path(kb.status().path)
    with started(folder, "--host", "0.0.0.0") as (running, said):
        assert running.wait(60) == 2
        assert "not a loopback address, and no key was made" in said
    kb.ledger.keys.create("ana", "reader")
    with started(folder, "--host", "0.0.0.0") as (_, address):
        assert httpx.get(f"http://127.0.0.1:{address.strip().rpartition(':')[2]}/v1/me").status_code == 401


def test_sighup_reads_the_settings_again(kb: KnowledgeBase) -> None:
    folder = Path(kb.status().path)
    file = folder.parent / "ragkb.toml"
    with started(folder) as (running, address), httpx.Client(base_url=address, timeout=30) as client:
        ask = lambda: client.post("/v1/search", json={"query": "x" * 50}).status_code  # noqa: E731
        assert ask() == 200
        for text, status in (
            ("[limits]\nquestion_characters = 10\n", 413),
            ("[limits]\nquestion_characters = 'many'\n", 413),
            ("", 200),
        ):
            file.write_text(text)
            os.kill(running.pid, signal.SIGHUP)
            for _ in range(50):
                if ask() == status:
                    break
                time.sleep(0.05)
            assert ask() == status


def test_serve_refuses_strangers_for_the_library_too(kb: KnowledgeBase) -> None:
    from ragkb.errors import InputError

    with pytest.raises(InputError, match="no key was made"):
        run(kb, Settings(server=ServerSettings(host="0.0.0.0", port=0)), Principal())
