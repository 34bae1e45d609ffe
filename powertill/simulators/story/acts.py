"""The acts of the story, in order. Each can be begun again: commands carry fixed operation ids."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

from powertill.apps.metering.models import Charge
from powertill.apps.people.models import Customer, User
from powertill.apps.sales import flows as sales
from powertill.apps.sales import quoting
from powertill.apps.sales.models import Delivery, Sale
from powertill.apps.sites.models import Membership
from powertill.apps.supply.models import RelayOrder
from powertill.core.energy import format_kwh
from powertill.core.money import format_minor
from powertill.core.supply.credit import REASONS
from powertill.simulators.story.scene import Scene
from powertill.simulators.town.orders import give
from powertill.simulators.town.site import STORY

PRESET_MINOR = 2_000
FIRST_MINOR = 10_000
SECOND_MINOR = 5_000
THIRD_MINOR = 3_000
Act = Callable[[Scene], None]
NOON = 12
NO_PACE = timedelta(0)  # while seconds are measured, simulated time is not pushed


def arrive(scene: Scene) -> None:
    """The town is read for the first time; the story's room is vacant and dark."""
    scene.until("the first reading of every meter", scene.idle, real_s=120)
    scene.line(f"room {scene.room} is vacant, meter {scene.meter.number} is installed", _first_look(scene))


def _first_look(scene: Scene) -> str:
    return f"register {format_kwh(scene.meter.live['import_wh'])} kWh"


def open_account(scene: Scene) -> None:
    """The customer moves in: an account with a preset credit of 20.00, and light at once."""
    scene.play_to(_today(scene, 8, 20))
    customer = Customer.objects.get(number=STORY.person.number)
    result = sales.open_account(
        op_id="story-open-account",
        supply_point_id=scene.supply_point.pk,
        customer_id=customer.pk,
        policy_id=scene.supply_point.site.policies.get(code="residential").pk,
        preset_minor=PRESET_MINOR,
        actor=_cashier(scene),
        now=scene.clock.now(),
    )
    scene.line(f"{customer.name} opens account {result['number']} with a preset credit of {format_minor(PRESET_MINOR)}")
    _until_on_meter(scene, Delivery.objects.get(account_id=result["account"], kind="preset"))
    scene.until("the relay to be read back closed", lambda: _is_on(scene))
    scene.demand("the light is on", scene.see()["powered"] is True)
    scene.line("supply is on at once", scene.meter_says())


def first_purchase(scene: Scene) -> None:
    """The first purchase of 100.00 pays the preset back; ladder and time-of-use stand on the receipt."""
    sale = _sell(scene, "story-first-purchase", FIRST_MINOR)
    _print_receipt(scene, sale)
    _until_on_meter(scene, sale.delivery)
    scene.line("the credit is on the meter: count and amount were read back", _proof(sale.delivery))


def first_warning(scene: Scene) -> None:
    """Energy is used and charged until the credit falls below 30."""
    scene.play_until("the message below 30", lambda: scene.message("low_1") is not None)
    _print_use(scene)
    _print_message(scene, "low_1")


def second_warning(scene: Scene) -> None:
    """The credit falls below 10."""
    scene.play_until("the message below 10", lambda: scene.message("low_2") is not None)
    _print_message(scene, "low_2")


def used_up_at_night(scene: Scene) -> None:
    """The credit is used up at night, and nobody is cut in protected hours."""
    scene.play_until("the credit to be used up", lambda: scene.purse_minor() <= 0)
    scene.settle()
    scene.line(f"the credit is used up: {format_minor(scene.purse_minor())}. {_reason(scene)}", scene.meter_says())
    now = scene.local()
    morning = now.replace(hour=9, minute=0, second=0, microsecond=0)
    is_evening = now.hour >= NOON
    scene.play_to(morning + timedelta(days=1) if is_evening else morning, step=timedelta(minutes=30))
    scene.demand("the light is still on", _is_on(scene) and scene.see()["powered"] is True)
    scene.line(f"protected hours are nearly over, the light is still on. {_reason(scene)}", scene.meter_says())


def lawful_cut(scene: Scene) -> None:
    """After the last call and in the allowed window the supply is cut, and read back open."""
    scene.play_until("the last call", lambda: scene.message("last_call") is not None)
    _print_message(scene, "last_call")
    scene.play_until("the relay to be read back open", lambda: scene.supply.seen_relay == "open")
    scene.demand("it is dark", scene.see()["powered"] is False)
    order = RelayOrder.objects.filter(supply=scene.supply).order_by("-id").first()
    assert order is not None
    answers = ", ".join(f"{result.outcome} {result.detail}".strip() for result in order.results.all())
    scene.line(f"cut: {_reason(scene)} Order {order.command!r}, evidence kept", f"{answers}; {scene.meter_says()}")


def light_again(scene: Scene) -> None:
    """A purchase of 50.00 brings the light back: credit, permission, a person at the meter, proof."""
    op_id = "story-second-purchase"
    if not _is_sold(op_id):
        scene.clock.jump_to(scene.clock.now() + timedelta(minutes=20))
        scene.settle()
    sale = _sell(scene, op_id, SECOND_MINOR)
    _until_on_meter(scene, sale.delivery, pace=NO_PACE)
    scene.line("50.00 paid and on the meter; the overdraft was repaid first", _proof(sale.delivery))
    scene.until("the permission to close", lambda: bool(scene.supply.seen_permitted) or _is_on(scene), pace=NO_PACE)
    scene.line("the meter permits closing and waits for a person", scene.meter_says())
    scene.press()
    scene.line("a person has looked at the appliances and pressed the meter's button", "contact closed")
    scene.until("the relay to be read back closed", lambda: _is_on(scene), pace=NO_PACE)
    scene.demand("the light is on again", scene.see()["powered"] is True)
    # Simulated time runs like a real clock here, and survives an interruption of the story.
    seconds = (scene.clock.now() - sale.sold_at) / timedelta(seconds=1)
    scene.line(f"light again: {seconds:.1f} s from payment to the relay read back closed", scene.meter_says())


