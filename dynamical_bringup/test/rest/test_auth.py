import hashlib
import json
import stat
import time
from types import SimpleNamespace

import pytest
from fastapi.routing import APIRoute

from dynamical_bringup.rest.app import PUBLIC, create_app
from dynamical_bringup.rest.auth import Authenticator, parse_networks
from dynamical_bringup.rest.context import Context
from dynamical_bringup.rest.keys import KeyStore, KeyStoreError, new_key
from dynamical_bringup.rest.principal import Principal, Scope
from dynamical_bringup.rest.store import ExecutionStore
from dynamical_bringup.rest.tickets import LIFETIME, Tickets

NOW = 1e9


def test_the_first_start_makes_one_key_and_later_starts_keep_it(tmp_path):
    first = KeyStore(tmp_path).ensure_key()
    key = (tmp_path / "api_key").read_text().strip()
    assert KeyStore(tmp_path).ensure_key() == first
    assert (tmp_path / "api_key").read_text().strip() == key
    assert KeyStore(tmp_path).find(key, now=NOW) == Principal(first, frozenset(Scope))


def test_only_the_hash_of_a_key_is_in_the_store_and_only_the_owner_can_read_either(tmp_path):
    KeyStore(tmp_path).ensure_key()
    key = (tmp_path / "api_key").read_text().strip()
    text = (tmp_path / "keys.json").read_text()
    assert key not in text
    assert key.split("_", 2)[2] not in text
    assert json.loads(text)[0]["sha256"] == hashlib.sha256(key.encode()).hexdigest()
    for name in ("api_key", "keys.json"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_a_lost_key_file_leads_to_a_new_key(tmp_path):
    first = KeyStore(tmp_path).ensure_key()
    (tmp_path / "api_key").unlink()
    assert KeyStore(tmp_path).ensure_key() != first


def test_a_broken_key_store_is_named_and_not_overwritten(tmp_path):
    (tmp_path / "keys.json").write_text("{oh")
    with pytest.raises(ValueError, match=r"keys\.json is not a key store"):
        KeyStore(tmp_path)
    assert (tmp_path / "keys.json").read_text() == "{oh"


@pytest.mark.parametrize("scopes", [["root"], [], ["observe", "root"]])
def test_a_key_has_known_scopes(tmp_path, scopes):
    with pytest.raises(KeyStoreError, match="scopes are observe, operate, administer"):
        KeyStore(tmp_path).add(new_key(), scopes=scopes)


def test_a_key_may_what_its_scopes_say_and_nothing_else(tmp_path):
    store, key = KeyStore(tmp_path), new_key()
    store.add(key, scopes=["operate"], name="arm")
    holder = KeyStore(tmp_path).find(key, now=NOW)
    assert [scope for scope in Scope if holder.may(scope)] == [Scope.OPERATE]


def test_a_key_ends_at_its_time_and_when_it_is_revoked(tmp_path):
    store, key = KeyStore(tmp_path), new_key()
    store.ensure_key()
    entry = store.add(key, scopes=["observe"], expires=NOW + 60.0)
    holder = store.find(key, now=NOW)
    assert holder is not None
    assert store.find(key, now=NOW + 60.0) is None
    assert not store.still_holds(holder, now=NOW + 60.0)
    store.revoke(entry.id, now=NOW)
    assert store.find(key, now=NOW) is None
    assert KeyStore(tmp_path).find(key, now=NOW) is None
    assert not store.still_holds(holder, now=NOW)


def test_the_last_key_that_may_administer_cannot_be_revoked(tmp_path):
    store = KeyStore(tmp_path)
    owner = store.ensure_key()
    with pytest.raises(KeyStoreError, match="is the last one that may administer"):
        store.revoke(owner, now=NOW)
    store.add(new_key(), scopes=["administer"])
    assert store.revoke(owner, now=NOW).revoked
    with pytest.raises(KeyError):
        store.revoke("nobody", now=NOW)


def test_a_store_of_roles_is_read_as_scopes(tmp_path):
    key = new_key()
    entry = {"id": key.split("_")[1], "role": "swarm", "created": "2026-01-01T00:00:00+00:00"}
    entry["sha256"] = hashlib.sha256(key.encode()).hexdigest()
    (tmp_path / "keys.json").write_text(json.dumps([entry]))
    holder = KeyStore(tmp_path).find(key, now=NOW)
    assert holder.scopes == {Scope.OBSERVE, Scope.OPERATE}


def test_a_ticket_opens_once_and_not_for_long(tmp_path):
    tickets, caller = Tickets(), Principal("k", frozenset({Scope.OBSERVE}))
    ticket = tickets.issue(caller, now=1.0)
    assert tickets.redeem(ticket, now=2.0) == caller
    assert tickets.redeem(ticket, now=2.0) is None
    late = tickets.issue(caller, now=1.0)
    assert tickets.redeem(late, now=1.0 + LIFETIME) is None
    assert tickets.redeem("nonsense", now=1.0) is None


def test_a_ticket_of_a_revoked_key_opens_nothing(tmp_path):
    store, key, tickets = KeyStore(tmp_path), new_key(), Tickets()
    store.ensure_key()
    entry = store.add(key, scopes=["observe"])
    ticket = tickets.issue(store.find(key, now=NOW), now=time.monotonic())
    store.revoke(entry.id, now=NOW)
    assert Authenticator(store, tickets=tickets).redeem(ticket) is None


def test_wrong_secrets_unknown_ids_and_strange_keys_are_nobody(tmp_path):
    store = KeyStore(tmp_path)
    store.ensure_key()
    key = (tmp_path / "api_key").read_text().strip()
    for wrong in (key[:-1] + ("A" if key[-1] != "A" else "B"), new_key(), "", "x" * 100_000, "é"):
        assert store.find(wrong, now=NOW) is None


def test_trusted_networks_are_named_blocks_never_everybody():
    assert parse_networks([""]) == ()
    assert len(parse_networks(["loopback", "10.1.0.0/16"])) == 3
    for wrong in ("everyone", "0.0.0.0/0", "::/0", "10.0.0.1/8"):
        with pytest.raises(ValueError, match="trusted network"):
            parse_networks([wrong])


def test_a_peer_from_a_trusted_network_gets_fixed_scopes_but_a_browser_does_not(tmp_path):
    trusting = Authenticator(KeyStore(tmp_path), trusted=parse_networks(["10.1.0.0/16"]))
    peer = trusting.identify(key="", peer="10.1.2.3", from_browser=False)
    assert peer is not None
    assert peer.may(Scope.OPERATE)
    assert not peer.may(Scope.ADMINISTER)
    assert trusting.identify(key="", peer="10.1.2.3", from_browser=True) is None
    assert trusting.identify(key="", peer="10.2.2.3", from_browser=False) is None
    # A wrong key is a wrong key, wherever it comes from.
    assert trusting.identify(key="wrong", peer="10.1.2.3", from_browser=False) is None
    strict = Authenticator(KeyStore(tmp_path))
    assert strict.identify(key="", peer="127.0.0.1", from_browser=False) is None


def _routes(app):
    found = []
    for route in app.routes:
        inner = getattr(route, "original_router", None) or getattr(route, "router", None)
        if isinstance(route, APIRoute):
            found.append(route)
        elif inner is not None:
            found += [item for item in inner.routes if isinstance(item, APIRoute)]
    return found


def test_every_route_that_is_not_public_asks_for_a_scope(tmp_path):
    shared = Context(
        gateway=SimpleNamespace(call=None),
        executions=ExecutionStore(),
        keys=KeyStore(tmp_path),
        robot_id="r",
    )
    app = create_app(shared)
    described = {(path, m.upper()) for path, item in app.openapi()["paths"].items() for m in item}
    routes = _routes(app)
    walked = {(route.path, method) for route in routes for method in route.methods}
    assert described <= walked
    assert len(described) > 20
    for route in routes:
        scopes = [
            getattr(item.call, "scope", None)
            for item in route.dependant.dependencies
            if getattr(item.call, "scope", None)
        ]
        assert (route.path in PUBLIC) == (not scopes), route.path


def test_no_route_answers_without_a_key(bridge):
    paths = httpx_paths(bridge)
    with bridge.client(key="") as nobody:
        del nobody.headers["X-API-Key"]
        for path, methods in paths.items():
            for method in methods:
                answer = nobody.request(method, path.replace("{", "").replace("}", ""))
                if path in PUBLIC:
                    assert answer.status_code == 200, path
                else:
                    assert answer.status_code == 401, path
                    assert answer.headers["content-type"] == "application/problem+json"
        # What does not exist does not answer either: paths are not to be guessed.
        assert nobody.get("/api/v1/secret").status_code == 401


def httpx_paths(bridge):
    with bridge.client() as client:
        return {
            path: [method.upper() for method in item]
            for path, item in client.get("/openapi.json").json()["paths"].items()
        }


def test_a_wrong_secret_and_an_unknown_id_get_the_same_answer(bridge):
    wrong = bridge.key[:-1] + ("A" if bridge.key[-1] != "A" else "B")
    bodies = []
    for key in (wrong, new_key(), "nonsense"):
        with bridge.client(key=key) as client:
            answer = client.get("/api/v1/skills")
            assert answer.status_code == 401
            bodies.append({**answer.json(), "request_id": ""})
    assert bodies[0] == bodies[1] == bodies[2]
    assert bodies[0]["error_code"] == 603


def test_the_log_never_holds_a_key(bridge):
    with bridge.client() as client:
        client.post("/api/v1/robot/invoke_skill", json={})
    assert bridge.key not in "\n".join(bridge.process.lines)
    assert bridge.key.split("_", 2)[2] not in "\n".join(bridge.process.lines)
