"""A licence sold by a partner, its holder recognised, consent, a ticket on their behalf, and the word taken back."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from portal.sla import QuoteRequest, load_policy
from portal.sla.loading import path_of
from portal.sla.routing import route
from tests.browser.conftest import Site, Tab, link_in
from tests.browser.test_journey import press, register

RESELLER, ADMIN, AGENT = "rashid@northgate.example", "admin@larkspur.example", "agent@larkspur.example"
HOLDER, HOUSE = "ops@saltmarsh.example", "Saltmarsh Ferries"
Open = Callable[..., Tab]


def test_from_the_sale_to_the_word_taken_back(open_tab: Open, site: Site) -> None:
    reseller, holder = open_tab(RESELLER, name="partner-reseller"), open_tab(None, name="partner-holder")
    customer_page = sell(reseller)
    recognised(holder)
    consent(reseller, holder, site, customer_page)
    number = file_for_them(reseller, customer_page)
    plan, tier, rank = (
        site.value(f"SELECT {name} FROM ticket WHERE number = ?", number) for name in ("plan", "tier", "rank")
    )
    policy = load_policy(path_of("demo"))
    assert policy.resellers and plan == "team"
    assert rank == min(route(policy, QuoteRequest(plan, tier=tier)).rank, policy.resellers.rank)
    staff(open_tab(AGENT, name="partner-desk"), number)
    second = second_reseller(open_tab, site)
    assert second.page.goto(f"{site.url}/tickets/{number}").status == 404  # type: ignore[union-attr]
    assert second.page.goto(site.url + customer_page).status == 404  # type: ignore[union-attr]
    second.troubles.clear()  # both 404 are told in the console
    take_back(holder)
    assert reseller.page.goto(f"{site.url}/tickets/{number}").status == 404  # type: ignore[union-attr]
    reseller.troubles.clear()
    reseller.go("/partner/tickets")
    expect(reseller.page.get_by_role("main")).not_to_contain_text("Pumps stand still")
    reseller.go(customer_page)
    expect(reseller.page.get_by_role("main")).to_contain_text("Withdrawn")
    reseller.shoot_all("withdrawn")
    holder.go(f"/tickets/{number}")
    expect(holder.page.get_by_role("main")).to_contain_text("Northgate Resale")
    assert not reseller.troubles + holder.troubles + second.troubles


def sell(tab: Tab) -> str:
    """Note the customer and order for them; the path of the customer's page."""
    page = tab.page
    tab.go("/partner/")
    tab.shoot_all("overview")
    tab.go("/partner/customers/new")
    page.get_by_label("Name", exact=False).first.fill(HOUSE)
    page.get_by_label("E-mail address").fill(HOLDER)
    press(page, "Save")
    page.wait_for_url(re.compile(r"/partner/customers/(?!new)\w+$"))
    customer_page = str(page.url).removeprefix(tab.site.url)
    tab.go("/partner/orders/new")
    page.get_by_label("Customer").first.select_option(label=HOUSE)
    page.locator("#item").select_option(label="Beacon Team")
    page.get_by_label("Licensed to").fill(HOUSE)
    page.get_by_label("E-mail address").fill(HOLDER)
    tab.shoot_all("order")
    press(page, "See what it costs")
    expect(page.get_by_role("main")).to_contain_text("Your price")
    tab.shoot_all("price")
    press(page, "Order with obligation to pay")
    expect(page.get_by_role("main")).to_contain_text("Delivered")
    tab.shoot_all("ordered")
    return customer_page


def recognised(tab: Tab) -> None:
    """Who registers with the order's address has its support, and takes it into an organisation."""
    tab.site.mail_to(HOLDER, HOUSE)
    register(tab, HOLDER)
    tab.go("/account/licences")
    expect(tab.page.get_by_role("main")).to_contain_text("Order to your address")
    tab.shoot_all("recognised")
    press(tab.page, "Take it into an organisation")
    expect(tab.page.get_by_role("main")).to_contain_text("claimed by Nele Newcomer")
    tab.shoot_all("taken")


