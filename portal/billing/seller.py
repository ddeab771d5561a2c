"""Who sells: the vendor's details as they stand on invoices."""

from portal.web import settings

FROM_DEMO = {
    "name": "Larkspur Instruments B.V.",
    "street": "Voorbeeldkade 1",
    "postcode": "1000 AA",
    "city": "Amsterdam",
    "country": "NL",
    "vat_number": "NL000099998B57",  # valid in form, and nobody's
    "register": "",
    "email": "billing@larkspur.example",
    "phone": "",
    "iban": "NL91ABNA0417164300",  # the example of the standard's registry
    "bic": "ABNANL2A",
}


def seller() -> dict[str, str]:
    """The seller's details by name; all are empty where nobody has set them."""
    config = settings()
    if config.is_demo and not config.seller_name:
        return FROM_DEMO
    return {
        "name": config.seller_name,
        "street": config.seller_street,
        "postcode": config.seller_postcode,
        "city": config.seller_city,
        "country": config.seller_country.upper(),
        "vat_number": config.seller_vat_number,
        "register": config.seller_register,
        "email": config.seller_email,
        "phone": config.seller_phone,
        "iban": config.seller_iban.replace(" ", ""),
        "bic": config.seller_bic,
    }


def missing() -> list[str]:
    """The settings without which no invoice can be made out."""
    told = seller()
    return [f"seller_{name}" for name in ("name", "street", "city", "country", "vat_number") if not told[name]]
