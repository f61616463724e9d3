// What is typed into the form of a wording and not saved yet, for whoever leaves it by accident.
//
// It lies in this browser alone, so that it is there after an expired session and without a connection. A form says by
// `data-draft` that it may: those of wordings do, which are written for everybody; no form about a person does, since
// what lies in a browser can be erased by nobody else. It goes when the form is saved, when its writer discards it or
// logs out, and after a week.
(() => {
  "use strict";

  const PREFIX = "fairleadDraft:"; // and then whose it is, and of what
  const SAVED = "fairlead_saved"; // the cookie by which the server names the draft that was saved
  const KEPT_FOR = 7 * 24 * 3_600_000;
  const MOST = 3; // of one form: what is being typed, and earlier ones nobody has decided about
  const PAUSE = 400; // of typing, after which it is kept

  // A browser may refuse to keep anything, or have no room: then there are no drafts, and the form works as ever.
  function kept(key) {
    try {
      const found = JSON.parse(localStorage.getItem(PREFIX + key) || "[]");
      return found.filter((draft) => Date.now() - draft.at < KEPT_FOR);
    } catch {
      return [];
    }
  }

  function keep(key, drafts) {
    try {
      if (drafts.length) localStorage.setItem(PREFIX + key, JSON.stringify(drafts.slice(0, MOST)));
      else localStorage.removeItem(PREFIX + key);
    } catch {
      // As above.
    }
  }

  function keysKept() {
    try {
      return Object.keys(localStorage).filter((name) => name.startsWith(PREFIX)).map((name) => name.slice(PREFIX.length));
    } catch {
      return [];
    }
  }

  function forgetSaved() {
    const cookie = document.cookie.split("; ").find((each) => each.startsWith(`${SAVED}=`));
    if (!cookie) return;
    keep(decodeURIComponent(cookie.slice(SAVED.length + 1)), []);
    document.cookie = `${SAVED}=; path=/; max-age=0; samesite=lax`;
  }

  // ---- One form ------------------------------------------------------------------------------------------------------
  const UNTYPED = new Set(["hidden", "password", "file", "submit", "button", "reset"]);
  const fieldsOf = (form) => [...form.elements].filter((each) => each.name && each.type && !UNTYPED.has(each.type));
  const isBox = (field) => field.type === "checkbox" || field.type === "radio";
  const valueOf = (field) => (isBox(field) ? field.checked : field.value);
  const key = (field) => (field.type === "radio" ? `${field.name}=${field.value}` : field.name);
  const shownIn = (form) => form.querySelector("[name=_as_shown]");

  function asServed(field) {
    if (isBox(field)) return field.defaultChecked;
    if (!(field instanceof HTMLSelectElement)) return field.defaultValue;
    const chosen = [...field.options].find((option) => option.defaultSelected) || field.options[0];
    return chosen ? chosen.value : "";
  }

  class Draft {
    constructor(offer) {
      this.offer = offer;
      this.form = offer.closest("form");
      this.key = offer.dataset.draft;
      this.isRefused = offer.dataset.refused === "true"; // the page shows what was typed, and the server did not take it
      this.waiting = this.isRefused ? [] : kept(this.key).filter((draft) => this.differs(draft));
      this.timer = 0;
      this.form.addEventListener("input", () => this.later());
      this.form.addEventListener("change", () => this.later());
      this.form.addEventListener("submit", () => this.now());
      window.addEventListener("pagehide", () => { if (this.timer) this.now(); });
      offer.querySelector("[data-draft-restore]").addEventListener("click", () => this.decide(true));
      offer.querySelector("[data-draft-discard]").addEventListener("click", () => this.decide(false));
      this.now();
      this.show();
    }

    differs(draft) {
      return fieldsOf(this.form).some((field) => key(field) in draft.fields && draft.fields[key(field)] !== valueOf(field));
    }

    later() {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.now(), PAUSE);
    }

    now() {
      clearTimeout(this.timer);
      this.timer = 0;
      const fields = fieldsOf(this.form);
      const isTyped = this.isRefused || fields.some((field) => valueOf(field) !== asServed(field));
      // With what the page showed: saved later, it is held against what others saved since, as from this page.
      const shown = shownIn(this.form);
      const typed = { at: Date.now(), shown: shown ? shown.value : "", fields: Object.fromEntries(fields.map((field) => [key(field), valueOf(field)])) };
      keep(this.key, [...(isTyped ? [typed] : []), ...this.waiting]);
    }

    show() {
      const [draft] = this.waiting;
      this.offer.hidden = !draft;
      if (!draft) return;
      const at = new Date(draft.at);
      const time = at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
      const day = at.toDateString() === new Date().toDateString() ? "" : `on ${at.toLocaleDateString([], { day: "numeric", month: "short" })} `;
      this.offer.querySelector("[data-draft-said]").textContent = `You typed something here ${day}at ${time} that was not saved.`;
    }

    decide(isWanted) {
      const draft = this.waiting.shift();
      if (isWanted) this.fill(draft);
      this.now();
      this.show();
    }

    fill(draft) {
      const shown = shownIn(this.form);
      if (shown && draft.shown) shown.value = draft.shown;
      for (const field of fieldsOf(this.form)) {
        if (!(key(field) in draft.fields) || draft.fields[key(field)] === valueOf(field)) continue;
        if (isBox(field)) field.checked = draft.fields[key(field)];
        else field.value = draft.fields[key(field)];
        field.dispatchEvent(new Event("input", { bubbles: true })); // leaving asks first, and the preview follows
        field.dispatchEvent(new Event("fairlead:filled"));
      }
    }
  }

  // ---- Events --------------------------------------------------------------------------------------------------------
  document.addEventListener("DOMContentLoaded", () => {
    forgetSaved();
    for (const each of keysKept()) keep(each, kept(each));
    for (const offer of document.querySelectorAll("[data-draft]")) new Draft(offer);
  });

  // A page that came back refused holds what is saved nowhere; leaving it asks, though nothing was typed since.
  window.addEventListener("load", () => {
    const mark = document.querySelector("form.warn-unsaved-form [data-refused=true]");
    const field = mark && fieldsOf(mark.closest("form"))[0];
    if (field) field.dispatchEvent(new Event("input", { bubbles: true }));
  });

  document.addEventListener("submit", (event) => {
    if (event.target.action && new URL(event.target.action).pathname.endsWith("/logout/")) {
      for (const each of keysKept()) keep(each, []);
    }
  });
})();
