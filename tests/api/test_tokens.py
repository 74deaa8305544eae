"""Tokens of an issuer open what their roles open, and nothing that looks like one opens anything."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jwt
import pytest

from api.key_set import KeySet, KeySetUnavailableError
from api.roles import ROLE_SCOPES, Role
from api.tokens import OidcSettings, TokenRefusedError
from devices.clock import SteppedClock
from tests.api.support import REAL_NOW_MS
from tests.api.tokens import AUDIENCE, ISSUER, NOW_S, Issuer, unsigned

ANSWERS_WITHIN_S = 5


@pytest.fixture(scope="module")
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(REAL_NOW_MS)


def test_token_names_its_person_and_opens_what_its_roles_open(issuer: Issuer, clock: SteppedClock) -> None:
    caller = issuer.verifier(clock).caller(issuer.token(roles=["operator", "officer", "emperor"]))

    assert caller.name == "oidc:anna"
    assert caller.scopes == ROLE_SCOPES[Role.OPERATOR] | ROLE_SCOPES[Role.OFFICER]
    assert not caller.reach.is_limited


def test_roles_are_found_by_path_and_translated(issuer: Issuer, clock: SteppedClock) -> None:
    verifier = issuer.verifier(
        clock, roles_claim="realm_access.roles", role_names={"police": "officer"}, areas_claim="wards"
    )
    claims: dict[str, Any] = {"realm_access": {"roles": ["police", "admin"]}, "wards": "tam-ky ban-thach"}
    caller = verifier.caller(issuer.token(**claims))
    assert caller.scopes == ROLE_SCOPES[Role.OFFICER]  # whose words are translated may not use ours
    assert caller.reach.areas == frozenset({"tam-ky", "ban-thach"})
    assert verifier.caller(issuer.token()).reach.areas == frozenset()


@pytest.mark.parametrize(
    ("claims", "sentence"),
    [
        ({"exp": NOW_S - 31}, "expired"),
        ({"exp": None}, "MissingRequiredClaimError"),
        ({"nbf": NOW_S + 31}, "not valid yet"),
        ({"aud": "shop"}, "InvalidAudienceError"),
        ({"aud": None}, "MissingRequiredClaimError"),
        ({"iss": "https://evil.test"}, "InvalidIssuerError"),
        ({"sub": None}, "no claim 'sub'"),
    ],
)
def test_token_with_wrong_claims_is_refused(
    issuer: Issuer, clock: SteppedClock, claims: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(TokenRefusedError, match=sentence):
        issuer.verifier(clock).caller(issuer.token(**claims))


def test_leeway_forgives_half_a_minute(issuer: Issuer, clock: SteppedClock) -> None:
    assert issuer.verifier(clock).caller(issuer.token(exp=NOW_S - 29, nbf=NOW_S + 29)).name == "oidc:anna"


def test_signature_that_anybody_could_make_is_refused(issuer: Issuer, clock: SteppedClock) -> None:
    verifier, key = issuer.verifier(clock), issuer.keys["first"]
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "anna", "exp": NOW_S + 60}
    public = key.public_key().public_numbers().n.to_bytes(256, "big")  # known to everybody
    forged = jwt.encode(claims, public, algorithm="HS256", headers={"kid": "first"})
    for token in (
        unsigned(),
        forged,
        Issuer().token(),
        issuer.token()[:-4] + "AAAA",
        "a.b.c",
        "",
        "x" * 20_000,
    ):
        with pytest.raises(TokenRefusedError):
            verifier.caller(token)


def test_keys_are_fetched_once_and_again_when_they_rotate(clock: SteppedClock) -> None:
    issuer = Issuer()
    verifier = issuer.verifier(clock)
    for _ in range(3):
        verifier.caller(issuer.token())
    assert issuer.asked == [f"{ISSUER}/.well-known/openid-configuration", f"{ISSUER}/keys"]

    issuer.rotate("second")
    with pytest.raises(TokenRefusedError):
        verifier.caller(
            issuer.token()
        )  # asked a moment ago: whoever sends unknown ids cannot make us ask more
    clock.step_to(REAL_NOW_MS + 30_000)
    assert verifier.caller(issuer.token()).name == "oidc:anna"
    assert len(issuer.asked) == 3


def test_known_key_does_not_wait_for_a_slow_issuer() -> None:
    issuer = Issuer()
    answered: list[str | None] = []

    def slow(url: str) -> bytes:
        """While the issuer is asked anew, somebody else comes with a key that is known."""
        if len(issuer.asked) > 1:
            pool = ThreadPoolExecutor()
            known = pool.submit(keys.key, "first", REAL_NOW_MS + 30_000)
            pool.shutdown(wait=False)
            answered.append(known.result(ANSWERS_WITHIN_S).key_id)
        return issuer.fetch(url)

    keys = KeySet(ISSUER, fetch=slow)
    keys.key("first", REAL_NOW_MS)
    with pytest.raises(LookupError):
        keys.key("invented", REAL_NOW_MS + 30_000)
    assert answered == ["first"]


def test_issuer_that_is_down_keeps_its_keys_good(clock: SteppedClock) -> None:
    issuer = Issuer()
    verifier = issuer.verifier(clock)
    issuer.is_down = True
    with pytest.raises(KeySetUnavailableError):
        verifier.caller(issuer.token())
    issuer.is_down = False
    clock.step_to(REAL_NOW_MS + 30_000)
    verifier.caller(issuer.token())
    issuer.is_down = True
    clock.step_to(REAL_NOW_MS + 2 * 3_600_000)
    assert verifier.caller(issuer.token(exp=NOW_S + 10_000)).name == "oidc:anna"


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_settings_refuse_signatures_of_shared_secrets(algorithm: str) -> None:
    with pytest.raises(ValueError, match="algorithms must be of"):
        OidcSettings(issuer=ISSUER, audience=AUDIENCE, algorithms=frozenset({algorithm}))
