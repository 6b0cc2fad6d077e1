// <select data-combobox> becomes a type-ahead field; the select stays and carries the form's value,
// so the page works without this script and drafts and errors need nothing special.
//   data-options-url  asks the server: GET ?q=… answers <option value data-search data-hint>name…
//                     and, when there are more than it sends, <option value="" data-note>words
//                     without it, the select's own options are searched
//   data-search       further words of an option to match: pinyin, its initials, a code
//   data-hint         shown small at the right (a parent, a code)
//   data-placeholder  words in the empty field
// Every word typed (split at spaces) must occur; names that begin with it come first.

const words = document.getElementById("words").dataset;
const SHOWN = 50;
const WAIT_MS = 180;
const SEND_AGAIN_MS = 20; // after forms.js has let go of the first attempt
let serial = 0;

function optionOf(element) {
  const label = element.label.trim();
  return {
    value: element.value,
    label,
    hint:
      element.dataset.hint ||
      (element.parentElement?.tagName === "OPTGROUP" ? element.parentElement.label : ""),
    search: `${label} ${element.dataset.search || ""} ${element.dataset.hint || ""}`.toLowerCase(),
  };
}

function matching(options, query) {
  const parts = query.toLowerCase().split(/\s+/).filter(Boolean);
  const first = parts[0] || "";
  return options
    .filter((option) => option.value !== "" && parts.every((part) => option.search.includes(part)))
    .map((option, index) => ({
      option,
      index,
      rank: option.search.startsWith(first) || option.search.includes(` ${first}`) ? 0 : 1,
    }))
    .sort((a, b) => a.rank - b.rank || a.index - b.index)
    .map((each) => each.option);
}

class Combobox {
  constructor(select) {
    serial += 1;
    this.select = select;
    this.url = select.dataset.optionsUrl;
    this.own = [...select.options].map(optionOf);
    this.options = [];
    this.active = -1;
    this.isUnsettled = false; // typed, and the list does not answer it yet
    this.settling = null; // what was typed when the field was left
    this.cache = new Map();
    this.build();
  }

