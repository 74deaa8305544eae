"""The page behind a link: what it shows, what it lets do, and what opens nothing."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from api.application import create_app
from notify.desk import CrewDesk
from notify.incident import Incident
from notify.links import LinkKey, new_seed
from store.operations.database import OperationsDatabase
from store.operations.links import LinkRecord, LinkRepository, append_links
from tests.api.support import NOW_MS, REAL_NOW_MS, City, Client, client_of
from tests.notify.support import HOUR_MS, KEY, KnownIncidents, incident

EXPIRES_MS = REAL_NOW_MS + 10 * HOUR_MS


@dataclass
class Phone:
    """A crew's phone with a link."""

    client: Client
    city: City
    incidents: KnownIncidents
    token: str

    def page(self, **params: str) -> Any:
        return self.client.get(f"/n/{self.token}", params=params)

    def form_token(self) -> str:
        [token] = set(re.findall(r'name="form" value="([^"]+)"', self.page().text))
        return str(token)

    def says(self, act: str, *, note: str = "", form: str | None = None) -> Any:
        data = {"act": act, "note": note, "form": self.form_token() if form is None else form}
        return self.client.post(f"/n/{self.token}", data=data)

    def shows(self, one: Incident) -> None:
        self.incidents.put(one)


def sent_link(database: OperationsDatabase, language: str = "vi") -> str:
    token = LinkKey(KEY).token(new_seed(), EXPIRES_MS // 1000)
    record = LinkRecord(
        hash=LinkKey.hash(token),
        incident=incident().id,
        who="lighting-1",
        language=language,
        expires_real_ms=EXPIRES_MS,
    )
    with database.write() as connection:
        append_links(connection, [record])
    return token


@pytest.fixture
def phone(city: City) -> Iterator[Phone]:
    incidents = KnownIncidents(incident(since_ms=NOW_MS - 2 * HOUR_MS))
    desk = CrewDesk(
        LinkRepository(city.database),
        incidents,
        LinkKey(KEY),
        zone="Asia/Ho_Chi_Minh",
        closed_ms=24 * HOUR_MS,
        clock=city.clock,
        real_clock=city.real_clock,
    )
    with client_of(create_app(replace(city.services(), crews=desk))) as client:
        yield Phone(client, city, incidents, sent_link(city.database))


def test_page_says_what_where_since_when_and_why(phone: Phone) -> None:
    answer = phone.page()
    assert answer.status_code == 200
    for shown in (
        "Tủ mất pha L2",
        "Phan Châu Trinh, Phường Tam Kỳ",
        "https://www.google.com/maps/search/?api=1&amp;query=15.573600,108.474000",
        "17:00 22/11/2026",
        "Đang xảy ra, 2 giờ 0 phút",
        "Điện áp L2 là 3 V, dưới 180 V",
        "67 thiết bị bị ảnh hưởng",
        "Tiếp nhận",
        "Đã sửa xong",
    ):
        assert shown in answer.text


def test_page_speaks_the_language_of_its_link(phone: Phone) -> None:
    phone.token = sent_link(phone.city.database, "en")
    text = phone.page().text
    assert 'lang="en"' in text
    assert "Cabinet lost phase L2" in text
    assert "Acknowledge" in text
    assert "Tiếp nhận" not in text


def test_page_may_do_nothing_but_show_itself_and_send_its_forms(phone: Phone) -> None:
    answer = phone.page()
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert (answer.headers["cache-control"], answer.headers["referrer-policy"]) == ("no-store", "no-referrer")
    assert "<script" not in answer.text
    assert "http://ioc.test" not in answer.text


def test_crew_acknowledges_and_the_page_comes_back_saying_so(phone: Phone) -> None:
    answer = phone.says("acknowledged")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/n/{phone.token}?said=done")
    after = phone.page(said="done").text
    assert "Đã ghi nhận, cảm ơn." in after
    assert ">Tiếp nhận<" not in after
    [act] = phone.incidents.acts
    assert (act.who, act.act, act.incident, act.at_ms) == (
        "lighting-1",
        "acknowledged",
        incident().id,
        NOW_MS,
    )


def test_crew_reports_the_repair_with_a_note_that_is_shown_as_text(phone: Phone) -> None:
    phone.says("repaired", note="thay cầu chì <b>L2</b>\r\n xong")
    assert phone.incidents.acts[0].note == "thay cầu chì <b>L2</b> xong"
    after = phone.page().text
    assert "thay cầu chì &lt;b&gt;L2&lt;/b&gt; xong" in after
    assert "Hệ thống sẽ tự kiểm tra" in after


def test_saying_the_same_twice_is_said_once(phone: Phone) -> None:
    form = phone.form_token()
    assert [phone.says("repaired", form=form).status_code for _ in range(2)] == [303, 303]
    assert len(phone.incidents.acts) == 1


@pytest.mark.parametrize("form", ["", "x", "đ"])
def test_form_that_did_not_come_from_the_page_does_nothing(phone: Phone, form: str) -> None:
    answer = phone.says("acknowledged", form=form)
    assert answer.status_code == 403
    assert "xin bấm lại" in answer.text
    assert phone.incidents.acts == []


def test_form_of_another_link_does_nothing(phone: Phone) -> None:
    form = phone.form_token()
    phone.token = sent_link(phone.city.database)
    assert phone.says("acknowledged", form=form).status_code == 403


def test_unknown_act_and_huge_form_do_nothing(phone: Phone) -> None:
    form = phone.form_token()
    assert phone.says("explode", form=form).headers["location"].endswith("?said=again")
    phone.says("repaired", form=form, note="x" * 9_000)
    many = phone.client.post(f"/n/{phone.token}", content="&".join(f"f{n}=1" for n in range(9)))
    assert many.headers["location"].endswith("?said=again")
    assert phone.incidents.acts == []


def test_reading_the_page_changes_nothing(phone: Phone) -> None:
    phone.page()
    phone.client.request("HEAD", f"/n/{phone.token}")
    assert phone.incidents.acts == []


def test_link_of_an_incident_that_ended_long_ago_opens_nothing(phone: Phone) -> None:
    phone.shows(incident(cleared_at_ms=NOW_MS - 23 * HOUR_MS))
    text = phone.page().text
    assert "Đã hết" in text
    assert "<button" not in text
    phone.shows(incident(cleared_at_ms=NOW_MS - 24 * HOUR_MS))
    assert phone.page().status_code == 404


@pytest.mark.parametrize("change", [lambda t: t[:-1], lambda t: t + "A", lambda _: "x"])
def test_what_is_no_link_opens_nothing_and_says_so_in_both_languages(phone: Phone, change: Any) -> None:
    phone.token = change(phone.token)
    answer = phone.page()
    assert answer.status_code == 404
    assert "Liên kết không còn hiệu lực" in answer.text
    assert "no longer valid" in answer.text


def test_link_that_was_signed_but_never_sent_opens_nothing(phone: Phone) -> None:
    phone.token = LinkKey(KEY).token(new_seed(), EXPIRES_MS // 1000)
    assert phone.page().status_code == 404
    assert phone.client.post(f"/n/{phone.token}", data={"act": "acknowledged"}).status_code == 404


def test_link_opens_nothing_after_its_time(phone: Phone) -> None:
    phone.city.real_clock.step_to(EXPIRES_MS)
    assert phone.page().status_code == 404


def test_installation_without_links_opens_none(client: Client) -> None:
    assert client.get("/n/anything").status_code == 404
