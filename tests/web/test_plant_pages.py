"""Plant pages by the test client: roles, strangers, empty states, a meter never read."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.test import Client

from tests.web import plant_cast
from tests.web.plant_cast import Cast, cast_fixture, signed_in, stage_fixture  # noqa: F401

pytestmark = pytest.mark.django_db
PAGES = (
    "/meters",
    "/meters/{meter}",
    "/meters/{meter}/live",
    "/site",
    "/site?node=F1-01",
    "/tariffs",
    "/tariffs/HOME-TOU",
)


@pytest.mark.parametrize("page", PAGES)
def test_every_role_sees_the_plant_pages_and_nobody_else_does(cast: Cast, page: str) -> None:
    url = page.format(meter=cast.meter["2-0608"].number)
    for name in ("mona", "cai", "eng", "aud"):
        assert signed_in(cast, name).get(url).status_code == 200, name
    assert signed_in(cast, "stranger").get(url).status_code == 403
    assert Client().get(url).status_code == 302


def test_the_audit_log_is_for_managers_and_auditors(cast: Cast) -> None:
    expected = {"mona": 200, "aud": 200, "cai": 403, "eng": 403}
    assert {name: signed_in(cast, name).get("/audit").status_code for name in expected} == expected


def test_the_log_shows_the_act_its_reason_and_a_whole_chain(cast: Cast) -> None:
    text = signed_in(cast, "aud").get("/audit").content.decode()
    assert "tariff.published" in text and "meter room is flooded" in text
    assert "The chain of the log is whole: 3 acts" in text


def test_a_changed_row_of_the_log_breaks_the_chain_on_the_page(cast: Cast) -> None:
    import pgtrigger

    from powertill.apps.audit.models import LogEntry

    second = LogEntry.objects.order_by("id")[1]
    with pgtrigger.ignore("audit.LogEntry:log_append_only"):
        LogEntry.objects.filter(pk=second.pk).update(reason="nothing")
    text = signed_in(cast, "mona").get("/audit").content.decode()
    assert f"broken at row {second.pk}" in text


def test_filters_of_the_log_narrow_it(cast: Cast) -> None:
    page = signed_in(cast, "aud").get("/audit", {"act": "supply.cut"}).context["page"]
    assert [row.act for row in page] == ["supply.cut"]
    assert not signed_in(cast, "aud").get("/audit", {"who": "-"}).context["page"].object_list


def test_nobody_approves_their_own_request_and_a_second_person_does(cast: Cast) -> None:
    url = f"/audit/approvals/{cast.approval_id}/approve"
    assert "Approve for" not in signed_in(cast, "mona").get("/audit").content.decode()
    assert signed_in(cast, "mona").post(url).status_code == 422
    assert signed_in(cast, "cai").post(url).status_code == 403
    assert signed_in(cast, "mark").get(url).status_code == 405
    assert "Approve for 1-0105" in signed_in(cast, "mark").get("/audit").content.decode()
    assert signed_in(cast, "mark").post(url).status_code == 302
    cast.room["1-0105"].refresh_from_db()
    assert not cast.room["1-0105"].protected
    assert signed_in(cast, "mark").post(url).status_code == 422  # it no longer waits


def listed(cast: Cast, **wish: str) -> list[str]:
    return [row.room for row in signed_in(cast, "cai").get("/meters", wish).context["page"]]


def test_the_list_of_meters_is_narrowed_by_feeder_panel_switch_age_and_place(cast: Cast) -> None:
    assert set(listed(cast, feeder="F3")) == {"S-01", "S-02"}
    assert set(listed(cast, feeder="F2-02")) == {"2-0608", *(f"2-020{n}" for n in range(1, 6))}
    assert len(listed(cast, feeder="TX1")) == len(cast.meter)
    assert listed(cast, relay="off") == ["1-0104"]
    assert listed(cast, relay="unseen") == ["S-02"]
    assert listed(cast, online="never") == ["S-02"] and listed(cast, online="no") == ["2-0102"]
    assert all(cast.room[label].place == "meter" for label in listed(cast, place="meter"))
    assert listed(cast, q="2-0608") == ["2-0608"] and listed(cast, feeder="nowhere") == []


def test_the_list_is_sorted_and_shows_the_balance_where_the_purse_is(cast: Cast) -> None:
    rows = list(signed_in(cast, "cai").get("/meters", {"sort": "balance"}).context["page"])
    balances = [row.balance_minor for row in rows]
    assert balances[:-1] == sorted(balances[:-1]) and balances[-1] is None  # S-02 has no customer
    by_room = {row.room: row.balance_minor for row in rows}
    assert by_room["1-0104"] == -120 and by_room["2-0608"] == 1520
    in_meter = next(label for label, room in cast.room.items() if room.place == "meter" and label != "1-0104")
    live = cast.meter[in_meter].live["credit"]
    assert by_room[in_meter] == live["remaining_minor"]


def test_the_csv_holds_the_rows_of_the_view(cast: Cast) -> None:
    answer = signed_in(cast, "cai").get("/meters", {"feeder": "F3", "format": "csv"})
    assert answer["Content-Disposition"].startswith('attachment; filename="meters-lotus-')
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {row["room"] for row in rows} == {"S-01", "S-02"}
    assert next(row for row in rows if row["room"] == "S-02")["seen_at"] == ""


def test_a_name_that_is_a_formula_stays_text_in_the_csv(cast: Cast) -> None:
    customer = cast.account["1-0101"].customer
    customer.name = "=1+1"
    customer.save(update_fields=["name"])
    answer = signed_in(cast, "cai").get("/meters", {"q": "1-0101", "format": "csv"})
    assert "'=1+1" in b"".join(answer.streaming_content).decode()


def test_a_meter_of_another_site_is_not_found(cast: Cast) -> None:
    from powertill.apps.metering.models import Gateway, Meter

    gateway = Gateway.objects.create(site=cast.other_site, code="GW9", host="127.0.0.1", port=9009)
    foreign = Meter.objects.create(number="999000000008", site=cast.other_site, gateway=gateway, driver="dlt645")
    assert signed_in(cast, "mona").get(f"/meters/{foreign.number}").status_code == 404
    assert signed_in(cast, "mona").get(f"/meters/{foreign.number}/live").status_code == 404
    assert signed_in(cast, "mona").get("/meters/nothing").status_code == 404


def test_a_meter_that_was_never_read_says_so(cast: Cast) -> None:
    text = signed_in(cast, "eng").get(f"/meters/{cast.meter['S-02'].number}").content.decode()
    assert "Never read" in text and "never read" in text and "Nobody has this supply point" in text


def test_a_cut_meter_shows_what_is_wanted_why_and_the_evidence(cast: Cast) -> None:
    text = signed_in(cast, "eng").get(f"/meters/{cast.meter['1-0104'].number}").content.decode()
    assert "comes back after a payment" in text
    assert "Evidence" in text and "read back 0050" in text


def test_a_reading_that_a_person_must_look_at_shows_its_reason(cast: Cast) -> None:
    text = signed_in(cast, "eng").get(f"/meters/{cast.meter['2-0608'].number}").content.decode()
    assert "90000 Wh is more than this connection can deliver" in text and "jump" in text


def test_the_tree_adds_up_and_the_narrowest_place_decides(cast: Cast) -> None:
    rows = {row.node.code: row for row in signed_in(cast, "eng").get("/site").context["rows"]}
    assert rows["TX1"].power_w == sum(rows[code].power_w for code in ("F1", "F2", "F3"))
    assert rows["TX1"].granted_w == sum(room.power_limit_w for room in cast.room.values())
    assert rows["F1-01"].granted_w == 30_000 and rows["F1-01"].could_grant_w == 2_000
    assert rows["F2-02"].could_grant_w == 0  # six rooms of 6 kW on 32 kW
    assert rows["F3-01"].heard == 1 and rows["F3-01"].meters == 2


def test_what_could_be_granted_is_what_the_core_allows(cast: Cast) -> None:
    from powertill.apps.sites.models import Node
    from powertill.core import capacity
    from powertill.web.console import site_tree

    rooms = site_tree.points(cast.site, now=plant_cast.NOW)
    for diversity in (1000, 620):
        roots = site_tree.branches(cast.site, rooms, diversity_per_mille=diversity)
        nodes = site_tree.core_nodes(Node.objects.filter(site=cast.site), rooms, diversity_per_mille=diversity)
        for row in site_tree.flat(roots):
            place = f"{row.node.pk} new"
            grown = [*nodes, capacity.Node(place, str(row.node.pk), 10**9, (), diversity)]
            fits = capacity.room_for(grown, place, row.could_grant_w)
            assert fits is None or row.could_grant_w == 0, row.node.code
            assert capacity.room_for(grown, place, row.could_grant_w + 10) is not None


def test_an_unknown_node_is_not_found_and_an_empty_site_says_what_to_do(cast: Cast) -> None:
    from powertill.apps.sites.models import Membership

    assert signed_in(cast, "eng").get("/site", {"node": "F9"}).status_code == 404
    Membership.objects.create(user=cast.person["stranger"], site=cast.other_site, role="auditor")
    client = signed_in(cast, "stranger")
    for page, words in (("/site", "No supply tree yet"), ("/meters", "No meter yet"), ("/tariffs", "No tariff yet")):
        answer = client.get(page)
        assert answer.status_code == 200 and words in answer.content.decode(), page


def test_a_tariff_shows_its_prices_week_and_examples_of_the_real_engine(cast: Cast) -> None:
    answer = signed_in(cast, "cai").get("/tariffs/HOME-TOU")
    assert answer.context["version"].number == 2  # the one in force, not the newest draft
    first, second = answer.context["examples"]
    assert (first.charge.wh, second.charge.wh) == (100_000, 300_000)
    assert first.charge.minor == round(sum(line.cost for line in first.charge.lines))
    text = answer.content.decode()
    assert "0.9211" in text and "Provincial order 2026/41" in text and "Meter rent" in text and "Holiday" in text


def test_a_tariff_explains_its_lines_in_chinese(cast: Cast) -> None:
    client = signed_in(cast, "cai")
    client.cookies["django_language"] = "zh-hans"
    text = client.get("/tariffs/HOME-TOU").content.decode()
    assert "谷时段，第一档：当月 0 至 230 kWh。" in text and "Band valley" not in text and "含固定费用" in text


def test_versions_can_be_chosen_and_an_unknown_one_is_not_found(cast: Cast) -> None:
    client = signed_in(cast, "cai")
    assert "draft: not charged" in client.get("/tariffs/HOME-TOU", {"v": "3"}).content.decode()
    assert "replaced" in client.get("/tariffs/HOME-TOU", {"v": "1"}).content.decode()
    assert client.get("/tariffs/HOME-TOU", {"v": "9"}).status_code == 404
    assert client.get("/tariffs/NONE").status_code == 404
    assert "every hour" in client.get("/tariffs/SHOP").content.decode()


@pytest.mark.parametrize(
    "wish", ["?page=99", "?sort=nonsense", "?sort=-kwh", "?q=%F0%9F%92%A1", "?season=x", "?diversity=0", "?feeder=%27"]
)
def test_odd_addresses_are_answered(cast: Cast, wish: str) -> None:
    client = signed_in(cast, "mona")
    for page in ("/meters", "/site", "/tariffs/HOME-TOU", "/audit"):
        assert client.get(page + wish).status_code == 200, page


def test_a_case_is_closed_with_what_a_person_found(cast: Cast) -> None:
    from powertill.apps.supply import incidents
    from powertill.apps.supply.models import Incident

    meter = cast.meter["2-0203"]
    said = {"tries": 3}
    incidents.open_incident(meter=meter, kind="relay.not_moved", subject="2-0203", params=said, now=plant_cast.NOW)
    case = Incident.objects.get(kind="relay.not_moved")
    page, url = f"/meters/{meter.number}", f"/cases/{case.pk}/close"
    assert "Close this case" not in signed_in(cast, "cai").get(page).content.decode()
    assert "Close this case" in signed_in(cast, "eng").get(page).content.decode()
    assert signed_in(cast, "cai").post(url, {"reason": "looked"}).status_code == 403
    assert signed_in(cast, "eng").post(url, {"reason": " "}).status_code == 422
    assert signed_in(cast, "eng").post(url, {"reason": "the contact was welded"}).status_code == 302
    assert Incident.objects.get(pk=case.pk).closed_by == cast.person["eng"]
    assert signed_in(cast, "eng").post("/cases/999999/close", {"reason": "looked"}).status_code == 404


def test_a_held_reading_is_settled_once_by_a_person(cast: Cast) -> None:
    from powertill.apps.metering.models import Reading
    from powertill.apps.supply.models import Incident

    meter = cast.meter["2-0608"]
    newest = Reading.objects.filter(meter=meter).order_by("-taken_at")[0]
    Reading.objects.filter(pk=newest.pk).update(verdict="jump")
    meter.accepted_at = newest.taken_at - timedelta(minutes=30)
    meter.accepted_import_wh = newest.import_wh - 90_000
    meter.save(update_fields=["accepted_at", "accepted_import_wh"])
    page, url = f"/meters/{meter.number}", f"/meters/{meter.number}/settle"
    assert "Start again without charging" in signed_in(cast, "eng").get(page).content.decode()
    wish = {"op": "settle-by-hand", "charge": "no", "reason": "the register was read by hand"}
    assert signed_in(cast, "cai").post(url, wish).status_code == 403
    assert signed_in(cast, "eng").post(url, wish).status_code == 302
    assert signed_in(cast, "eng").post(url, wish).status_code == 302  # the same operation: nothing more happens
    meter.refresh_from_db()
    assert meter.accepted_import_wh == newest.import_wh
    assert not Incident.objects.filter(meter=meter, closed_at=None).exists()


def test_a_delivery_in_doubt_is_decided_by_a_person(cast: Cast) -> None:
    from powertill.apps.sales.models import Delivery

    row = Delivery.objects.order_by("-id")[0]
    Delivery.objects.filter(pk=row.pk).update(state="person", proven_at=None)
    page, url = f"/meters/{row.meter.number}", f"/deliveries/{row.pk}/decide"
    assert "It is certainly not: send again" in signed_in(cast, "eng").get(page).content.decode()
    assert "It is certainly not" not in signed_in(cast, "cai").get(page).content.decode()
    wish = {"op": "decide-by-hand", "moved": "no", "reason": "the meter's own record shows no purchase"}
    assert signed_in(cast, "eng").post(url, wish).status_code == 302
    row.refresh_from_db()
    assert row.state == "due"
    assert signed_in(cast, "eng").post(url, {**wish, "op": "another-one"}).status_code == 422
