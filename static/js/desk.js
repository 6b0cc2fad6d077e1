// The dispatch desk by keyboard: what a key does, it does to the current row of the list.
//   [data-desk-keys] [data-desk-key="…"]  the keys that shortcuts.js presses: accept, change, why,
//                      consult, open, undo; Enter on a row's link accepts, too
//   tr[data-number]    a row; form[data-desk-accept] and links [data-desk-change], [data-desk-why],
//                      [data-desk-consult] in it are what the keys press
//   desk:done, desk:undone, desk:refused   come with an answer and name the row
//   form[data-undo-until]    counts its seconds down and goes away when they are over
// A row done by key leaves and the next takes the focus; one done by the mouse stays as a line, so
// that nothing moves under the cursor.

import { serverNow } from "./countdown.js";

const OFF = "hotline.shortcuts.off";
// A second press meant for the row before must not reach the next one.
const SETTLE_MS = 350;
const sheet = document.getElementById("desk-sheet");
const sheetBody = document.getElementById("desk-sheet-body");
const byKey = new Set(); // rows whose press came from the keyboard
let readyAt = 0;

const currentRow = () => document.querySelector("[data-desk-list] tr.is-active[data-number]");

function focusRow(row) {
  const link = row && row.querySelector("a[data-row-link]");
  if (!link) return;
  link.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

// A row that becomes a line keeps its height.
const heights = new Map();
document.addEventListener("htmx:beforeSwap", () => {
  document.querySelectorAll("[data-desk-list] tr[data-number]").forEach((row) => {
    heights.set(row.dataset.number, row.offsetHeight);
  });
});
document.addEventListener("htmx:oobAfterSwap", () => {
  document.querySelectorAll("tr[data-done]").forEach((row) => {
    const height = heights.get(row.dataset.done);
    if (height) row.cells[0].style.height = `${height}px`;
  });
});

/** The nearest row still to be worked on: below, else above. */
function nextTo(row) {
  const rows = [...row.parentElement.children];
  const place = rows.indexOf(row);
  const isOpen = (each) => each.matches("[data-number]:not([hidden])");
  return rows.slice(place + 1).find(isOpen) || rows.slice(0, place).reverse().find(isOpen);
}

const keys = {
  accept(row) {
    if (Date.now() < readyAt) return;
    const form = row.querySelector("form[data-desk-accept]");
    if (!form) {
      this.change(row);
      return;
    }
    byKey.add(row.dataset.number);
    form.requestSubmit();
  },
  change: (row) => press(row, "[data-desk-change]"),
  why: (row) => press(row, "[data-desk-why]"),
  consult: (row) => press(row, "[data-desk-consult]"),
  open: (row) => press(row, "a[data-row-link]"),
};

function press(row, selector) {
  const link = row.querySelector(selector);
  if (!link) return;
  byKey.add(row.dataset.number);
  link.click();
}

function undoLast() {
  const form = document.querySelector("#desk-recent form[data-undo]");
  if (!form) return;
  byKey.add(form.dataset.undo);
  form.requestSubmit();
}

document.querySelectorAll("[data-desk-keys]").forEach((bar) => {
  bar.hidden = false;
  // The sheet of keys says of Enter what it does here.
  const accepts = bar.querySelector('[data-desk-key="accept"]');
  if (accepts) document.getElementById("words").dataset.keysOpen = accepts.dataset.shortcutLabel;
  // The row keeps the focus while its button is pressed.
  bar.addEventListener("mousedown", (event) => event.preventDefault());
  bar.addEventListener("click", (event) => {
    const button = event.target.closest("[data-desk-key]");
    if (!button) return;
    const row = currentRow();
    if (button.dataset.deskKey === "undo") undoLast();
    else if (row) keys[button.dataset.deskKey](row);
  });
});

function isOff() {
  try {
    return localStorage.getItem(OFF) === "1";
  } catch {
    return false;
  }
}

// Before shortcuts.js: on this page "a" is not the bell, and Enter does not follow the row's link.
document.addEventListener(
  "keydown",
  (event) => {
    if (event.isComposing || event.keyCode === 229 || isOff()) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const row = currentRow();
    const isOnRow = event.target === document.body || event.target.matches("a[data-row-link]");
    const isAsked = event.key === "Enter" || event.key === "a";
    if (!row || !isOnRow || !isAsked || !row.querySelector("[data-desk-change]")) return;
    event.preventDefault();
    event.stopPropagation();
    if (!event.repeat) keys.accept(row);
  },
  true,
);

// --- answers ------------------------------------------------------------------------------

const rowOf = (number) => document.getElementById(`row-${number}`);

document.addEventListener("desk:done", (event) => {
  const { number } = event.detail;
  const row = rowOf(number);
  if (sheet.open) sheet.close();
  keepOneToast(number);
  if (row) {
    const next = nextTo(row);
    row.hidden = byKey.has(number);
    focusRow(next);
  }
  byKey.delete(number);
  readyAt = Date.now() + SETTLE_MS;
  retell();
});

document.addEventListener("desk:undone", (event) => {
  const { number } = event.detail;
  document.querySelectorAll(`[data-undo-toast="${number}"], [data-result="${number}"] form`).forEach(
    (each) => each.remove(),
  );
  if (byKey.delete(number)) focusRow(rowOf(number));
  readyAt = Date.now() + SETTLE_MS;
  retell();
});

/** What else speaks of the number that came with the answer. */
function retell() {
  const all = document.querySelector("[data-desk-total]");
  const count = document.getElementById("desk-count-waiting").textContent.trim();
  if (all) all.textContent = all.dataset.deskTotal.replace("%s", count);
  tick();
}

/** The latest dispatch is offered in a toast, the others beside the list. */
function keepOneToast(number) {
  document.querySelectorAll("[data-undo-toast]").forEach((toast) => {
    if (toast.dataset.undoToast !== number) toast.remove();
  });
}

// The row was drawn anew with what was refused: the person stays on it.
document.addEventListener("desk:refused", (event) => {
  const { number } = event.detail;
  if (byKey.delete(number)) focusRow(rowOf(number));
  readyAt = Date.now() + SETTLE_MS;
});

// --- the sheet ----------------------------------------------------------------------------

sheetBody.addEventListener("htmx:afterSettle", () => {
  if (!sheetBody.firstElementChild) return;
  if (!sheet.open) sheet.showModal();
  const first = sheetBody.querySelector(
    "[data-focus], [aria-invalid=true], .field-control input:not([type=hidden]), .field-control textarea",
  );
  if (first) first.focus();
});
sheet.addEventListener("close", () => {
  sheetBody.replaceChildren();
  const row = currentRow();
  if (row) byKey.delete(row.dataset.number);
});

// --- selecting ----------------------------------------------------------------------------

document.querySelectorAll("[data-desk-bulk]").forEach((form) => {
  const all = form.querySelector("[data-desk-all]");
  const allBox = all.querySelector("input");
  const said = form.querySelector("[data-desk-chosen]");
  const button = form.querySelector('button[type="submit"]');
  const boxes = () => [...document.querySelectorAll('[data-desk-list] input[name="row"]')];
  const show = () => {
    const found = boxes();
    const chosen = found.filter((box) => box.checked);
    said.textContent = said.dataset.deskChosen.replace("%s", chosen.length);
    button.disabled = !chosen.length;
    allBox.checked = chosen.length > 0 && chosen.length === found.length;
    allBox.indeterminate = chosen.length > 0 && chosen.length < found.length;
    found.forEach((box) => box.closest("tr").classList.toggle("is-selected", box.checked));
  };
  all.hidden = false;
  allBox.addEventListener("change", () => {
    boxes().forEach((box) => (box.checked = allBox.checked));
    show();
  });
  document.addEventListener("change", (event) => event.target.name === "row" && show());
  document.addEventListener("htmx:afterSettle", show);
  show();
});

// --- taking back --------------------------------------------------------------------------

function tick() {
  const now = serverNow();
  document.querySelectorAll("form[data-undo-until]").forEach((form) => {
    const left = Math.floor(Number(form.dataset.undoUntil) - now);
    const words = form.querySelector("[data-undo-left]");
    if (left > 0) {
      if (words.textContent !== String(left)) words.textContent = left;
      return;
    }
    const around = form.closest("[data-undo-row], [data-undo-toast]");
    (around || form).remove();
  });
}
setInterval(tick, 1000);
tick();
