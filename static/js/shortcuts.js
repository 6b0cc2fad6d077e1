// Keys declared by the page:
//   data-shortcut="n"          a single key or two in a row ("g i"), off inside inputs
//   data-shortcut-global="F8"  works inside inputs too: function keys and Ctrl combinations
//   data-shortcut-label="新建"  what the sheet calls it; without one, the element's own words
// A button or link is clicked, a field is focused. In a list (table.list) j/k move between rows,
// Enter opens, x selects. "?" shows the sheet, where single keys can be switched off.

const words = document.getElementById("words").dataset;
const OFF = "hotline.shortcuts.off";
const SEQUENCE_MS = 1200;
let pending = "";
let pendingTimer = 0;

const isOff = () => {
  try {
    return localStorage.getItem(OFF) === "1";
  } catch {
    return false; // storage is forbidden: the keys stay on
  }
};

function isTyping(target) {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.matches("textarea, select")) return true;
  return (
    target.matches("input") &&
    !target.matches('[type="checkbox"], [type="radio"], [type="button"], [type="submit"]')
  );
}

/** The name of what was pressed: "n", "?", "F8", "Ctrl+Enter". */
function keyName(event) {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const parts = [];
  if (event.ctrlKey || event.metaKey) parts.push("Ctrl");
  if (event.altKey) parts.push("Alt");
  if (event.shiftKey && event.key.length > 1) parts.push("Shift");
  return [...parts, key].join("+");
}

/** Elements of the open dialog only, while one is open; hidden and disabled ones never. */
function declared(attribute) {
  const scope = document.querySelector("dialog[open]") || document;
  return [...scope.querySelectorAll(`[${attribute}]`)].filter(
    (element) =>
      !element.disabled &&
      element.getAttribute("aria-disabled") !== "true" &&
      element.offsetParent !== null,
  );
}

function find(attribute, name) {
  return declared(attribute).find((element) => element.getAttribute(attribute) === name);
}

function activate(element) {
  if (
    element.matches(
      'input:not([type="checkbox"]):not([type="radio"]):not([type="submit"]), textarea, select',
    )
  ) {
    element.focus();
    if (element.select) element.select();
  } else if (element.matches("form")) {
    element.requestSubmit();
  } else {
    if (element.matches('input[type="radio"], input[type="checkbox"]')) element.focus();
    element.click();
  }
}

function moveInList(step) {
  const rows = [...document.querySelectorAll("table.list tbody tr")].filter((row) =>
    row.querySelector("a"),
  );
  if (!rows.length) return false;
  const current = rows.findIndex((row) => row.classList.contains("is-active"));
  const next = rows[Math.min(rows.length - 1, Math.max(0, current + step))];
  if (current >= 0) rows[current].classList.remove("is-active");
  next.classList.add("is-active");
  (next.querySelector("a[data-row-link]") || next.querySelector("a")).focus();
  next.scrollIntoView({ block: "nearest" });
  return true;
}

function selectInList() {
  const box = document.querySelector('table.list tr.is-active input[type="checkbox"]');
  if (box) box.click();
  return Boolean(box);
}

function single(name) {
  if (name === "j" || name === "k") return moveInList(name === "j" ? 1 : -1);
  if (name === "x" && selectInList()) return true;
  const sequence = pending ? `${pending} ${name}` : name;
  const element = find("data-shortcut", sequence) || find("data-shortcut", name);
  clearTimeout(pendingTimer);
  pending = "";
  if (element) {
    activate(element);
    return true;
  }
  if (declared("data-shortcut").some((each) => each.dataset.shortcut.startsWith(`${name} `))) {
    pending = name;
    pendingTimer = setTimeout(() => (pending = ""), SEQUENCE_MS);
    return true;
  }
  return false;
}

document.addEventListener("keydown", (event) => {
  // 229 is what a Chinese input method sends while it is still composing.
  if (event.defaultPrevented || event.isComposing || event.keyCode === 229 || event.repeat) return;
  const name = keyName(event);
  const global = find("data-shortcut-global", name);
  if (global) {
    event.preventDefault();
    activate(global);
    return;
  }
  if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (name === "?") {
    event.preventDefault();
    showSheet();
  } else if (!isOff() && name !== "Enter" && name !== " " && single(name)) {
    event.preventDefault();
  }
});

// --- the sheet ---------------------------------------------------------------------------

/** The element's own words, without the key printed on it. */
function wordsOf(element) {
  const copy = element.cloneNode(true);
  copy.querySelectorAll("kbd").forEach((key) => key.remove());
  return copy.textContent.trim();
}

function labelOf(element) {
  const label = element.labels && element.labels[0];
  return (
    element.dataset.shortcutLabel || element.getAttribute("aria-label") || wordsOf(label || element)
  );
}

function keyCell(name) {
  const cell = document.createElement("td");
  name.split(" ").forEach((part) => {
    const key = document.createElement("kbd");
    key.textContent = part;
    cell.append(key, " ");
  });
  return cell;
}

function sheetRows() {
  const rows = new Map();
  for (const attribute of ["data-shortcut-global", "data-shortcut"]) {
    declared(attribute).forEach((element) =>
      rows.set(element.getAttribute(attribute), labelOf(element)),
    );
  }
  if (document.querySelector("table.list")) {
    rows.set("j k", words.keysMove);
    rows.set("Enter", words.keysOpen);
    if (document.querySelector('table.list input[type="checkbox"]'))
      rows.set("x", words.keysSelect);
  }
  rows.set("Esc", words.keysEscape);
  return rows;
}

function showSheet() {
  if (document.querySelector("dialog[open]")) return;
  const dialog = document.createElement("dialog");
  dialog.className = "dialog";
  dialog.setAttribute("aria-labelledby", "shortcut-title");

  const head = document.createElement("div");
  head.className = "dialog-head";
  const title = document.createElement("h2");
  title.id = "shortcut-title";
  title.textContent = words.keys;
  const close = document.createElement("button");
  close.className = "btn btn-quiet";
  close.type = "button";
  close.textContent = words.close;
  close.addEventListener("click", () => dialog.close());
  head.append(title, close);

  const table = document.createElement("table");
  table.className = "shortcut-sheet";
  sheetRows().forEach((label, name) => {
    const row = table.insertRow();
    row.append(keyCell(name));
    row.insertCell().textContent = label;
  });
  const body = document.createElement("div");
  body.className = "dialog-body";
  body.append(table);

  const foot = document.createElement("div");
  foot.className = "dialog-foot";
  const check = document.createElement("label");
  check.className = "check";
  const box = document.createElement("input");
  box.type = "checkbox";
  box.checked = !isOff();
  box.addEventListener("change", () => {
    try {
      localStorage.setItem(OFF, box.checked ? "0" : "1");
    } catch {
      box.checked = true; // nothing can be remembered here
    }
  });
  check.append(box, words.keysOn);
  foot.append(check);

  dialog.append(head, body, foot);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

document.querySelectorAll("[data-shortcut-sheet]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", showSheet);
});
document.addEventListener("focusin", (event) => {
  const row = event.target.closest("table.list tbody tr");
  document
    .querySelectorAll("table.list tr.is-active")
    .forEach((each) => each.classList.toggle("is-active", each === row));
  if (row) row.classList.add("is-active");
});