def lost_answer(scene: Scene) -> None:
    """The meter's answer to a recharge is lost on the wire; the read-back resolves it, with no second credit."""
    op_id = "story-third-purchase"
    if not _is_sold(op_id):
        scene.see()  # waits for a town that is being restarted
        give(scene.home, "drop-next-answer", STORY.number)
    sale = _sell(scene, op_id, THIRD_MINOR)
    _until_on_meter(scene, sale.delivery)
    events = [event.event for event in sale.delivery.events.all()]
    what = "the answer was dropped on the wire" if "lose" in events else "its sender died, or the line, meanwhile"
    scene.line(f"30.00 sold; {what}: {' -> '.join(events)}", _proof(sale.delivery))
    count, sales_made = scene.see()["count"], Sale.objects.filter(account=scene.account).count()
    scene.demand(f"{sales_made} sales are {sales_made} purchases on the meter", count == sales_made)
    is_settled = lambda: scene.booked_minor() == scene.purse_minor()  # noqa: E731  one more reading charges what was used
    scene.play_until("the next reading to be charged", is_settled, steps_max=4)
    text = f"sent {events.count('send')} time, credited once: {count} sales, purchase count {count}"
    scene.line(f"{text}; the books say {format_minor(scene.booked_minor())}", scene.meter_says())


ACTS: tuple[Act, ...] = (
    arrive,
    open_account,
    first_purchase,
    first_warning,
    second_warning,
    used_up_at_night,
    lawful_cut,
    light_again,
    lost_answer,
)


def _today(scene: Scene, hour: int, minute: int) -> datetime:
    return scene.local().replace(hour=hour, minute=minute, second=0, microsecond=0)


def _is_on(scene: Scene) -> bool:
    return scene.supply.seen_relay == "closed"


def _cashier(scene: Scene) -> User:
    return Membership.objects.select_related("user").get(site=scene.supply_point.site, role="cashier").user


def _is_sold(op_id: str) -> bool:
    return Sale.objects.filter(operation_id=op_id).exists()


def _sell(scene: Scene, op_id: str, amount_minor: int) -> Sale:
    sold = Sale.objects.filter(operation_id=op_id).first()
    if sold is not None:
        return sold
    now = scene.clock.now()
    quoted = quoting.make(account=scene.account, amount_minor=amount_minor, now=now)
    result, _ = sales.sell(
        op_id=op_id,
        account_id=scene.account.pk,
        amount_minor=amount_minor,
        given_minor=amount_minor,
        tender="cash",
        quote=quoted.text,
        cashier=_cashier(scene),
        now=now,
    )
    return Sale.objects.get(pk=result["sale"])


def _until_on_meter(scene: Scene, delivery: Delivery, *, pace: timedelta = timedelta(seconds=1)) -> None:
    scene.until(
        f"delivery {delivery.pk} to be proven on the meter",
        lambda: Delivery.objects.filter(pk=delivery.pk, state="on_meter").exists(),
        pace=pace,
    )
    delivery.refresh_from_db()


def _proof(delivery: Delivery) -> str:
    after = delivery.events.filter(state="on_meter").last()
    assert after is not None
    seen = after.detail["after"]
    last = seen["last_amount_minor"]
    text = f"purchase count {seen['purchase_count']}, remaining {format_minor(seen['remaining_minor'])}"
    return f"{text}, last purchase {format_minor(last)}" if last is not None else text


def _print_receipt(scene: Scene, sale: Sale) -> None:
    scene.line(f"receipt {sale.number}: {format_minor(sale.amount_minor)} paid")
    for part in sale.parts:
        energy = f"{format_kwh(part['wh'])} kWh x {Decimal(part['minor_per_kwh']) / 100}" if part["wh"] else ""
        name = " ".join(filter(None, (part["name"], part["block"], part["band"])))
        scene.say(f"              {name:<34} {energy:>26} {format_minor(part['minor']):>9}")
    total = sum(part["minor"] for part in sale.parts)
    scene.demand("the parts add up", total == sale.amount_minor)
    scene.say(f"              {'parts add up to':<34} {'':>26} {format_minor(total):>9}")


def _print_use(scene: Scene) -> None:
    rows = list(Charge.objects.filter(supply_point=scene.supply_point))
    taken, rated = sum(row.minor for row in rows), sum(row.rated_minor for row in rows)
    used = format_kwh(sum(row.wh for row in rows))
    text = f"{used} kWh used in {len(rows)} readings: the meter took {format_minor(taken)}"
    scene.line(f"{text}, our own rating says {format_minor(rated)}", scene.meter_says())


def _print_message(scene: Scene, topic: str) -> None:
    message = scene.message(topic)
    assert message is not None
    scene.line(f"message delivered to the simulated phone: {message.subject}. {message.body}", scene.meter_says())


def _reason(scene: Scene) -> str:
    supply = scene.supply
    return str(REASONS.get(supply.code, supply.code) % supply.params)
