// The call-taker's screen, for hands that stay on the keyboard:
//   F9 then 1–4 hands the caller to an emergency line; the digits mean that only while the four
//      buttons have the focus
//   Enter in a field goes to the next one; only the keys printed on the buttons send the form
//   F4, F6 and F8 first open their part when it is not filled in yet
//   a readable number looks up the caller; place, class and level show promise and unit

import { serverNow } from "./countdown.js";

const form = document.getElementById("registration");
const byName = (name) => form.elements.namedItem(name);
const phone = document.getElementById("id_phone");
const anonymous = document.getElementById("id_is_anonymous");

// --- emergency -----------------------------------------------------------------------------

let typedIn = null; // where the agent was when F9 was pressed

function emergencyParts() {
  return ["emergency-open", "emergency-lines", "emergency-close"].map((id) =>
    document.getElementById(id),
  );
}

function showLines(isOpen) {
  const [open, lines, close] = emergencyParts();
  open.hidden = isOpen;
  open.setAttribute("aria-expanded", String(isOpen));
  lines.hidden = !isOpen;
  close.hidden = !isOpen;
  if (isOpen) lines.querySelector("button").focus();
}

function backToTyping() {
  (typedIn && typedIn.isConnected && typedIn !== document.body ? typedIn : phone).focus();
}

function armEmergency() {
  const [open, lines, close] = emergencyParts();
  showLines(false);
  open.addEventListener("click", () => showLines(true));
  close.addEventListener("click", () => {
    showLines(false);
    backToTyping();
  });
  lines.addEventListener("focusout", (event) => {
    if (!lines.contains(event.relatedTarget) && !lines.querySelector(".htmx-request"))
      showLines(false);
  });
}

document.addEventListener(
  "keydown",
  (event) => {
    const isOpen = !document.getElementById("emergency-lines").hidden;
    if (event.code === "F9" && !event.repeat) {
      // An input method that is still composing must not swallow this key.
      event.preventDefault();
      event.stopPropagation();
      if (!isOpen) typedIn = document.activeElement;
      showLines(!isOpen);
      if (isOpen) backToTyping();
    } else if (event.key === "Escape" && isOpen) {
      event.preventDefault();
      event.stopPropagation();
      showLines(false);
      backToTyping();
    }
  },
  true,
);
document.addEventListener("mousedown", (event) => {
  if (event.target.closest("#emergency-open")) typedIn = document.activeElement;
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id !== "emergency") return;
  armEmergency();
  backToTyping();
});
armEmergency();

// --- the three ways on -----------------------------------------------------------------------

const ways = {
  dispatch: { panel: "way-dispatch", field: () => byName("dispatch-lead_unit") },
  answer: { panel: "way-answer", field: () => byName("answer-text") },
  inform: { panel: "way-inform", field: () => byName("inform-code") },
};

function isShown(way) {
  return !document.getElementById(ways[way].panel).hidden;
}

function showWay(way) {
  document.querySelector(`[aria-controls="${ways[way].panel}"]`).click();
}

function focusWay(way) {
  const field = ways[way].field();
  const first = field instanceof RadioNodeList ? field[0] : field;
  // A select that has become a type-ahead field is hidden; the field beside it takes the focus.
  (first.hidden ? first.parentElement.querySelector("input") : first).focus();
}

form.addEventListener(
  "submit",
  (event) => {
    const button = event.submitter;
    const way = button && button.name === "act" ? button.value : "";
    if (!(way in ways) || ways[way].field().value) return;
    // Nothing said yet in the part that this key needs: go there instead of a refusal.
    event.preventDefault();
    event.stopImmediatePropagation();
    showWay(way);
    focusWay(way);
  },
  true,
);

/** The number of the earlier ticket belongs to D3, the emergency line to D1. */
function followGround() {
  const code = ways.inform.field().value;
  for (const [name, ground] of [
    ["earlier", "d3_in_progress"],
    ["transferred_to", "d1_emergency"],
  ])
    byName(`inform-${name}`).closest(".field").hidden = code !== ground;
}
followGround();

form.addEventListener("change", (event) => {
  if (event.target.name === "inform-code") followGround();
  if (event.target.name !== "request_type") return;
  if (event.target.value === "consult") showWay("answer");
  else if (isShown("answer")) showWay("dispatch");
});

document.addEventListener("click", (event) => {
  const same = event.target.closest("[data-same-matter]");
  if (same) {
    byName("inform-earlier").value = same.dataset.sameMatter;
    const ground = form.querySelector('[name="inform-code"][value="d3_in_progress"]');
    ground.checked = true;
    ground.dispatchEvent(new Event("change", { bubbles: true }));
    showWay("inform");
    byName("inform-reason").focus();
  } else if (event.target.closest("[data-take-proposal]")) {
    takeProposal();
  }
});

// --- the caller ------------------------------------------------------------------------------

const plain = (text) => text.replace(/[\s\-－（）()]/g, "");
// A number that was refused is not asked about again.
let lookedUp = phone.getAttribute("aria-invalid") === "true" ? plain(phone.value) : "";

function lookUp() {
  const number = plain(phone.value);
  if (number === lookedUp) return;
  lookedUp = number;
  // A refusal of the number that stood here before is over; the new one is judged by its own.
  document.getElementById("id_phone_error")?.remove();
  phone.removeAttribute("aria-invalid");
  document.getElementById("caller").dispatchEvent(new Event("lookup"));
}

