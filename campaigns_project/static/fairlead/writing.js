// Writing a mail: its merge fields, the body as it will look, the preview beside it.
(() => {
  "use strict";

  const byId = (id) => document.getElementById(id);
  const all = (selector, part = document) => [...part.querySelectorAll(selector)];
  const press = (button, is) => button.setAttribute("aria-pressed", String(is));

  // ---- Simple HTML, which can be written without seeing it ----------------------------------------------------------
  // Whatever is not of this kind has a layout of its own: it is never opened in the visual mode, and so never rewritten.
  const LIQUID = /\{\{[^]*?\}\}|\{%[^]*?%\}/g;
  const BLOCKS = new Set(["P", "DIV", "UL", "OL", "LI", "BLOCKQUOTE", "H1", "H2", "H3"]);
  const INLINE = new Set(["B", "STRONG", "I", "EM", "U", "S", "SUB", "SUP", "A", "BR"]);
  const SAME = { STRONG: "B", EM: "I" }; // as Squire names them
  const WEB = /^(https?:|mailto:|tel:|#|\{)/i;
  const BLANK = /[ \t\r\n]+/g;

  const parsed = (source) => new DOMParser().parseFromString(`<body>${source}`, "text/html");
  const liquidOf = (text) => text.match(LIQUID) || [];
  const isBlock = (node) => BLOCKS.has(node.nodeName);

  const escaped = (text) =>
    text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/\u00a0/g, "&nbsp;");

  // Text as HTML; what is Liquid in it stands as it is, quotes, comparisons and all.
  function written(text) {
    let out = "";
    let position = 0;
    for (const found of text.matchAll(LIQUID)) {
      out += escaped(text.slice(position, found.index)) + found[0];
      position = found.index + found[0].length;
    }
    return out + escaped(text.slice(position));
  }

  function attribute(value) {
    const quote = liquidOf(value).some((each) => each.includes('"')) ? "'" : '"';
    return quote + written(value).replaceAll(quote, (found, index, whole) =>
      liquidAround(whole, index) ? found : quote === '"' ? "&quot;" : "&#39;") + quote;
  }

  const liquidAround = (text, index) =>
    [...text.matchAll(LIQUID)].some((found) => found.index < index && index < found.index + found[0].length);

  // The HTML of what the editor holds: paragraphs each on a line, nothing but what simple mails are made of.
  function serialized(root, names = {}) {
    const inner = (node) => [...node.childNodes].map(one).join("");

    function one(node) {
      if (node.nodeType === Node.TEXT_NODE) return written(node.data.replace(/\u200b/g, ""));
      if (node.nodeType !== Node.ELEMENT_NODE) return "";
      if (node.nodeName === "BR") return "<br>";
      const isKnown = BLOCKS.has(node.nodeName) || INLINE.has(node.nodeName);
      if (!isKnown) return inner(node);
      const name = (names[node.nodeName] || node.nodeName).toLowerCase();
      const href = node.nodeName === "A" ? ` href=${attribute(node.getAttribute("href") || "")}` : "";
      const has = inner(node);
      if (!has && INLINE.has(node.nodeName)) return "";
      const lines = node.nodeName === "UL" || node.nodeName === "OL" || node.nodeName === "BLOCKQUOTE";
      const line = isBlock(node) && node.nodeName !== "LI" ? "\n" : "";
      const item = node.nodeName === "LI" ? "\n" : "";
      return `<${name}${href}>${lines ? "\n" : ""}${has}</${name}>${line}${item}`;
    }

    const source = inner(root).replace(/\n{2,}/g, "\n").trim();
    return /^(<(p|div)>(<br>)?<\/\2>\s*)*$/.test(source) ? "" : source;
  }

  // Two pieces of HTML that show the same: blanks between blocks and the two names of bold and italic do not count.
  function canonical(source) {
    const shape = (node) => {
      if (node.nodeType === Node.TEXT_NODE) return node.data.replace(BLANK, " ");
      if (node.nodeType !== Node.ELEMENT_NODE) return "<!>";
      const name = SAME[node.nodeName] || node.nodeName;
      const attributes = [...node.attributes].map((each) => `${each.name}=${each.value}`).join();
      const children = [...node.childNodes].map(shape);
      const has = children.join("").replace(/^ | $/g, isBlock(node) || node.nodeName === "BODY" ? "" : "$&");
      return `<${name} ${attributes}>${has}</${name}>`;
    };
    const blocks = [...BLOCKS, "BODY"].join("|");
    return shape(parsed(source).body)
      .replace(new RegExp(` ?(</?(${blocks}) [^>]*>|</(${blocks})>) ?`, "g"), "$1");
  }

  // Whether every tag is one of a simple mail and every piece of Liquid stands in words or in the address of a link.
  function isSimple(source) {
    if (/<!|<\/?(html|head|body)\b/i.test(source)) return false;
    const body = parsed(source).body;
    const isPlain = (node) =>
      (BLOCKS.has(node.nodeName) || INLINE.has(node.nodeName)) &&
      [...node.attributes].every((each) => node.nodeName === "A" && each.name === "href");
    if (!all("*", body).every(isPlain)) return false;
    const places = [body.textContent, ...all("a", body).map((link) => link.getAttribute("href") || "")];
    const kept = places.reduce((sum, text) => sum + liquidOf(text).length, 0);
    return kept === liquidOf(source).length && liquidOf(body.textContent).every((each) => source.includes(each));
  }

  // A text on one line, as it is read: line ends of the source are blanks, and none at all at the edge of a block. The
  // editor keeps blanks as they are typed, so that none of them turns into one that does not break.
  function joined(node) {
    const isEdge = (beside) => (beside ? isBlock(beside) || beside.nodeName === "BR" : isBlock(node.parentNode) || node.parentNode.nodeName === "BODY");
    let text = node.data.replace(BLANK, " ");
    if (isEdge(node.previousSibling)) text = text.replace(/^ /, "");
    if (isEdge(node.nextSibling)) text = text.replace(/ $/, "");
    return text;
  }

  // What is pasted, as far as a simple mail can hold it.
  function simplified(html) {
    const fragment = document.createDocumentFragment();
    const copy = (from, to) => {
      for (const node of from.childNodes) {
        if (node.nodeType === Node.TEXT_NODE) {
          const text = joined(node);
          if (text) to.append(text);
        }
        if (node.nodeType !== Node.ELEMENT_NODE || /^(SCRIPT|STYLE|TITLE|TEMPLATE)$/.test(node.nodeName)) continue;
        if (!BLOCKS.has(node.nodeName) && !INLINE.has(node.nodeName)) {
          copy(node, to);
          continue;
        }
        const made = document.createElement(node.nodeName);
        const href = node.getAttribute("href") || "";
        if (node.nodeName === "A" && WEB.test(href)) made.setAttribute("href", href);
        copy(node, made);
        to.append(made);
      }
    };
    copy(parsed(html).body, fragment);
    return fragment;
  }

  // ---- The body as it will look -------------------------------------------------------------------------------------
  const visuals = new Map(); // by the id of the text area

  class Visual {
    constructor(area) {
      this.area = area;
      this.part = area.closest(".fl-write");
      this.surface = this.part.querySelector("[data-visual]");
      this.isOpen = false;
      this.editor = null;
      this.part.querySelector("[data-modes]").hidden = false;
      for (const button of all("[data-mode]", this.part)) {
        button.addEventListener("click", () => this.show(button.dataset.mode === "visual"));
      }
      for (const button of all("[data-format]", this.part)) {
        button.addEventListener("mousedown", (event) => event.preventDefault()); // the selection stays
        button.addEventListener("click", () => this.format(button.dataset.format, button));
      }
      area.addEventListener("input", () => { if (!this.isOpen) this.offer(); });
      // Written over as a whole, by the return of a draft.
      area.addEventListener("fairlead:filled", () => this.show(this.canOpen()));
      this.show(this.canOpen());
    }

    make() {
      this.surface.setAttribute("role", "textbox");
      this.surface.setAttribute("aria-multiline", "true");
      this.surface.setAttribute("aria-label", "Body, as it will look");
      this.editor = new Squire(this.surface, { blockTag: "P", sanitizeToDOMFragment: simplified });
      for (const key of ["d", "[", "]", "u", "Shift-5", "Shift-6", "Shift-7", "Shift-l"]) {
        for (const held of ["Ctrl", "Meta"]) this.editor.setKeyHandler(`${held}-${key}`, null);
      }
      for (const held of ["Ctrl", "Meta"]) {
        this.editor.setKeyHandler(`${held}-k`, (_self, event) => {
          event.preventDefault();
          this.format("link", this.part.querySelector("[data-format=link]"));
        });
      }
      this.editor.addEventListener("input", () => this.write());
      this.editor.addEventListener("pathChange", () => this.say());
      // The browser's own bold and italic, as by Ctrl+B with Caps Lock on, know nothing of the editor's.
      this.surface.addEventListener("beforeinput", (event) => {
        if (event.inputType.startsWith("format")) event.preventDefault();
      });
    }

    // Whether the source is simple, and the editor gives back what it was given.
    canOpen() {
      const source = this.area.value;
      if (typeof Squire === "undefined" || !isSimple(source)) return false;
      if (!this.editor) this.make();
      this.isLoading = true;
      this.editor.setHTML(source);
      this.names = /<b[\s>]/i.test(source) ? {} : { B: "strong" };
      if (!/<i[\s>]/i.test(source)) this.names.I = "em";
      const back = serialized(this.surface, this.names);
      this.isLoading = false;
      return canonical(back) === canonical(source) && liquidOf(back).join("\n") === liquidOf(source).join("\n");
    }

    show(wanted) {
      this.isOpen = wanted && this.canOpen();
      this.surface.hidden = !this.isOpen;
      this.area.hidden = this.isOpen;
      this.part.querySelector("[data-formats]").hidden = !this.isOpen;
      for (const button of all("[data-mode]", this.part)) press(button, (button.dataset.mode === "visual") === this.isOpen);
      this.offer();
    }

    offer() {
      const isOffered = this.isOpen || isSimple(this.area.value);
      this.part.querySelector("[data-mode=visual]").disabled = !isOffered;
      this.part.querySelector("[data-why-code]").hidden = isOffered;
    }

    // Only what was typed is written back: to look is to change nothing.
    write() {
      if (this.isLoading || !this.isOpen) return;
      const source = serialized(this.surface, this.names);
      if (canonical(source) === canonical(this.area.value)) return;
      this.area.value = source;
      this.area.dispatchEvent(new Event("input", { bubbles: true }));
    }

    say() {
      const has = { bold: "B", italic: "I", link: "A", bullets: "UL", numbers: "OL" };
      for (const button of all("[data-format]", this.part)) {
        press(button, this.editor.hasFormat(has[button.dataset.format]) || this.isWithin(has[button.dataset.format]));
      }
    }

    isWithin(name) {
      const at = this.editor.getSelection().commonAncestorContainer;
      const element = at.nodeType === Node.ELEMENT_NODE ? at : at.parentElement;
      const found = element && element.closest(name);
      return Boolean(found && this.surface.contains(found));
    }

    format(name, button) {
      const editor = this.editor;
      if (name === "link") {
        openLink(this, button);
        return;
      }
      const acts = {
        bold: () => (editor.hasFormat("B") ? editor.removeBold() : editor.bold()),
        italic: () => (editor.hasFormat("I") ? editor.removeItalic() : editor.italic()),
        bullets: () => (this.isWithin("UL") ? editor.removeList() : editor.makeUnorderedList()),
        numbers: () => (this.isWithin("OL") ? editor.removeList() : editor.makeOrderedList()),
      };
      acts[name]();
      editor.focus();
      this.say();
    }

    insert(text) {
      this.editor.focus();
      document.execCommand("insertText", false, text);
      this.write();
    }
  }

  // ---- What opens beside a button -----------------------------------------------------------------------------------
  function openAt(popover, button) {
    popover.showPopover();
    const at = button.getBoundingClientRect();
    const size = popover.getBoundingClientRect();
    const below = at.bottom + 4 + size.height <= window.innerHeight || at.top < size.height;
    popover.style.left = `${Math.max(8, Math.min(at.left, window.innerWidth - size.width - 8))}px`;
    popover.style.top = `${Math.max(8, below ? Math.min(at.bottom + 4, window.innerHeight - size.height - 8) : at.top - size.height - 4)}px`;
    button.setAttribute("aria-expanded", "true");
    popover.addEventListener("toggle", (event) => {
      if (event.newState === "closed") button.setAttribute("aria-expanded", "false");
    });
  }

  let linking = null;

  function openLink(visual, button) {
    const address = byId("fl-link-address");
    linking = visual;
    const at = visual.editor.getSelection().commonAncestorContainer;
    const link = (at.nodeType === Node.ELEMENT_NODE ? at : at.parentElement).closest("a");
    address.value = link ? link.getAttribute("href") : "";
    openAt(byId("fl-link"), button);
    address.focus();
  }

  function setLink(act) {
    const visual = linking;
    const typed = byId("fl-link-address").value.trim();
    byId("fl-link").hidePopover();
    visual.editor.focus();
    if (act === "remove" || !typed) visual.editor.removeLink();
    else visual.editor.makeLink(addressed(typed));
    visual.write();
  }

  // What is typed without a scheme is an address of the web, or of a person.
  function addressed(typed) {
    if (WEB.test(typed)) return typed;
    return /^[^\s/@]+@[^\s/@]+$/.test(typed) ? `mailto:${typed}` : `https://${typed}`;
  }

  // ---- Merge fields -------------------------------------------------------------------------------------------------
  let merging = null;

  function openFields(button) {
    merging = byId(button.dataset.merge);
    const search = byId("fl-fields-search");
    search.value = "";
    narrow("");
    openAt(byId("fl-fields"), button);
    search.focus();
  }

  function narrow(asked) {
    const wanted = asked.trim().toLowerCase();
    for (const row of all("#fl-fields [data-field]")) row.hidden = !row.dataset.field.toLowerCase().includes(wanted);
    for (const list of all("#fl-fields ul")) {
      const isEmpty = all("[data-field]", list).every((row) => row.hidden);
      list.hidden = isEmpty;
      list.previousElementSibling.hidden = isEmpty;
    }
  }

  function insert(text) {
    const field = merging;
    byId("fl-fields").hidePopover();
    const visual = visuals.get(field.id);
    if (visual && visual.isOpen) {
      visual.insert(text);
      return;
    }
    field.focus();
    const start = field.selectionStart;
    // The browser's own way keeps what can be undone.
    if (!document.execCommand("insertText", false, text)) {
      field.setRangeText(text, start, field.selectionEnd, "end");
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
    const fallback = text.match(/default: "([^"]*)"/);
    if (fallback) {
      const begin = start + fallback.index + 'default: "'.length;
      field.setSelectionRange(begin, begin + fallback[1].length); // to be typed over
    }
  }

  // ---- The preview --------------------------------------------------------------------------------------------------
  function view(name) {
    byId("preview-panel").dataset.view = name;
    for (const button of all("[data-view-choice]")) press(button, button.dataset.viewChoice === name);
  }

  function look(button) {
    const is = button.getAttribute("aria-pressed") !== "true";
    press(button, is);
    byId("preview-panel").toggleAttribute(`data-${button.dataset.look}`, is);
  }

  function choose(index) {
    const select = byId("preview-lead");
    byId("preview-address").value = "";
    select.selectedIndex = (index + select.options.length) % select.options.length;
    select.dispatchEvent(new Event("change", { bubbles: true }));
  }

  function nextWorst() {
    const select = byId("preview-lead");
    const worst = all("[data-worst] option", select);
    const next = worst[(worst.indexOf(select.selectedOptions[0]) + 1) % worst.length];
    choose(next.index);
  }

  // ---- Events -------------------------------------------------------------------------------------------------------
  document.addEventListener("DOMContentLoaded", () => {
    if (!byId("preview-panel")) return;
    for (const area of all(".fl-write-html textarea")) visuals.set(area.id, new Visual(area));
    for (const button of all("[data-merge]")) {
      button.hidden = false;
      button.addEventListener("mousedown", (event) => event.preventDefault());
      button.addEventListener("click", () => openFields(button));
    }
    byId("fl-fields-search").addEventListener("input", (event) => narrow(event.target.value));
    byId("fl-link-address").addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault(); // it would send the form that gets the focus back
      setLink("set");
    });
    byId("fl-fields-search").addEventListener("keydown", (event) => {
      const first = all("#fl-fields [data-field]").find((row) => !row.hidden);
      if (event.key !== "Enter") return;
      event.preventDefault();
      if (first) first.querySelector("[data-insert]").click();
    });
  });

  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element && event.target.closest("button");
    if (!button || !byId("preview-panel")) return;
    if (button.dataset.viewChoice) view(button.dataset.viewChoice);
    else if (button.dataset.look) look(button);
    else if (button.dataset.person) choose(byId("preview-lead").selectedIndex + Number(button.dataset.person));
    else if ("worstNext" in button.dataset) nextWorst();
    else if (button.dataset.insert) insert(button.dataset.insert);
    else if (button.dataset.link) setLink(button.dataset.link);
  });

  const TYPED_IN = "input, textarea, select, [contenteditable=true], [popover]";
  document.addEventListener("keydown", (event) => {
    if (!byId("preview-panel") || event.altKey) return;
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") {
      const save = document.querySelector("#submit-row [name=_continue]") || document.querySelector("#submit-row [name=_save]");
      if (!save) return;
      event.preventDefault();
      save.click();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.key.toLowerCase() !== "p" || event.target.closest(TYPED_IN)) return;
    choose(byId("preview-lead").selectedIndex + (event.shiftKey ? -1 : 1));
  });
})();
