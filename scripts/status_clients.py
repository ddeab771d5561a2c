"""Read a running portal's status page with programs that others wrote, and print what they understood.

    python scripts/status_clients.py http://127.0.0.1:8000

Two clients of Statuspage (PyPI and npm), a feed reader and an iCalendar library are fetched into a folder that goes
away with the run. Needs pip, and npm for the second client.
"""

import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

PYTHON = ("statuspage-prometheus-exporter==2.6.0", "feedparser", "icalendar==7.3.0")
NODE = "statuspage.io@3.3.8"

IN_PYTHON = """
import sys, urllib.request
import feedparser, icalendar
from statuspage_prometheus_exporter.service_checker import check_status_page_service as check
base = sys.argv[1]
seen = check("portal", {"name": "Portal", "url": f"{base}/api/v2/summary.json"})
print("exporter", {k: v for k, v in seen.items() if isinstance(v, (str, int, bool)) and k != "raw_data"})
assert seen.get("success", True), seen
for name in ("history.atom", "history.rss"):
    feed = feedparser.parse(f"{base}/status/{name}")
    assert not feed.bozo, feed.bozo_exception
    print(name, feed.version, [entry.title for entry in feed.entries])
with urllib.request.urlopen(f"{base}/status/calendar.ics") as answer:
    calendar = icalendar.Calendar.from_ical(answer.read())
for event in calendar.walk("VEVENT"):
    assert not event.errors, event.errors
    print("calendar.ics", event["UID"], event["SEQUENCE"], event["STATUS"], event.decoded("DTSTART"), event["SUMMARY"])
"""
IN_NODE = """
const {Statuspage} = require('statuspage.io');
const page = new Statuspage('portal');
page.setApiUrl(process.argv[2]);
(async () => {
  console.log('statuspage.io', (await page.api.getStatus()).status);
  const {components} = await page.api.getComponents();
  console.log('statuspage.io', components.map(one => `${one.name}: ${one.status}`));
  const {incidents} = await page.api.incidents.getAll();
  console.log('statuspage.io', incidents.map(one => `${one.name}: ${one.status}, ${one.incident_updates.length}`));
  const works = (await page.api.scheduledMaintenances.getUpcoming()).scheduled_maintenances;
  console.log('statuspage.io', works.map(one => `${one.name}: ${one.scheduled_for}`));
})().catch(error => { console.error(error.message); process.exit(1); });
"""


def main(base: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        venv.create(f"{folder}/venv", with_pip=True)
        python = f"{folder}/venv/bin/python"
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PYTHON], check=True)
        subprocess.run([python, "-c", IN_PYTHON, base], check=True, cwd=folder)
        if npm := shutil.which("npm"):
            Path(folder, "package.json").write_text("{}", encoding="utf-8")
            Path(folder, "read.js").write_text(IN_NODE, encoding="utf-8")
            subprocess.run([npm, "install", "--silent", NODE], check=True, cwd=folder)
            subprocess.run(["node", "read.js", base], check=True, cwd=folder)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1].rstrip("/"))
