// What every form needs:
//   any form            a second click while it is under way does nothing; free again on failure
//   data-confirm-leave  the browser asks before unsaved words are lost
//   data-focus          an error summary takes the focus when it appears
//   data-count-for      shows how many characters a field holds, as "12 / 5000"

const dirty = new WeakSet();
const RELEASE_MS = 15000;

function submitters(form) {
  const inside = form.querySelectorAll(
    'button:not([type]), button[type="submit"], input[type="submit"]',
  );
  const outside = form.id ? document.querySelectorAll(`[form="${form.id}"]`) : [];
  return [...inside, ...outside].filter((element) => element.matches("button, input"));
}

function hold(form) {
  form.dataset.busy = "true";
  // One turn later, so that the pressed button's own name and value still travel.
  setTimeout(
    () => submitters(form).forEach((button) => button.setAttribute("aria-busy", "true")),
    0,
  );
  clearTimeout(form.releaseTimer);
  form.releaseTimer = setTimeout(() => release(form), RELEASE_MS);
}

function release(form) {
  clearTimeout(form.releaseTimer);
  delete form.dataset.busy;
  submitters(form).forEach((button) => button.removeAttribute("aria-busy"));
}

document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    if (form.method === "dialog" || form.method === "get") return;
    if (form.dataset.busy) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    hold(form);
    // Somebody else may still refuse this submit (a native check, another script).
    setTimeout(() => {
      if (event.defaultPrevented && !form.matches("[hx-post], [hx-put], [hx-patch], [hx-delete]"))
        release(form);
      else dirty.delete(form);
    }, 0);
  },
  true,
);

document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.detail.elt.closest("form");
  if (!form) return;
  release(form);
  if (!event.detail.successful && form.matches("[data-confirm-leave]")) dirty.add(form);
});
// The browser's back button may show this page as it was left, with everything held.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) document.querySelectorAll("form[data-busy]").forEach(release);
});

document.addEventListener("input", (event) => {
  const form = event.target.closest("form[data-confirm-leave]");
  if (form) dirty.add(form);
});
document.addEventListener("draft:saved", (event) => dirty.delete(event.target));
window.addEventListener("beforeunload", (event) => {
  const isUnsaved = [...document.querySelectorAll("form[data-confirm-leave]")].some(
    (form) => dirty.has(form) && !form.dataset.busy,
  );
  if (isUnsaved) {
    event.preventDefault();
    event.returnValue = "";
  }
});

function focusErrors(root) {
  const summary = root.querySelector("[data-focus]");
  if (summary) summary.focus();
}
focusErrors(document);
document.addEventListener("htmx:afterSettle", (event) => focusErrors(event.target));

function count(counter) {
  const field = document.getElementById(counter.dataset.countFor);
  if (!field) return;
  const length = [...field.value].length;
  counter.textContent = field.maxLength > 0 ? `${length} / ${field.maxLength}` : String(length);
}
document.querySelectorAll("[data-count-for]").forEach(count);
document.addEventListener("input", (event) => {
  const counter =
    event.target.id && document.querySelector(`[data-count-for="${event.target.id}"]`);
  if (counter) count(counter);
});
