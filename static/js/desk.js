// The desk's keys: j and k walk through the rows, x chooses, Enter (a link's own key) opens; r and n begin a reply or a note.
(() => {
  "use strict";
  const rows = () => [...document.querySelectorAll("[data-row]")];
  let last = 0; // where the walk stands, also when the row that had the focus has left the board

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, dialog")) return;
    const step = { j: 1, k: -1 }[event.key];
    const list = rows();
    if (step && list.length) {
      const at = list.indexOf(document.activeElement);
      const next = at < 0 ? last : at + step;
      last = Math.min(Math.max(next, 0), list.length - 1);
      list[last].focus();
    }
    if (event.key === "x") document.activeElement.closest("tr")?.querySelector(".desk-pick")?.click();
    const tab = document.getElementById({ r: "reply-tab", n: "note-tab" }[event.key] || "");
    if (tab) {
      event.preventDefault();
      tab.click();
      document.querySelector(`${tab.hash} textarea`).focus();
    }
  });

  // A composer that comes back with an error, or with a kept draft, opens on the tab that holds it.
  const openTab = () => {
    const panel = document.querySelector(".composer [data-open]");
    if (panel) document.getElementById(`${panel.id}-tab`)?.click();
  };
  document.addEventListener("DOMContentLoaded", openTab);
  document.addEventListener("htmx:load", openTab);
})();
