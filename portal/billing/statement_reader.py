"""Reads a bank statement (ISO 20022 camt.053, of any version). Run in a process of its own: files come from outside.

`python -I statement_reader.py < FILE` writes one JSON object: `entries`, a list in the order of the file, and
`unbooked`, how many the bank itself has not booked yet; or `problem`. Entities, DTDs and the network are off. Amounts
stay the decimal text of the file; nothing is matched or judged here. Imports nothing of the portal.
"""

import hashlib
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001."
MOST_ENTRIES = 20_000
NONE = ("", "NOTPROVIDED", "NONREF", "NONE", "0")


class NotRead(Exception):
    """The file is none that can be booked; its word says why."""


def main() -> None:
    try:
        told: dict[str, Any] = read(sys.stdin.buffer.read())
    except NotRead as error:
        told = {"problem": str(error)}
    json.dump(told, sys.stdout)


def read(raw: bytes) -> dict[str, Any]:
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, dtd_validation=False, no_network=True, huge_tree=False
    )
    try:
        root = etree.fromstring(raw, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise NotRead("broken") from error
    if root.getroottree().docinfo.doctype:
        raise NotRead("entities")
    strip(root)
    statements = root.findall("BkToCstmrStmt/Stmt")
    if root.tag != "Document" or not statements:
        raise NotRead("other")
    entries, unbooked = [], 0
    for statement in statements:
        for entry in statement.findall("Ntry"):
            status = text(entry, "Sts/Cd") or text(entry, "Sts")
            if status != "BOOK":
                unbooked += 1
                continue
            entries += list(transactions(statement, entry))
            if len(entries) > MOST_ENTRIES:
                raise NotRead("many")
    return {"entries": numbered(entries), "unbooked": unbooked}


def strip(root: Any) -> None:
    """Local names in place of qualified ones: versions 02 to 13 differ in few of them."""
    from lxml import etree

    if not etree.QName(root).namespace or not str(etree.QName(root).namespace).startswith(NAMESPACE):
        raise NotRead("other")
    for element in root.iter():
        if isinstance(element.tag, str):
            element.tag = etree.QName(element).localname


def text(element: Any, *paths: str) -> str:
    """The text at the first of these paths that has some."""
    for path in paths:
        found = element.findtext(path)
        if found and found.strip():
            return " ".join(found.replace("\0", "").split())
    return ""


def transactions(statement: Any, entry: Any) -> Iterator[dict[str, Any]]:
    """What stands in an entry: itself, or each transaction of a batch that has amounts of its own."""
    parts = entry.findall("NtryDtls/TxDtls")
    total, currency = amount_of(entry)
    amounts = [amount_of(part) for part in parts]
    signs = [1 if text(part, "CdtDbtInd") in ("", text(entry, "CdtDbtInd")) else -1 for part in parts]
    whole = sum(sign * value for sign, (value, _of) in zip(signs, amounts, strict=True))
    if len(parts) > 1 and whole == total and {of for _value, of in amounts} == {currency}:
        for part, (value, of) in zip(parts, amounts, strict=True):
            yield told(statement, entry, part, value, of)
    else:  # what doesn't come to the sum is in another currency, or told in part
        yield told(statement, entry, parts[0] if len(parts) == 1 else None, total, currency)


def amount_of(element: Any) -> tuple[Decimal, str]:
    """Of an entry, or of one of its transactions: `Amt` (there since version 03) or `TxAmt`."""
    for path in ("Amt", "AmtDtls/TxAmt/Amt"):
        found = element.find(path)
        if found is not None and re.fullmatch(r"\d{1,18}(\.\d{1,5})?", (found.text or "").strip()):
            return Decimal(found.text.strip()), found.get("Ccy", "")
    if element.tag == "Ntry":
        raise NotRead("broken")
    return Decimal(0), ""


def told(statement: Any, entry: Any, part: Any, value: Decimal, currency: str) -> dict[str, Any]:
    """One transaction as plain values. `references` are the structured ones, `remittance` is what a person wrote."""
    own = entry if part is None else part
    came_in = (text(own, "CdtDbtInd") or text(entry, "CdtDbtInd")) == "CRDT"
    side = "Dbtr" if came_in else "Cdtr"
    parties = f"RltdPties/{side}"
    structured = own.findall("RmtInf/Strd/CdtrRefInf/Ref") + own.findall("RmtInf/Strd/RfrdDocInf/Nb")
    returned = text(entry, "RvslInd") == "true" or (part is not None and part.find("RtrInf") is not None)
    row = {
        "account": text(statement, "Acct/Id/IBAN", "Acct/Id/Othr/Id"),
        "booked_on": (text(entry, "BookgDt/Dt") or text(entry, "BookgDt/DtTm"))[:10],
        "amount": f"{value:f}",
        "currency": currency,
        "came_in": came_in,
        "returned": returned,
        "payer": text(own, f"{parties}/Nm", f"{parties}/Pty/Nm", f"RltdPties/Ultmt{side}/Nm"),
        "payer_account": text(own, f"{parties}Acct/Id/IBAN", f"{parties}Acct/Id/Othr/Id"),
        "references": [" ".join((ref.text or "").split()) for ref in structured if ref.text],
        "remittance": " ".join(" ".join((line.text or "").split()) for line in own.findall("RmtInf/Ustrd")),
        "end_to_end": text(own, "Refs/EndToEndId"),
        "reason": text(own, "RtrInf/AddtlInf", "RtrInf/Rsn/Cd"),
        "further": text(own, "AddtlTxInf") or text(entry, "AddtlNtryInf"),
    }
    row["reference"] = reference_of(entry, part, row)
    return row


def reference_of(entry: Any, part: Any, row: dict[str, Any]) -> str:
    """The bank's own name for it with a digest: of amount and day where it has a name, for some banks give a name
    again after a year; else of all that is told."""
    of_entry = text(entry, "AcctSvcrRef")
    of_part = text(part, "Refs/AcctSvcrRef", "Refs/TxId") if part is not None else ""
    names = list(dict.fromkeys(one for one in (of_entry, of_part) if one.upper() not in NONE))
    is_one_of_many = len(entry.findall("NtryDtls/TxDtls")) > 1 and of_part.upper() in NONE
    what = ("amount", "currency", "booked_on", "came_in")
    told = row if not names or is_one_of_many else {name: row[name] for name in what}
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]
    return f"{'/'.join(names)[:55]}~{digest}"


def numbered(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Twins that nothing tells apart are two: the second of a file is called so."""
    seen: Counter[tuple[str, str]] = Counter()
    for row in entries:
        seen[row["account"], row["reference"]] += 1
        many = seen[row["account"], row["reference"]]
        if many > 1:
            row["reference"] += f"#{many}"
    return entries


if __name__ == "__main__":
    main()
