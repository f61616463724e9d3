// Behavior of our own parts of the admin. No inline scripts: the content policy allows none.
(() => {
  "use strict";

  const SAY_EVERY = 15_000; // a screen reader is told how things stand at most this often
  const BACKOFF = [2_000, 4_000, 8_000, 30_000];
  const live = { failures: 0, quietUntil: 0, saidAt: 0, updatedAt: new Date() };

  // After a swap the event is told to what is left of the page; the element that asked stands in its detail.
  const asking = (event) => (event.detail && event.detail.elt) || event.target;
  const isLive = (event) => asking(event) instanceof Element && asking(event).closest("[data-live]") !== null;
  const byId = (id) => document.getElementById(id);

  // ---- The sidebar -------------------------------------------------------------------------------------------------
  // Unfold's script takes a window of exactly 1280 px, as many laptops have, for a small one; its styles do not.
  const WIDE = 1280;
  const isSidebarOpen = () => window.innerWidth >= WIDE && localStorage.getItem("sidebarOpen") !== "0";

  document.addEventListener("alpine:init", () => {
    const theirs = window.theme;
    window.theme = (...given) => {
      const part = theirs(...given);
      part.sidebarOpen = isSidebarOpen;
      part.themeBindings["x-resize.window"] = function resized() {
        this.sidebarOpen = isSidebarOpen();
      };
      return part;
    };
  });

  // ---- Parts that keep themselves up to date -----------------------------------------------------------------------
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (!isLive(event)) return;
    if (document.hidden || Date.now() < live.quietUntil) event.preventDefault();
  });

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) askNow();
  });

  document.addEventListener("htmx:afterRequest", (event) => {
    if (!isLive(event) || !event.detail.successful) return;
    live.failures = 0;
    live.quietUntil = 0;
    live.updatedAt = new Date();
    const trouble = byId("live-trouble");
    if (trouble) trouble.hidden = true;
    say();
  });

  for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(name, (event) => {
      const { xhr } = event.detail;
      if (isLive(event)) onLiveTrouble();
      if (xhr && xhr.status === 409 && xhr.getResponseHeader("X-Person")) saySomebodyElse(xhr.getResponseHeader("X-Person"), xhr.getResponseHeader("X-Person-Name"));
      else if (!isLive(event)) onTrouble(xhr ? xhr.status : 0);
    });
  }

  function onLiveTrouble() {
    live.quietUntil = Date.now() + BACKOFF[Math.min(live.failures, BACKOFF.length - 1)];
    live.failures += 1;
    const trouble = byId("live-trouble");
    if (!trouble) return;
    const since = live.updatedAt.toLocaleTimeString();
    trouble.textContent = `Live updates have stopped; these numbers are from ${since}. `;
    const retry = document.createElement("button");
    retry.type = "button";
    retry.className = "fl-button fl-button-small";
    retry.textContent = "Try again";
    retry.addEventListener("click", askNow);
    trouble.append(retry);
    trouble.hidden = false;
  }

  function askNow() {
    const part = byId("live");
    live.quietUntil = 0;
    if (!part || !part.hasAttribute("hx-get")) return;
    const answer = htmx.ajax("GET", part.getAttribute("hx-get"), { source: part, target: part, swap: "outerHTML" });
    answer.catch(() => {}); // htmx:sendError has been told by now, and says it on the page
  }

  function say() {
    const line = byId("live-say");
    const part = byId("live");
    if (!line || !part || Date.now() - live.saidAt < SAY_EVERY || line.textContent === part.dataset.say) return;
    live.saidAt = Date.now();
    line.textContent = part.dataset.say;
  }

  // ---- What a button asked for and did not get ---------------------------------------------------------------------
  const REASONS = {
    0: "The server cannot be reached. Check the connection and try again.",
    403: "Your role does not allow this, or the page has been open for too long: reload it and try again.",
    404: "This is not there any more. Reload the page.",
  };

  function onTrouble(status) {
    const toast = byId("fl-alert");
    if (!toast || status === 401) return; // 401 leads to the login
    sayShortly(REASONS[status] || "The server could not do this. Nothing was changed. Try again, or look at its log.");
  }

  function sayShortly(words) {
    const toast = byId("fl-alert");
    toast.textContent = words;
    toast.hidden = false;
    setTimeout(() => { if (toast.textContent === words) toast.hidden = true; }, 10_000);
  }

  // ---- A form that stood open for long, or while somebody logged in or out in another tab ------------------------------
  // Sent after the session has ended it would be lost on the way to the login, and after another login it would be done
  // as somebody else. So it is asked first, and the form stays.
  const LONG = 300_000;
  const TOKEN = "csrfmiddlewaretoken";
  const tokenNow = () => (document.cookie.match(/(?:^|; )fairlead_csrf=([^;]+)/) || [])[1];
  const opened = { at: Date.now(), token: tokenNow(), person: "", name: "", wasOut: false };
  const asked = new WeakSet();
  const shownFor = () => ({ "X-Shown-For": opened.person || byId("fl-alert").dataset.person });

  window.addEventListener("submit", (event) => {
    const form = event.target;
    const token = form.elements.namedItem(TOKEN);
    if (!token || form.hasAttribute("hx-post") || !byId("fl-alert") || asked.delete(form)) return;
    if (Date.now() - opened.at < LONG && !opened.wasOut && tokenNow() === opened.token) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    sendIfLoggedIn(form, event.submitter, token);
  }, true);

  async function sendIfLoggedIn(form, submitter, token) {
    const fresh = tokenNow(); // before it is asked: one of a login after the answer would not be for whom the answer is
    const headers = { "HX-Request": "true", ...shownFor() };
    const answer = await fetch(byId("fl-alert").dataset.ask, { method: "HEAD", headers, cache: "no-store" }).catch(() => null);
    if (answer && answer.status === 401) return sayLoggedOut();
    if (answer && answer.status === 409) return saySomebodyElse(answer.headers.get("X-Person"), answer.headers.get("X-Person-Name"));
    // A login meanwhile, be it in another tab, has made a new one, and the one in the form is no good any more.
    if (fresh) token.value = fresh;
    byId("fl-alert").hidden = true;
    asked.add(form);
    form.requestSubmit(submitter);
  }

  document.addEventListener("htmx:configRequest", (event) => {
    if (!byId("fl-alert")) return;
    Object.assign(event.detail.headers, shownFor());
    const { parameters } = event.detail;
    if (parameters[TOKEN] && tokenNow()) parameters[TOKEN] = tokenNow();
  });

  function linkTo(address, words) {
    const link = document.createElement("a");
    link.href = address;
    link.target = "_blank";
    link.rel = "noopener";
    link.className = "fl-link";
    link.textContent = words;
    return link;
  }

  function sayLoggedOut() {
    const toast = byId("fl-alert");
    opened.wasOut = true;
    const link = linkTo(toast.dataset.login, "Log in in another tab");
    toast.replaceChildren("You were logged out meanwhile. Nothing was sent, and what you typed is still here. ", link, ", then come back and press the button again.");
    toast.hidden = false;
  }

  function saySomebodyElse(person, quoted) {
    const toast = byId("fl-alert");
    const [before, now] = [opened.name || toast.dataset.name, decodeURIComponent(quoted)];
    const link = linkTo(toast.dataset.login, "log out in another tab");
    const [goOn, below] = [document.createElement("button"), document.createElement("div")];
    opened.wasOut = true;
    goOn.type = "button";
    goOn.className = "fl-button fl-button-small";
    below.className = "fl-gap";
    below.append(goOn);
    goOn.textContent = `Go on as ${now}`;
    goOn.addEventListener("click", () => {
      Object.assign(opened, { person, name: now });
      sayShortly(`You go on as ${now}: press the button again.`);
    });
    toast.replaceChildren(`This page was opened as ${before}, and in this browser you are ${now} now. Nothing was sent, and what you typed is still here. To go on as ${before}, `, link, ", log in as that one, and press the button again.", below);
    toast.hidden = false;
  }

  // ---- Keys --------------------------------------------------------------------------------------------------------
  // Single letters, ours and Unfold's, can be switched off: who dictates to the computer types them without meaning to.
  const GO_WITHIN = 1_500;
  const NO_KEYS = "fairleadNoKeys";
  const keys = { goUntil: 0 };
  const mayUseLetters = () => localStorage.getItem(NO_KEYS) === null;
  const isWriting = (target) => target instanceof Element && target.matches("input, textarea, select, [contenteditable]");
  const isShown = (element) => element.getClientRects().length > 0;

  // On the window and before all others: Unfold listens there too.
  window.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "s") return saveForm(event);
    if (event.ctrlKey || event.metaKey || event.altKey || event.key.length !== 1 || isWriting(event.target)) return;
    if (!mayUseLetters()) return event.stopImmediatePropagation();
    if (document.querySelector("[role=dialog]") && [...document.querySelectorAll("[role=dialog]")].some(isShown)) return;
    const went = Date.now() < keys.goUntil && document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
    const waits = event.key === "g";
    keys.goUntil = waits ? Date.now() + GO_WITHIN : 0;
    if (went) location.assign(went.href);
    else if (event.key === "e") edit(event);
    if (went || waits) event.stopImmediatePropagation();
  }, true);

  function edit(event) {
    const link = document.querySelector("a[data-edit]");
    const fields = "input:not([type=hidden], [type=checkbox], [type=radio]), textarea, select";
    const field = [...document.querySelectorAll("#content-main form[id$=_form]")].flatMap((form) => [...form.querySelectorAll(fields)])
      .find((each) => isShown(each) && !each.disabled && !each.readOnly);
    if (link) link.click();
    else if (field) field.focus();
    else return;
    event.preventDefault(); // the letter would be typed into the field
    event.stopImmediatePropagation();
  }

  function saveForm(event) {
    const button = document.querySelector("#submit-row [aria-keyshortcuts='Control+S']");
    if (!button || event.defaultPrevented) return;
    event.preventDefault();
    button.click();
  }

  document.addEventListener("DOMContentLoaded", () => {
    const box = document.querySelector("[data-keys-switch]");
    if (box) box.checked = mayUseLetters();
  });
  document.addEventListener("change", (event) => {
    if (!(event.target instanceof Element) || !event.target.matches("[data-keys-switch]")) return;
    if (event.target.checked) localStorage.removeItem(NO_KEYS);
    else localStorage.setItem(NO_KEYS, "1");
  });

  // ---- Dialogs -----------------------------------------------------------------------------------------------------
  document.addEventListener("htmx:afterSettle", (event) => {
    const dialog = event.target instanceof Element && event.target.closest("#modal-content, #dialog");
    if (!dialog) return;
    showWay(dialog);
    const invalid = dialog.querySelector("[role=alert], .errors input, .errors select, .errors textarea");
    const first = invalid || dialog.querySelector("[data-autofocus]");
    if (first && first.matches("[role=alert]")) first.setAttribute("tabindex", "-1");
    // What has the focus at first is in sight already; only what was wrong may be further down.
    if (first) requestAnimationFrame(() => first.focus({ preventScroll: !invalid }));
  });

  document.addEventListener("click", (event) => {
    const cancel = event.target instanceof Element && event.target.closest("#modal-content [data-dialog-cancel]");
    if (!cancel) return; // on a page of its own, the link leads back
    event.preventDefault();
    window.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
  });

  // ---- Rows that are picked: the acts of the list are about these alone ---------------------------------------------
  const boxes = () => [...document.querySelectorAll("[data-pick]")];
  const picked = () => boxes().filter((box) => box.checked).map((box) => box.value);

  function sayPicked() {
    const line = document.querySelector("[data-picked-said]");
    if (!line) return;
    const number = picked().length;
    line.textContent = number ? `${number} picked: the buttons are about ${number === 1 ? "this one" : "these"} alone.` : "";
    const all = document.querySelector("[data-pick-all]");
    if (all) all.checked = number > 0 && number === boxes().length;
  }

  document.addEventListener("change", (event) => {
    if (!(event.target instanceof Element) || !event.target.matches("[data-pick], [data-pick-all]")) return;
    if (event.target.matches("[data-pick-all]")) for (const box of boxes()) box.checked = event.target.checked;
    sayPicked();
  });
  window.addEventListener("pageshow", sayPicked); // a browser that goes back remembers what was checked

  document.addEventListener("htmx:configRequest", (event) => {
    if (picked().length && asking(event).matches("[data-of-picked]")) event.detail.parameters.picked = picked().join();
  });

  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form[data-of-picked]")) return;
    const url = new URL(event.target.action);
    if (picked().length) url.searchParams.set("picked", picked().join());
    else url.searchParams.delete("picked");
    event.target.action = url;
  });

  // ---- A list that takes long to find anybody: looked through further by itself, until there is something to show ---
  async function lookFurther() {
    let link = document.querySelector("[data-look-further]");
    const said = document.querySelector("[data-looked]");
    while (link) {
      const answer = await fetch(link.href);
      if (!answer.ok) return; // the button is still there
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const next = page.querySelector("[data-look-further]");
      if (!next) location.replace(link.href);
      else said.textContent = page.querySelector("[data-looked]").textContent;
      link = next;
    }
  }
  document.addEventListener("DOMContentLoaded", () => {
    lookFurther().catch(() => {}); // without a connection the button is what is left
  });

  document.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("[data-print]")) window.print();
  });

  // ---- On paper ------------------------------------------------------------------------------------------------------
  // Dark pages would come out as light words on white.
  const root = document.documentElement;
  window.addEventListener("beforeprint", () => {
    root.dataset.wasDark = root.classList.contains("dark");
    root.classList.remove("dark");
  });
  window.addEventListener("afterprint", () => root.classList.toggle("dark", root.dataset.wasDark === "true"));

  // ---- Copying what stands on a button -----------------------------------------------------------------------------
  document.addEventListener("click", async (event) => {
    const button = event.target instanceof Element && event.target.closest("[data-copy]");
    if (!button) return;
    const icon = button.querySelector(".material-symbols-outlined");
    icon.textContent = (await copied(button.dataset.copy)) ? "check" : "error";
    setTimeout(() => { icon.textContent = "content_copy"; }, 2_000);
  });

  async function copied(text) {
    // There is no clipboard but on secure addresses: elsewhere, as inside an own network, the text is marked and copied.
    if (navigator.clipboard) return navigator.clipboard.writeText(text).then(() => true, () => false);
    const focused = document.activeElement;
    const marked = document.createElement("textarea");
    marked.value = text;
    marked.className = "fl-unseen";
    document.body.append(marked);
    marked.select();
    const done = document.execCommand("copy");
    marked.remove();
    if (focused instanceof HTMLElement) focused.focus();
    return done;
  }

  // ---- The area a file is dropped on ---------------------------------------------------------------------------------
  document.addEventListener("DOMContentLoaded", () => {
    // Unfold writes the file's name into a field of its own, which the area does not have.
    for (const input of document.querySelectorAll(".fl-drop input")) input.hasChangeListener = true;
  });
  document.addEventListener("change", (event) => {
    const area = event.target instanceof Element && event.target.closest(".fl-drop");
    if (!area || !event.target.files.length) return;
    area.querySelector("[data-file-name]").textContent = event.target.files[0].name;
  });

  // Of several ways to choose, only the fields of the chosen one are shown.
  document.addEventListener("change", (event) => {
    if (event.target instanceof Element && event.target.matches("[name=way]")) showWay(event.target.closest("form"));
  });
  document.addEventListener("DOMContentLoaded", () => {
    showWay(document);
    // The last days are what is filled in, and on a phone they stand outside.
    for (const part of document.querySelectorAll("[data-scroll-end]")) part.scrollLeft = part.scrollWidth;
    const tab = document.querySelector(".fl-tabs .fl-on");
    if (tab) tab.scrollIntoView({ block: "nearest", inline: "center" });
  });

  function showWay(part) {
    const chosen = part.querySelector("[name=way]:checked");
    if (!chosen) return;
    for (const field of part.querySelectorAll("[data-way]")) {
      const row = field.closest(".form-field") || field;
      row.toggleAttribute("data-way-hidden", field.dataset.way !== chosen.value);
    }
  }

  // ---- The task board: a card that was dropped is moved as by its menu ----------------------------------------------
  window.fairleadMoveTask = (task, position, column) => {
    const card = byId(`task-${task}`);
    const form = byId("task-drop");
    if (!card || !form) return;
    const asked = { task, version: card.dataset.version, column: column.dataset.column, position };
    for (const [name, value] of Object.entries(asked)) form.elements[name].value = value;
    form.requestSubmit();
  };
})();
