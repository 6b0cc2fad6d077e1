// Keeps the words of every countdown chip moving between two loads, by the server's clock.
// A chip carries data-due, data-warn and data-severe (seconds since 1970); the rules are those of
// read_clock() in hotline/pages/templatetags/clocks.py, which wrote the first words.

const words = document.getElementById("words").dataset;
const serverTime = Number(document.querySelector('meta[name="server-time"]').content);
const offset = serverTime - Date.now() / 1000;

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;
const TONES = ["clock-ok", "clock-warn", "clock-late", "clock-severe"];

/** Seconds since 1970 as the server sees them; this computer's clock may be wrong. */
export function serverNow() {
  return Date.now() / 1000 + offset;
}

/** A length of time in its two largest units. */
export function spanWords(seconds) {
  const whole = Math.floor(Math.abs(seconds));
  const days = Math.floor(whole / DAY);
  const hours = Math.floor((whole % DAY) / HOUR);
  const minutes = Math.floor((whole % HOUR) / MINUTE);
  const parts = [];
  if (days) parts.push(words.day.replace("%s", days));
  if (hours) parts.push(words.hour.replace("%s", hours));
  if (minutes && !days) parts.push(words.minute.replace("%s", minutes));
  return parts.join(" ") || words.underMinute;
}

function tick(chip, now) {
  const due = Number(chip.dataset.due);
  const left = due - now;
  let tone = "clock-ok";
  let text;
  if (left > 0) {
    if (now >= Number(chip.dataset.warn)) tone = "clock-warn";
    text = words.left.replace("%s", spanWords(left));
  } else {
    const severe = Number(chip.dataset.severe);
    tone = severe && now >= severe ? "clock-severe" : "clock-late";
    text = left > -MINUTE ? words.justOver : words.over.replace("%s", spanWords(left));
  }
  const label = chip.firstElementChild;
  // Writing only what changed keeps the page still for screen readers and for the processor.
  if (label.textContent !== text) label.textContent = text;
  if (!chip.classList.contains(tone)) {
    chip.classList.remove(...TONES);
    chip.classList.add(tone);
  }
}

function tickAll() {
  const now = serverNow();
  document.querySelectorAll(".clock[data-due]").forEach((chip) => tick(chip, now));
  document.querySelectorAll("[data-elapsed-since]").forEach((timer) => {
    const seconds = Math.max(0, Math.floor(now - Number(timer.dataset.elapsedSince)));
    const text = [Math.floor(seconds / MINUTE), seconds % MINUTE]
      .map((part) => String(part).padStart(2, "0"))
      .join(":");
    if (timer.textContent !== text) timer.textContent = text;
  });
}

// Chips change by the minute; only a running call is timed by the second.
setInterval(() => {
  if (document.hidden) return;
  if (document.querySelector("[data-elapsed-since]") || Math.floor(serverNow()) % 5 === 0)
    tickAll();
}, 1000);
document.addEventListener("visibilitychange", () => document.hidden || tickAll());
document.addEventListener("htmx:afterSettle", tickAll);
tickAll();
