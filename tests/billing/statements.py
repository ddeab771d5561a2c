"""Bank statements (camt.053) as banks write them, for the tests."""

from xml.sax.saxutils import escape

ACCOUNT = "NL91ABNA0417164300"


def a_credit(
    amount: str,
    text: str = "",
    *,
    reference: str = "",
    payer: str = "Heron Marine Ltd",
    iban: str = "DE89370400440532013000",
    ref: str = "",
    day: str = "2026-11-16",
    currency: str = "EUR",
    version: str = "02",
    status: str = "BOOK",
    way: str = "CRDT",
    extra: str = "",
    further: str = "",
) -> str:
    """One entry with one transaction; `ref` is the bank's own name for it, `reference` the structured one."""
    side = "Dbtr" if way == "CRDT" else "Cdtr"
    name = f"<Nm>{escape(payer)}</Nm>"
    party = name if version == "02" else f"<Pty>{name}</Pty>"
    sts = status if version == "02" else f"<Cd>{status}</Cd>"
    structured = f"<Strd><CdtrRefInf><Ref>{reference}</Ref></CdtrRefInf></Strd>" if reference else ""
    free = f"<Ustrd>{escape(text)}</Ustrd>" if text else ""
    amt = f'<Amt Ccy="{currency}">{amount}</Amt>' + (f"<CdtDbtInd>{way}</CdtDbtInd>" if version != "02" else "")
    return f"""<Ntry><Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{way}</CdtDbtInd>{further}<Sts>{sts}</Sts>
      <BookgDt><Dt>{day}</Dt></BookgDt><ValDt><Dt>{day}</Dt></ValDt>{f"<AcctSvcrRef>{ref}</AcctSvcrRef>" if ref else ""}
      <BkTxCd><Domn><Cd>PMNT</Cd></Domn></BkTxCd>
      <NtryDtls><TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs>{amt if version != "02" else ""}
        <RltdPties><{side}>{party}</{side}><{side}Acct><Id><IBAN>{iban}</IBAN></Id></{side}Acct></RltdPties>
        <RmtInf>{free}{structured}</RmtInf>{extra}</TxDtls></NtryDtls></Ntry>"""


def a_batch(parts: list[tuple[str, str]], total: str, *, ref: str = "BATCH-1", day: str = "2026-11-16") -> str:
    """One entry of several transactions: (amount, text) of each."""
    inner = "".join(
        f"<TxDtls><Refs><EndToEndId>E{number}</EndToEndId></Refs>"
        f'<AmtDtls><TxAmt><Amt Ccy="EUR">{amount}</Amt></TxAmt></AmtDtls>'
        f"<RmtInf><Ustrd>{escape(text)}</Ustrd></RmtInf></TxDtls>"
        for number, (amount, text) in enumerate(parts)
    )
    return (
        f'<Ntry><Amt Ccy="EUR">{total}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>{day}</Dt></BookgDt>'
        f"<AcctSvcrRef>{ref}</AcctSvcrRef><NtryDtls>{inner}</NtryDtls></Ntry>"
    )


def a_statement(*entries: str, version: str = "02", account: str = ACCOUNT, head: str = "", number: str = "1") -> bytes:
    """A whole file. `head` stands before its first element."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>{head}
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"><BkToCstmrStmt>
  <GrpHdr><MsgId>{number}</MsgId><CreDtTm>2026-11-16T20:00:00</CreDtTm></GrpHdr>
  <Stmt><Id>{number}</Id><CreDtTm>2026-11-16T20:00:00</CreDtTm><Acct><Id><IBAN>{account}</IBAN></Id></Acct>
  {"".join(entries)}</Stmt></BkToCstmrStmt></Document>""".encode()