def consent(reseller: Tab, holder: Tab, site: Site, customer_page: str) -> None:
    reseller.go(customer_page)
    press(reseller.page, "Ask for consent")
    expect(reseller.page.get_by_role("main")).to_contain_text("Asked")
    holder.go(link_in(site.mail_to(HOLDER, "/account/consent/"), "/account/consent/"))
    holder.shoot_all("consent")
    press(holder.page, "Agree")
    holder.page.wait_for_url(lambda url: "/consent/" not in url)
    holder.shoot_all("agreed")
    reseller.go(customer_page)
    expect(reseller.page.get_by_role("main")).to_contain_text("File a ticket for them")
    reseller.shoot_all("customer")


def file_for_them(tab: Tab, customer_page: str) -> str:
    page = tab.page
    tab.go(customer_page)
    page.get_by_role("link", name="File a ticket for them").click()
    expect(page.locator("#organisation")).to_contain_text(f"{HOUSE} (your customer)")
    page.locator("#product").select_option("beacon")
    page.locator("#subject").fill("Pumps stand still")
    page.locator("#body").fill("Since the update the pumps of the customer stand still.")
    expect(page.locator("#quote time").first).to_be_visible()
    tab.shoot_all("quote")
    press(page, "File the ticket")
    page.wait_for_url(re.compile(r"/tickets/\d{8}"))
    expect(page.get_by_role("main")).to_contain_text(f"You act for {HOUSE} here")
    tab.shoot_all("filed")
    tab.go("/partner/tickets")
    expect(page.get_by_role("main")).to_contain_text("Pumps stand still")
    tab.shoot_all("tickets")
    return str(tab.site.value("SELECT number FROM ticket WHERE subject = 'Pumps stand still'"))


def staff(tab: Tab, number: str) -> None:
    tab.go(f"/desk/{number}")
    expect(tab.page.get_by_role("main")).to_contain_text("Filed for them by")
    expect(tab.page.get_by_role("main")).to_contain_text("Northgate Resale")
    tab.shoot_all("ticket")


def second_reseller(open_tab: Open, site: Site) -> Tab:
    """Another house founds an organisation, applies and is approved; a tab of its owner's."""
    tab, admin = open_tab(None, name="partner-second"), open_tab(ADMIN, name="partner-admin")
    register(tab, "owner@otherhouse.example")
    tab.go("/account/organisation/new")
    tab.page.get_by_label("Name of the organisation").fill("Otherhouse Trading")
    press(tab.page, "Found it")
    tab.go("/partner/apply")
    tab.page.locator("#company").fill("We sell to fish markets.")
    tab.page.locator("#country").fill("Denmark")
    tab.page.locator("#agreed").check()
    tab.shoot_all("apply")
    press(tab.page, "Apply")
    expect(tab.page.get_by_role("main")).to_contain_text("We read your application")
    wanted = "SELECT p.id FROM partner p JOIN organisation o ON o.id = p.organisation_id WHERE o.name = ?"
    admin.go(f"/desk/partners/{site.value(wanted, 'Otherhouse Trading')}")
    choose_first(admin.page, "#level")
    admin.shoot_all("approve")
    press(admin.page, "Approve")
    expect(admin.page.get_by_role("main")).to_contain_text("Approved")
    assert not admin.troubles
    tab.go("/partner/customers")
    expect(tab.page.get_by_role("main")).not_to_contain_text(HOUSE)
    tab.shoot_all("customers")
    return tab


def choose_first(page: Page, field: str) -> None:
    values = page.locator(f"{field} option").evaluate_all("options => options.map(one => one.value).filter(Boolean)")
    page.locator(field).select_option(values[0])


def take_back(tab: Tab) -> None:
    organisation = tab.site.value("SELECT id FROM organisation WHERE name = ?", HOUSE)
    tab.go(f"/account/organisation/{organisation}/partners")
    tab.shoot_all("who-acts")
    press(tab.page, "Take it back")
    tab.page.locator("#ask[open] button[value=yes]").click()
    expect(tab.page.get_by_role("main")).to_contain_text("no longer acts for you")
    tab.shoot_all("taken-back")