  build() {
    const { select } = this;
    this.box = document.createElement("div");
    this.box.className = "combobox";
    this.input = document.createElement("input");
    this.input.type = "text";
    this.input.autocomplete = "off";
    this.input.spellcheck = false;
    this.input.placeholder = select.dataset.placeholder || words.choose;
    this.input.disabled = select.disabled;
    this.list = document.createElement("ul");
    this.list.className = "combobox-list";
    this.list.id = `combobox-list-${serial}`;
    this.list.hidden = true;
    this.list.tabIndex = -1; // a list that scrolls would be a stop of its own for Tab
    this.list.setAttribute("role", "listbox");
    this.status = document.createElement("span");
    this.status.className = "visually-hidden";
    this.status.setAttribute("role", "status");

    const attributes = {
      role: "combobox",
      "aria-autocomplete": "list",
      "aria-expanded": "false",
      "aria-controls": this.list.id,
    };
    Object.entries(attributes).forEach(([name, value]) => this.input.setAttribute(name, value));
    for (const name of [
      "aria-describedby",
      "aria-invalid",
      "data-shortcut",
      "data-shortcut-global",
      "data-shortcut-label",
      "required",
    ]) {
      if (select.hasAttribute(name)) this.input.setAttribute(name, select.getAttribute(name));
      if (name !== "aria-describedby") select.removeAttribute(name);
    }
    // The visible field takes the label, and the name an error link points to.
    if (select.id) {
      const label = document.querySelector(`label[for="${select.id}"]`);
      this.input.id = select.id;
      select.id = `${select.id}-value`;
      if (label) {
        label.id = label.id || `${this.input.id}-label`;
        this.list.setAttribute("aria-labelledby", label.id);
      }
    }
    this.hint = document.createElement("small");
    this.hint.className = "combobox-hint";
    select.before(this.box);
    this.box.append(select, this.input, this.hint, this.list, this.status);
    select.hidden = true;
    if (select.autofocus) this.input.focus();
    this.showChosen();

    this.input.addEventListener("input", (event) => event.isComposing || this.typed());
    this.input.addEventListener("compositionend", () => this.typed());
    this.input.addEventListener("click", () => this.list.hidden && this.open(""));
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("blur", () => this.left());
    this.list.addEventListener("mousedown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const item = event.target.closest('[role="option"]');
      if (item) this.choose(this.options[Number(item.dataset.index)]);
    });
    if (select.form) select.form.addEventListener("submit", (event) => this.sent(event), true);
    // Somebody else set the value (a suggestion button, a restored draft).
    select.addEventListener("change", () => this.showChosen());
  }

  showChosen() {
    const chosen = this.select.selectedOptions[0];
    const isChosen = chosen && chosen.value !== "";
    this.input.value = isChosen ? chosen.label.trim() : "";
    this.hint.textContent = (isChosen && optionOf(chosen).hint) || "";
  }

  typed() {
    this.hint.textContent = "";
    this.settling = null;
    this.isUnsettled = true;
    this.query = null; // an answer still under way is to something else
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.open(this.input.value.trim()), this.url ? WAIT_MS : 0);
  }

  async open(query) {
    this.query = query;
    if (this.url && !this.cache.has(query)) this.note(words.loading);
    let found;
    try {
      found = await this.found(query);
    } catch {
      if (this.query === query) this.note(words.loadFailed);
      return;
    }
    if (this.query !== query || document.activeElement !== this.input) return;
    this.isUnsettled = false;
    this.show(found);
  }

  found(query) {
    return this.url ? this.fetch(query) : matching(this.own, query);
  }

  /** The field is left faster than the list can follow: take what Tab would have taken. */
  async settle() {
    const text = this.input.value.trim();
    this.isUnsettled = false;
    this.settling = text;
    let first;
    try {
      [first] = await this.found(text);
    } catch {
      // Nothing was found out: what was chosen before stays.
    }
    if (this.settling !== text) return; // typed on, or chosen otherwise, meanwhile
    this.settling = null;
    if (first) this.choose(first);
    else if (document.activeElement !== this.input) this.showChosen();
  }

  /** A form sent before the list could follow waits for it; what was typed is not dropped. */
  sent(event) {
    if (!this.isUnsettled || !this.input.value.trim()) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const { target, submitter } = event;
    this.settle().then(() => setTimeout(() => target.requestSubmit(submitter), SEND_AGAIN_MS));
  }

  async fetch(query) {
    if (this.cache.has(query)) return this.cache.get(query);
    const separator = this.url.includes("?") ? "&" : "?";
    const response = await fetch(`${this.url}${separator}q=${encodeURIComponent(query)}`, {
      credentials: "same-origin",
      redirect: "error",
    });
    if (!response.ok) throw new Error(String(response.status));
    const page = new DOMParser().parseFromString(
      `<select>${await response.text()}</select>`,
      "text/html",
    );
    const found = [...page.querySelectorAll("option:not([data-note])")]
      .map(optionOf)
      .filter((option) => option.value !== "");
    found.more = page.querySelector("option[data-note]")?.label || "";
    this.cache.set(query, found);
    return found;
  }

  note(text) {
    const item = document.createElement("li");
    item.className = "combobox-note";
    item.textContent = text;
    this.options = [];
    this.active = -1;
    this.list.replaceChildren(item);
    this.status.textContent = text;
    this.expand(true);
  }

  show(found) {
    if (!found.length) {
      this.note(words.noMatch);
      return;
    }
    this.options = found.slice(0, SHOWN);
    this.list.replaceChildren(
      ...this.options.map((option, index) => {
        const item = document.createElement("li");
        item.id = `${this.list.id}-${index}`;
        item.dataset.index = index;
        item.setAttribute("role", "option");
        item.append(option.label);
        if (option.hint) {
          const hint = document.createElement("small");
          hint.textContent = option.hint;
          item.append(hint);
        }
        return item;
      }),
    );
    const rest =
      found.more || (found.length > SHOWN ? `… ${words.matches.replace("%s", found.length)}` : "");
    if (rest) {
      const more = document.createElement("li");
      more.className = "combobox-note";
      more.textContent = rest;
      this.list.append(more);
    }
    this.status.textContent = words.matches.replace("%s", found.length);
    this.expand(true);
    this.point(0);
  }

  expand(isOpen) {
    this.list.hidden = !isOpen;
    if (isOpen) this.place();
    this.input.setAttribute("aria-expanded", String(isOpen));
    if (!isOpen) this.input.removeAttribute("aria-activedescendant");
  }

  /** Above the field where there is more room than below, as at the foot of a panel that scrolls. */
  place() {
    let frame = this.box.parentElement;
    while (frame && getComputedStyle(frame).overflowY === "visible") frame = frame.parentElement;
    const edges = frame ? frame.getBoundingClientRect() : { top: 0, bottom: window.innerHeight };
    const field = this.input.getBoundingClientRect();
    const below = Math.min(edges.bottom, window.innerHeight) - field.bottom;
    const above = field.top - Math.max(edges.top, 0);
    this.list.classList.toggle("is-above", below < this.list.offsetHeight && above > below);
  }

  point(index) {
    const items = this.list.querySelectorAll('[role="option"]');
    if (!items.length) return;
    this.active = (index + items.length) % items.length;
    items.forEach((item, each) => item.setAttribute("aria-selected", String(each === this.active)));
    this.input.setAttribute("aria-activedescendant", items[this.active].id);
    items[this.active].scrollIntoView({ block: "nearest" });
  }

  key(event) {
    if (event.isComposing || event.keyCode === 229) return;
    const isOpen = !this.list.hidden;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (isOpen) this.point(this.active + (event.key === "ArrowDown" ? 1 : -1));
      else this.open("");
    } else if (event.key === "Enter" && (isOpen || this.isUnsettled) && !event.ctrlKey) {
      event.preventDefault(); // choosing is not sending
      if (this.isUnsettled) this.left();
      else if (this.active >= 0) this.choose(this.options[this.active]);
    } else if (event.key === "Escape" && isOpen) {
      event.preventDefault();
      event.stopPropagation();
      clearTimeout(this.timer);
      this.isUnsettled = false;
      this.expand(false);
      this.showChosen();
    } else if (event.key === "Tab" && this.isUnsettled) {
      this.expand(false); // leaving the field settles it
    } else if (event.key === "Tab" && isOpen && this.active >= 0 && this.input.value.trim()) {
      this.choose(this.options[this.active]);
    }
  }

  choose(option) {
    clearTimeout(this.timer);
    this.isUnsettled = false;
    this.settling = null;
    let element = [...this.select.options].find((each) => each.value === option.value);
    if (!element) {
      element = new Option(option.label, option.value);
      element.dataset.hint = option.hint;
      this.select.append(element);
    }
    element.selected = true;
    this.expand(false);
    this.select.dispatchEvent(new Event("change", { bubbles: true }));
    this.select.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /** Leaving with half a word keeps what was chosen; leaving empty clears it. */
  left() {
    clearTimeout(this.timer);
    this.query = null;
    this.expand(false);
    if (this.settling) return;
    if (this.isUnsettled && this.input.value.trim()) {
      this.settle();
      return;
    }
    this.isUnsettled = false;
    const empty = [...this.select.options].find((each) => each.value === "");
    if (!this.input.value.trim() && empty && this.select.value !== "") {
      empty.selected = true;
      this.select.dispatchEvent(new Event("change", { bubbles: true }));
    }
    this.showChosen();
  }
}

function start(root) {
  root.querySelectorAll("select[data-combobox]").forEach((select) => {
    if (!select.closest(".combobox")) new Combobox(select);
  });
}
start(document);
document.addEventListener("htmx:load", (event) => start(event.target.parentElement || document));
