// The portal works without any of this. Behaviour hangs on data- attributes; htmx brings in markup that carries them,
// so everything listens on the document instead of on elements.
(() => {
  "use strict";
  const root = document.documentElement;
  root.classList.add("js");
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const byId = (id) => document.getElementById(id);

  // The server writes times in the reader's zone; a visitor without a profile is asked once, silently.
  if (!/(^|; )tz=/.test(document.cookie)) {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const secure = location.protocol === "https:" ? ";secure" : "";
    if (zone) document.cookie = `tz=${zone};path=/;max-age=31536000;samesite=lax${secure}`;
  }

  // Menus: Escape and a click elsewhere close them, the focus goes back to the summary.
  document.addEventListener("click", (event) => {
    for (const menu of all("details[data-menu][open]")) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of all("details[data-menu][open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });

  // Search. Suggestions are a list box below their field: the focus stays in the field, the arrows choose.
  const FIELD = "[data-suggested]"; // a search field that has such a list
  let asking = null; // the list that waits for suggestions
  let back = null; // what had the focus before "/" took it
  const listOf = (input) => input.form.querySelector("[data-suggest]");
  const point = (input, option) => {
    for (const other of all("[role=option]", listOf(input))) other.setAttribute("aria-selected", other === option);
    input.setAttribute("aria-activedescendant", option?.id ?? "");
    option?.scrollIntoView({ block: "nearest" });
  };
  const unfold = (input, open) => {
    const list = listOf(input);
    asking = open ? asking : null;
    list.hidden = !open || !list.firstElementChild;
    input.setAttribute("aria-expanded", !list.hidden);
    point(input, null);
  };
  const openSearch = (event) => {
    const find = () => all("[data-search] input[type=search]").find((input) => input.offsetParent);
    if (document.querySelector("dialog[open]:not(#palette)")) return;
    event.preventDefault();
    back = find() && document.activeElement;
    if (!back) byId("palette")?.showModal();
    find()?.focus();
    find()?.select();
  };
  document.addEventListener("keydown", (event) => {
    const isFree = !event.target.closest?.("input, textarea, select, [contenteditable]");
    if (event.ctrlKey || event.metaKey ? event.key?.toLowerCase() === "k" : event.key === "/" && isFree) openSearch(event);
    const input = event.target.closest?.(FIELD);
    if (!input || event.isComposing) return;
    const list = listOf(input);
    const options = all("[role=option]", list);
    const at = list.hidden ? -1 : options.findIndex((option) => option.matches("[aria-selected=true]"));
    const next = { ArrowDown: (at + 1) % options.length, ArrowUp: Math.max(at, 0) - 1, ...(at >= 0 && { Home: 0, End: -1 }) }[event.key];
    if (next !== undefined && options.length) {
      if (list.hidden) unfold(input, true);
      point(input, options.at(next));
    } else if (event.key === "Enter" && at >= 0) {
      options[at].dispatchEvent(new MouseEvent("click", event)); // with its Ctrl key, for a new tab
    } else if (event.key === "Escape") {
      if (input.closest("dialog")) input.closest("dialog").close();
      else if (list.hidden) back?.focus();
      unfold(input, false);
    } else return;
    event.preventDefault();
  });
  document.addEventListener("input", ({ target }) => { asking = target.matches(FIELD) ? (point(target), listOf(target)) : asking; });
  document.addEventListener("focusin", (event) => event.target.matches(FIELD) && unfold(event.target, true));
  document.addEventListener("focusout", (event) => event.target.matches(FIELD) && unfold(event.target, false));
  document.addEventListener("mousedown", (event) => event.target.closest("[data-suggest]") && event.preventDefault());
  document.addEventListener("htmx:beforeSwap", (event) => { event.detail.shouldSwap &&= !event.target.matches("[data-suggest]") || event.target === asking; });
  document.addEventListener("htmx:afterSwap", ({ target: list }) => {
    if (!list.matches("[data-suggest]")) return;
    all("[role=option]", list).forEach((option, n) => { option.id = `${list.id}-${n}`; });
    unfold(document.activeElement, true);
    list.nextElementSibling.textContent = list.firstElementChild?.dataset.said ?? "";
  });
  // Which result was opened is told on the way; a long text that is pasted goes to the page for logs.
  const open = (event) => {
    const hit = event.button < 2 && event.target.closest("[data-hit]");
    const counted = hit && hit.closest("[data-clicks]");
    if (counted) navigator.sendBeacon(counted.dataset.clicks, new URLSearchParams({ hit: hit.dataset.hit }));
    if (event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (event.target.closest("[data-palette]")) openSearch(event);
    else if (event.target.matches("#palette") || event.target.closest("#palette a")) byId("palette").close();
  };
  document.addEventListener("click", open);
  document.addEventListener("auxclick", open);
  document.addEventListener("paste", (event) => {
    const text = event.clipboardData.getData("text/plain").trim();
    const page = event.target.closest("[data-search]")?.dataset.search;
    if (!page || (text.length <= event.target.maxLength && !text.includes("\n"))) return;
    event.preventDefault();
    sessionStorage.pasted = text;
    location.assign(page);
  });

  // Tabs: links to panels become a tab list with arrow keys.
  const showTab = (list, tab) => {
    for (const other of all("a", list)) {
      const chosen = other === tab;
      other.setAttribute("aria-selected", chosen);
      other.tabIndex = chosen ? 0 : -1;
      byId(other.hash.slice(1)).hidden = !chosen;
    }
  };
  const dressTabs = (list) => {
    list.setAttribute("role", "tablist");
    const tabs = all("a", list);
    for (const tab of tabs) {
      const panel = byId(tab.hash.slice(1));
      tab.setAttribute("role", "tab");
      tab.setAttribute("aria-controls", panel.id);
      panel.setAttribute("role", "tabpanel");
      panel.setAttribute("aria-labelledby", tab.id);
    }
    showTab(list, tabs.find((tab) => tab.hash === location.hash) || tabs[0]);
  };
  document.addEventListener("click", (event) => {
    const tab = event.target.closest("[data-tabs] a");
    if (!tab) return;
    event.preventDefault();
    showTab(tab.parentElement, tab);
  });
  document.addEventListener("keydown", (event) => {
    const tab = event.target.closest?.("[data-tabs] a");
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!tab || !step) return;
    const tabs = all("a", tab.parentElement);
    const next = tabs.at((tabs.indexOf(tab) + step * (document.dir === "rtl" ? -1 : 1)) % tabs.length);
    showTab(tab.parentElement, next);
    next.focus();
  });

  // The platform chosen in one article's tabs is chosen in all others.
  const choose = (name) => all("[data-tab]").forEach((tab) => { tab.checked ||= tab.dataset.tab === name; });
  document.addEventListener("change", ({ target }) => target.dataset.tab && choose(localStorage.tab = target.dataset.tab));

  // A form with data-confirm asks in the page's dialog first.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const question = event.submitter?.dataset.confirm || form.dataset.confirm;
    const ask = byId("ask");
    if (!question || form.dataset.sure || !ask?.showModal) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    byId("ask-text").textContent = question;
    ask.returnValue = "";
    ask.showModal();
    ask.addEventListener("close", () => {
      if (ask.returnValue !== "yes") return;
      form.dataset.sure = "yes";
      form.requestSubmit(event.submitter);
      delete form.dataset.sure;
    }, { once: true });
  }, true);

  // Small buttons: copy, show a password.
  document.addEventListener("click", async (event) => {
    const copy = event.target.closest("[data-copy]");
    if (copy && navigator.clipboard) {  // absent on plain http
      const code = copy.parentElement.querySelector("code");
      await navigator.clipboard.writeText(copy.dataset.copy ? new URL(copy.dataset.copy, location.href).href : code.textContent);
      const text = copy.querySelector("span");
      const before = (copy.dataset.before ??= text.textContent);
      text.textContent = copy.dataset.copied;
      setTimeout(() => { text.textContent = before; }, 2000);
    }
    const reveal = event.target.closest("[data-reveal]");
    if (reveal) {
      const input = byId(reveal.dataset.reveal);
      const shown = input.type === "text";
      input.type = shown ? "password" : "text";
      reveal.setAttribute("aria-pressed", !shown);
    }
  });

  // Characters left, said from the last fifth on.
  const count = (field) => {
    const line = byId(field.dataset.count);
    const left = field.maxLength - field.value.length;
    const isNear = field.maxLength > 0 && left <= field.maxLength / 5;
    line.textContent = !isNear ? "" : left > 0 ? line.dataset.text.replace("{left}", left.toLocaleString(root.lang)) : line.dataset.full;
  };
  document.addEventListener("input", (event) => {
    const field = event.target;
    if (field.dataset?.count) count(field);
    if (field.localName === "textarea" && !CSS.supports("field-sizing", "content")) {
      field.style.height = "auto";
      field.style.height = `${field.scrollHeight + 2}px`;
    }
  });

  // Chosen files by name and size; a file may be dropped on the frame.
  document.addEventListener("change", (event) => {
    const list = byId(event.target.dataset?.files);
    if (!list) return;
    const size = new Intl.NumberFormat(root.lang, { style: "unit", unit: "kilobyte", maximumFractionDigits: 0 });
    list.replaceChildren(...[...event.target.files].map((file) => {
      const item = document.createElement("li");
      for (const text of [file.name, size.format(Math.ceil(file.size / 1000))]) {
        item.append(Object.assign(document.createElement("span"), { textContent: text }));
      }
      return item;
    }));
  });
  for (const kind of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (event) => {
      const frame = event.target.closest?.("[data-drop]");
      if (!frame) return;
      event.preventDefault();
      frame.classList.toggle("is-over", kind === "dragover");
      if (kind !== "drop" || !event.dataTransfer.files.length) return;
      const input = frame.querySelector("input[type=file]");
      input.files = event.dataTransfer.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    });
  }

  // A draft says where it stands: <span data-draft-status data-saving=… data-saved=… data-failed=…> in a form that htmx saves.
  const tellDraft = (state) => (event) => {
    const status = event.target.closest("form")?.querySelector("[data-draft-status]");
    if (status && event.detail.requestConfig?.path === status.dataset.draftStatus) status.textContent = status.dataset[state] ?? "";
  };
  document.addEventListener("htmx:beforeSend", tellDraft("saving"));
  document.addEventListener("htmx:afterRequest", (event) => {
    const { successful, xhr } = event.detail;
    tellDraft(!successful ? "failed" : xhr.getResponseHeader("Draft") === "none" ? "nothing" : "saved")(event);
  });

  // What came in is told in a few words: a live region around all of it would be read out whole, at every letter.
  const tell = (line) => { byId(line.dataset.tell).textContent = line.textContent; };

  const dress = (part) => {
    all("[data-tabs]", part).forEach(dressTabs);
    all("[data-count]", part).forEach(count);
    all("[data-tell]", part).forEach(tell);
    all(".highlight", part).forEach((block) => block.append(byId("copy-code")?.content.cloneNode(true) ?? ""));
    const area = sessionStorage.pasted && part.querySelector("[data-pasted]");
    if (area) {
      [area.value, sessionStorage.pasted] = [sessionStorage.pasted, ""];
      area.form.requestSubmit();
    }
    all("[data-focus]", part).slice(0, 1).forEach((element) => element.focus());
  };
  dress(document);
  choose(localStorage.tab);
  document.addEventListener("htmx:load", (event) => event.target !== document.body && dress(event.target));
})();
