"""The billing area as its owner, its billing contact and a member walk it, with a provider's payment pages beside."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ViewportSize, expect

from tests.billing.standin import Standin, standing_in
from tests.browser.conftest import ALLOWANCES, WIDE, Site, Tab, sign_in
from tests.browser.test_journey import press
from tests.running import wait_for

OWNER = "sam@brightfield.example"
BILLING, MEMBER = "petra@tidewater.example", "jonas@tidewater.example"
Enter = Callable[..., Tab]


@pytest.fixture(scope="module")
def till() -> Iterator[Standin]:
    with standing_in() as there:
        yield there


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, till: Standin) -> Iterator[Site]:
    """The demo with a payment provider, which has pages of its own and tells what happened there."""
    keys = {"stripe_secret_key": "sk_test_standin", "stripe_webhook_secret": till.secret}
    folder = tmp_path_factory.mktemp("shop")
    shop = Site(folder, mode="demo", log_level="WARNING", stripe_api_base=till.address, **keys, **ALLOWANCES)
    till.told = f"{shop.url}/billing/provider/events"
    shop.start_web()
    shop.start_worker()
    yield shop
    till.told = None
    shop.stop()


@pytest.fixture
def enter(browser: Browser, shop: Site) -> Iterator[Enter]:
    """`enter("sam@…")` is a tab in which he has signed in."""
    contexts: list[BrowserContext] = []
    size = ViewportSize(width=WIDE["width"], height=WIDE["height"])

    def new(email: str, **options: Any) -> Tab:
        context = browser.new_context(viewport=size, locale="en-GB", timezone_id="Europe/Berlin", **options)
        context.set_default_timeout(30_000)
        contexts.append(context)
        page = context.new_page()
        sign_in(page, shop, email)
        return Tab(page, shop, f"billing-{email.split('@')[0]}").watch()

    yield new
    for context in contexts:
        context.close()


def test_an_owner_pays_upgrades_cancels_and_resumes(enter: Enter, shop: Site, till: Standin) -> None:
    tab = enter(OWNER)
    page, main = tab.page, tab.page.get_by_role("main")
    tab.go("/billing/")
    home = page.url
    expect(main).to_contain_text("Beacon Team")
    expect(main).to_contain_text("Support: plan Team")
    tab.shoot_all("overview")
    before = promise(tab)

    tab.go(home)
    main.get_by_role("link", name="Change details and contacts").click()
    page.get_by_label("Street and number").fill("Cedar Street 91")
    tab.shoot_all("details")
    press(page, "Save")
    tab.go(home)
    expect(page.get_by_text("Cedar Street 91")).to_be_visible()

    main.get_by_role("link", name="Change how you pay").click()
    press(page, "Add a card or an account")
    page.get_by_role("button", name="Pay by card").click()
    page.wait_for_url(f"{shop.url}/**")
    saved(tab, home)
    tab.shoot_all("methods")

    pay_an_invoice(tab, home, till)
    download(tab, home)
    upgrade(tab, home)
    after = promise(tab)
    assert after != before, after

    tab.go(home)
    press(page, "Cancel")
    page.get_by_role("dialog").get_by_role("button", name="Yes, go on").click()
    expect(main.get_by_text("Cancelled", exact=True)).to_be_visible()
    tab.shoot_all("cancelled")
    press(page, "Resume")
    expect(main.get_by_text("Cancelled", exact=True)).to_have_count(0)
    expect(main).to_contain_text("renews on")
    assert not tab.troubles


def promise(tab: Tab) -> str:
    """What a new ticket is promised, as the form says it."""
    tab.go("/tickets/new")
    tab.page.locator("#product").select_option("beacon")
    quote = tab.page.locator("#quote")
    expect(quote.locator("time").first).to_be_visible()
    tab.page.wait_for_timeout(800)
    tab.shoot_all("quote")
    return str(quote.inner_text())


def saved(tab: Tab, home: str) -> None:
    """The card stands there as soon as the worker has heard of it."""

    def is_there() -> bool:
        tab.go(f"{home}methods")
        return tab.page.get_by_text("4242").count() > 0

    wait_for(is_there, 20, every=0.5)


def pay_an_invoice(tab: Tab, home: str, till: Standin) -> None:
    page, main = tab.page, tab.page.get_by_role("main")
    tab.go(f"{home}invoices")
    tab.shoot_all("invoices")
    row = main.get_by_role("row").filter(has_text="To be paid").first
    row.get_by_role("link").first.click()
    invoice = page.url
    tab.shoot_all("invoice")
    press(page, "Pay ")
    page.get_by_role("button", name="Pay by card").click()
    page.wait_for_url(f"{tab.site.url}/**")

    def is_paid() -> bool:
        tab.go(invoice)
        return main.get_by_text("Paid", exact=True).count() > 0

    wait_for(is_paid, 20, every=0.5)
    tab.shoot_all("paid")
    assert len(till.charged()) == 1


def download(tab: Tab, home: str) -> None:
    """The PDF and the XML of the newest invoice that has its documents."""
    tab.go(f"{home}invoices")
    addresses = tab.page.locator("main table a").evaluate_all("links => links.map(link => link.href)")
    for address in addresses:
        tab.go(address)
        if tab.page.get_by_role("link", name="PDF").count():
            with tab.page.expect_download() as came:
                tab.page.get_by_role("link", name="PDF").click()
            assert came.value.path().read_bytes().startswith(b"%PDF-1.7")
            return
    raise AssertionError("no invoice has documents")


def upgrade(tab: Tab, home: str) -> None:
    page, main = tab.page, tab.page.get_by_role("main")
    tab.go(home)
    main.get_by_role("link", name="Change", exact=True).click()
    page.get_by_text("Beacon Business").first.click()
    tab.shoot_all("change")
    press(page, "See what it costs")
    expect(main).to_contain_text("It counts at once")
    tab.shoot_all("preview")
    shown = main.get_by_role("row", name="Total", exact=False).last.inner_text()
    press(page, "Order with obligation to pay")
    tab.go(home)
    expect(main).to_contain_text("Support: plan Business")
    wait_for(lambda: is_invoiced(tab, home, shown.split()[-1]), 30, every=0.5)


def is_invoiced(tab: Tab, home: str, amount: str) -> bool:
    """What was shown before is what the newest invoice says."""
    tab.go(f"{home}invoices")
    return amount in tab.page.locator("main tbody tr").first.inner_text()


def test_a_billing_contact_looks_after_the_money(enter: Enter) -> None:
    tab = enter(BILLING)
    main = tab.page.get_by_role("main")
    tab.go("/billing/")
    expect(main).to_contain_text("Beacon Enterprise")
    expect(main.get_by_role("link", name="Place an order")).to_be_visible()
    main.get_by_role("link", name="Change details and contacts").click()
    tab.page.get_by_label("Your purchase order or reference").fill("PO-4711")
    press(tab.page, "Save")
    tab.go("/billing/")
    expect(main.get_by_role("heading", name="Next invoice")).to_be_visible()
    tab.shoot_all("overview")
    assert not tab.troubles


def test_a_member_is_told_whom_to_ask(enter: Enter, shop: Site) -> None:
    tab = enter(MEMBER)
    tab.go("/billing/")
    tab.shoot_all("overview")
    organisation = shop.value("SELECT id FROM organisation WHERE name = 'Tidewater Pumps'")
    for page in ("", "invoices", "details", "methods", "catalogue"):
        answer = tab.page.goto(f"{shop.url}/billing/{organisation}/{page}")
        assert answer and answer.status in (403, 404), (page, answer and answer.status)
