// The wall board: turns its panels, fetches them anew, and keeps the last figures when it cannot.
//   data-turn-seconds   how long a panel stands; a button pauses, the arrow keys turn
//   data-poll-seconds   how often the figures are asked for; after a failure sooner, then later
//                       and later, up to a minute
// Who wants less motion gets a board that stands still until it is told to turn.

const board = document.getElementById("wall");
const banner = document.getElementById("wall-banner");
const readAt = document.getElementById("wall-at");
const pause = document.getElementById("wall-pause");
const dots = [...document.querySelectorAll("[data-show]")];
const words = board.dataset;
const POLL_MS = Number(words.pollSeconds) * 1000;
const TURN_MS = Number(words.turnSeconds) * 1000;
const LONGEST_MS = 60000;
const PATIENCE_MS = 15000;

// --- turning ----------------------------------------------------------------------------------

let shown = dots[0].dataset.show;
let isPaused = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
let turning;

function draw() {
  board.querySelectorAll("[data-panel]").forEach((panel) => {
    panel.hidden = panel.dataset.panel !== shown;
  });
  dots.forEach((dot) => dot.setAttribute("aria-pressed", String(dot.dataset.show === shown)));
  pause.textContent = isPaused ? words.resume : words.pause;
}

function rest() {
  clearTimeout(turning);
  if (!isPaused) turning = setTimeout(() => turn(1), TURN_MS);
}

function show(name) {
  shown = name;
  board.querySelector(`[data-panel="${name}"]`).classList.add("is-entering");
  draw();
  rest();
}

function turn(steps) {
  const place = dots.findIndex((dot) => dot.dataset.show === shown);
  show(dots[(place + steps + dots.length) % dots.length].dataset.show);
}

dots.forEach((dot) => dot.addEventListener("click", () => show(dot.dataset.show)));
pause.addEventListener("click", () => {
  isPaused = !isPaused;
  draw();
  rest();
});
document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key === "ArrowRight") turn(1);
  if (event.key === "ArrowLeft") turn(-1);
});

// --- fetching ---------------------------------------------------------------------------------

let failures = 0;
let asking;
let isAsking = false;

function schedule() {
  clearTimeout(asking);
  const wait = failures ? Math.min((POLL_MS / 4) * 2 ** (failures - 1), LONGEST_MS) : POLL_MS;
  // Many boards do not come back in the same second.
  asking = setTimeout(ask, wait * (0.9 + Math.random() * 0.2));
}

async function answer() {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), PATIENCE_MS);
  try {
    const response = await fetch(words.url, {
      headers: { "X-Requested-With": "poll" },
      credentials: "same-origin",
      redirect: "manual",
      cache: "no-store",
      signal: patience.signal,
    });
    if (response.type === "opaqueredirect" || [401, 403].includes(response.status)) return "login";
    if (!response.ok) return "cut";
    // What answers in the way, such as a gate of the network, sends no panels.
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    return page.querySelector("[data-as-of]") || "cut";
  } catch {
    return "cut";
  } finally {
    clearTimeout(timer);
  }
}

function warn(kind) {
  const text = words[kind].replace("%s", readAt.textContent);
  if (banner.textContent === text) return;
  const link = document.createElement("a");
  link.href = window.location.href;
  link.textContent = text;
  banner.replaceChildren(kind === "login" ? link : text);
}

async function ask() {
  if (isAsking) return;
  isAsking = true;
  const got = await answer();
  isAsking = false;
  if (typeof got === "string") {
    failures += 1;
    warn(got);
  } else {
    failures = 0;
    board.replaceChildren(got);
    readAt.textContent = got.dataset.asOf;
    readAt.dateTime = got.dataset.instant;
    banner.replaceChildren();
    draw();
  }
  schedule();
}

window.addEventListener("online", ask);
document.documentElement.classList.add("is-turning");
document.getElementById("wall-controls").hidden = false;
draw();
rest();
schedule();