// A whole mobile number is looked up at once, everything else when the field is left.
phone.addEventListener("input", () => {
  if (/^(?:\+?86)?1[3-9]\d{9}$/.test(plain(phone.value))) lookUp();
});
phone.addEventListener("change", lookUp);

const toHistory = document.getElementById("to-history");
toHistory.hidden = false;
toHistory.addEventListener("click", () => {
  const first = document.querySelector("#caller a, #caller button");
  if (first) first.focus();
});

function followAnonymity() {
  [phone, byName("name"), byName("wants_callback")].forEach((field) => {
    field.disabled = anonymous.checked;
  });
}
anonymous.addEventListener("change", followAnonymity);
followAnonymity();
// htmx listens from then on.
document.addEventListener("DOMContentLoaded", () => phone.disabled || lookUp());

// --- what the choices mean --------------------------------------------------------------------

const CHOICES = ["area", "category", "level", "urgency"];
let proposed = document.getElementById("proposal").dataset.unit || "";

form.addEventListener("change", (event) => {
  if (CHOICES.includes(event.target.name))
    document.getElementById("promise").dispatchEvent(new Event("choices"));
  if (event.target.name === "dispatch-lead_unit") followUnit();
});

/** Urgency divides the third level only. */
function followLevel() {
  const isThird = document.getElementById("promise").dataset.level === "L3";
  document.getElementById("id_urgency_row").disabled = !isThird;
}

function takeProposal() {
  const { unit, unitName, basis } = document.getElementById("proposal").dataset;
  const select = byName("dispatch-lead_unit");
  if (![...select.options].some((option) => option.value === unit))
    select.append(new Option(unitName, unit));
  select.value = unit;
  select.dispatchEvent(new Event("change", { bubbles: true }));
  byName("dispatch-basis").value = basis;
}

/** The reason given by the machine belongs to its own proposal only. */
function followUnit() {
  const { unit, basis } = document.getElementById("proposal").dataset;
  const field = byName("dispatch-basis");
  const isProposal = byName("dispatch-lead_unit").value === unit;
  if (isProposal && !field.value) field.value = basis;
  if (!isProposal && field.value === field.dataset.proposed) field.value = "";
  field.dataset.proposed = basis || "";
}

/** A new place proposes a new unit, unless the agent has chosen another one. */
function followProposal() {
  const proposal = document.getElementById("proposal").dataset;
  const select = byName("dispatch-lead_unit");
  const isOurs = !select.value || select.value === proposed;
  const field = byName("dispatch-basis");
  if (isOurs && field.value === field.dataset.proposed) field.value = "";
  field.dataset.proposed = proposal.basis || "";
  if (isOurs && proposal.unit) takeProposal();
  else if (isOurs && proposed) {
    select.value = "";
    select.dispatchEvent(new Event("change", { bubbles: true }));
  }
  proposed = proposal.unit || "";
}

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.elt.id !== "promise") return;
  followLevel();
  followProposal();
  showMissing();
});
followLevel();
byName("dispatch-basis").dataset.proposed = document.getElementById("proposal").dataset.basis || "";
if (proposed && !byName("dispatch-lead_unit").value) takeProposal();

// --- what is missing, the time, the way through the fields ------------------------------------

const missing = document.getElementById("missing");

function showMissing() {
  const words = missing.dataset;
  const needs = [
    [words.phone, phone.value.trim() || anonymous.checked],
    [words.matter, byName("matter").value.trim()],
    [words.category, byName("category").value],
    [words.unit, byName("dispatch-lead_unit").value],
  ];
  const left = needs.filter(([, isThere]) => !isThere).map(([label]) => label);
  missing.textContent = left.length ? words.words.replace("%s", left.join(words.joiner)) : "";
}
form.addEventListener("input", showMissing);
form.addEventListener("change", showMissing);
showMissing();

const timer = document.getElementById("call-timer");

function startTimer(since) {
  timer.dataset.elapsedSince = Math.floor(since);
  timer.hidden = false;
}

/** The call begins with the first key, not when the screen was opened for it. */
function begin(event) {
  form.removeEventListener("input", begin);
  if (timer.dataset.elapsedSince) return;
  const now = serverNow();
  startTimer(now);
  const calledAt = byName("called_at");
  if (event.target === calledAt) return;
  const local = new Date((now + 8 * 3600) * 1000); // the office's time, wherever this computer is
  calledAt.value = local.toISOString().slice(0, 16);
}
const isFresh = !document.getElementById("restored") && !document.getElementById("problems");
if (isFresh) form.addEventListener("input", begin);

function fields() {
  return [...form.querySelectorAll("input, select, textarea")].filter(
    (field) =>
      field.offsetParent !== null &&
      !field.matches(":disabled") &&
      field.type !== "hidden" &&
      (field.type !== "radio" || field.checked || field.name === "inform-code"),
  );
}

form.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.ctrlKey || event.metaKey || event.isComposing) return;
  if (event.keyCode === 229 || !event.target.matches("input, select")) return;
  event.preventDefault();
  const all = fields();
  const next = all[all.indexOf(event.target) + 1];
  if (next) next.focus();
});

// A draft that is being thrown away is not saved once more when the page goes.
document.getElementById("discard").addEventListener("submit", () => {
  form.dataset.busy = "true";
});
