"""What people type, with its mistakes, and what they ask: the demo article that a reader would want of it.

Each line was written from the reader's side, before its result was seen: the words, the reader's language, the address
of the article, and among how many of the first results it must stand. A line that fails wants the search mended.
"""

import pytest
from flask import Flask
from flask.testing import FlaskClient

MISSPELT = """
instal becon on linux          | en | install-beacon-linux
licnce key                     | en | claim-licence-key       | 3
upgarde beacon                 | en | upgrade-beacon
bakup and restor               | en | backup-and-restore
notificaton chanels            | en | notification-channels
maintenence window             | en | maintenance-windows
singel sign on                 | en | single-sign-on
dashbord                       | en | dashboards
webhok                         | en | webhooks
API tokns                      | en | api-tokens
certificat expried             | en | certificate-errors
shedule reports                | en | schedule-reports
enrolement rejected            | en | bcn-1042-enrolment-rejected
agent ofline                   | en | bcn-1107-agent-offline
proxi server                   | en | proxy-settings
sistem requirments             | en | system-requirements
Docekr                         | en | install-beacon-docker
pasword forgoten               | en | cannot-sign-in
clok skew                      | en | rly-0412-clock-skew
colect logs                    | en | collect-logs
privcy of our data             | en | data-privacy
Lizenzschlüsel einlösen        | de | claim-licence-key
Zertifkat Fehler               | de | certificate-errors
Protokole sammeln              | de | collect-logs
Beacon instalieren             | de | install-beacon          | 3
Firewal Regeln                 | de | firewall-ports
Aktualisirung Beacon           | de | upgrade-beacon
Anmeldung abgelent             | de | bcn-1042-enrolment-rejected
licentiesleutle                | nl | claim-licence-key
poorten en firewalregels       | nl | firewall-ports
logboeken verzamlen            | nl | collect-logs
tunel geweigerd                | nl | rly-0307-tunnel-refused
Beacon instaleren              | nl | install-beacon
licensnøgel                    | da | claim-licence-key
certifkat fejl                 | da | certificate-errors
beskedkanler                   | da | notification-channels
indsaml logfler                | da | collect-logs
лицензионый ключ               | ru | claim-licence-key
устновка Linux                 | ru | install-beacon-linux
прокси сервр                   | ru | proxy-settings
собрать журнлы                 | ru | collect-logs
регистрация отклнена           | ru | bcn-1042-enrolment-rejected
许可正密钥                      | zh | claim-licence-key
备份控制太                      | zh | backup-and-restore
收集日智                        | zh | collect-logs
安装 Becon                     | zh | install-beacon
在 Dokcer 中运行               | zh | install-beacon-docker
"""

ASKED = """
How do I install the agent on a Mac?                               | en | install-beacon-macos
what ports do I have to open in the firewall                       | en | firewall-ports
why does my agent show as offline                                  | en | bcn-1107-agent-offline
how can I get a report by mail every Monday                        | en | schedule-reports
can I use my company login (SAML) to sign in                       | en | single-sign-on
how do I stop alerts during planned maintenance                    | en | maintenance-windows
which information do you collect from us                           | en | data-privacy                | 3
I lost my second factor phone and can't log in                     | en | cannot-sign-in
how do I back up the console                                       | en | backup-and-restore
the report stops because it runs out of memory                     | en | atl-2210-render-memory
clock on the relay is wrong                                        | en | rly-0412-clock-skew
can you send alerts to Slack                                       | en | notification-channels       | 3
how do I get my data out as CSV                                    | en | export-readings             | 3
add a colleague and give them rights                               | en | user-management             | 3
Wie installiere ich Beacon unter Windows?                          | de | install-beacon-windows
Welche Ports müssen in der Firewall offen sein?                    | de | firewall-ports
Wie aktualisiere ich auf die neue Version?                         | de | upgrade-beacon
Wo finde ich die Protokolle für den Support?                       | de | collect-logs
Der Browser meldet, dass das Zertifikat nicht vertrauenswürdig ist | de | certificate-errors
Wie löse ich meinen Lizenzschlüssel ein?                           | de | claim-licence-key
Warum wird die Anmeldung des Agenten abgelehnt?                    | de | bcn-1042-enrolment-rejected
Hoe activeer ik mijn licentiesleutel?                              | nl | claim-licence-key
Welke poorten moeten open staan in de firewall?                    | nl | firewall-ports
Hoe richt ik Relay in op een locatie?                              | nl | install-relay
Waarom weigert de console de tunnel?                               | nl | rly-0307-tunnel-refused
Waar vind ik de logboeken?                                         | nl | collect-logs
Hoe installeer ik Beacon snel?                                     | nl | install-beacon
Hvordan registrerer jeg min licensnøgle?                           | da | claim-licence-key
Hvordan installerer jeg Beacon?                                    | da | install-beacon
Hvordan får jeg besked på sms eller mail ved en alarm?             | da | notification-channels
Hvorfor siger browseren at certifikatet ikke er gyldigt?           | da | certificate-errors
Hvor finder jeg logfilerne?                                        | da | collect-logs
Как установить Beacon на Linux?                                    | ru | install-beacon-linux
Как настроить прокси-сервер?                                       | ru | proxy-settings
Где найти журналы для поддержки?                                   | ru | collect-logs
Почему регистрация агента отклонена?                               | ru | bcn-1042-enrolment-rejected
Как активировать лицензию?                                         | ru | claim-licence-key
怎么安装 Beacon？                                                   | zh | install-beacon
如何在 Docker 里运行控制台                                          | zh | install-beacon-docker
怎样备份和恢复控制台                                                | zh | backup-and-restore
在哪里可以找到日志                                                  | zh | collect-logs
为什么注册被拒绝                                                    | zh | bcn-1042-enrolment-rejected
如何使用许可证密钥                                                  | zh | claim-licence-key
"""

# What still fails, and why: a line that is found one day has to move up.
BEYOND = """
how much RAM and disk does the console need | en | system-requirements
instaler Beacon                             | da | install-beacon
"""  # the article says memory: only a synonym leads there; and it reads as English as well: three English ones first


def lines(table: str) -> list[tuple[str, str, str, int]]:
    """(words, language, address, among how many)."""
    told = [[part.strip() for part in line.split("|")] for line in table.strip().splitlines()]
    return [(text, lang, slug, int(*within or "1")) for text, lang, slug, *within in told]


@pytest.fixture(scope="module")
def reader(demo: Flask) -> FlaskClient:
    return demo.test_client()


def found(reader: FlaskClient, text: str, lang: str) -> list[str]:
    answer = reader.get("/api/search", query_string={"q": text, "lang": lang})
    return [result["id"].rpartition("/")[2] for result in answer.json["results"]]


@pytest.mark.parametrize(("text", "lang", "slug", "within"), lines(MISSPELT))
def test_a_misspelt_question_finds_what_was_meant(
    reader: FlaskClient, text: str, lang: str, slug: str, within: int
) -> None:
    first = found(reader, text, lang)
    assert slug in first[:within], first


@pytest.mark.parametrize(("text", "lang", "slug", "within"), lines(ASKED))
def test_a_question_in_plain_words_finds_its_answer(
    reader: FlaskClient, text: str, lang: str, slug: str, within: int
) -> None:
    first = found(reader, text, lang)
    assert slug in first[:within], first


@pytest.mark.xfail(strict=True, reason="see BEYOND")
@pytest.mark.parametrize(("text", "lang", "slug", "within"), lines(BEYOND))
def test_what_is_not_found_yet(reader: FlaskClient, text: str, lang: str, slug: str, within: int) -> None:
    assert slug in found(reader, text, lang)[:within]
