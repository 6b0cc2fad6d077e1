// A form with data-draft-url is kept on the server while it is being written: 1.5 s after the last
// change and when the page is left. The address answers 2xx when it has the draft. 401, 403 or a
// redirect mean the session has ended, 409 that another window changed the draft; every other
// failure is tried again, at once when the network returns.

const words = document.getElementById("words").dataset;
const token = document.querySelector('meta[name="csrf-token"]').content;
const QUIET_MS = 1500;
const RETRY_MS = [2000, 4000, 8000, 15000, 30000];

class Draft {
  constructor(form) {
    this.form = form;
    this.url = form.dataset.draftUrl;
    this.status = form.querySelector("[data-draft-status]");
    this.version = 0; // counts changes
    this.savedVersion = 0;
    this.attempts = 0;
    this.timer = 0;
    this.isSending = false;
    this.isStopped = false;
    form.addEventListener("input", () => this.changed());
    form.addEventListener("change", () => this.changed());
    form.addEventListener("submit", () => clearTimeout(this.timer));
    window.addEventListener("online", () => this.isPending && this.save());
    window.addEventListener("pagehide", () => this.leave());
    document.addEventListener("visibilitychange", () => document.hidden && this.leave());
  }

  get isPending() {
    return this.version !== this.savedVersion;
  }

  say(text, isFailed = false) {
    if (!this.status) return;
    this.status.textContent = text;
    this.status.classList.toggle("is-failed", isFailed);
  }

  changed() {
    this.version += 1;
    if (this.isStopped) return;
    this.schedule(QUIET_MS);
  }

  schedule(delay) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), delay);
  }

  body() {
    const data = new URLSearchParams();
    for (const [name, value] of new FormData(this.form)) {
      if (typeof value === "string" && name !== "csrfmiddlewaretoken") data.append(name, value);
    }
    return data;
  }

  request(keepalive) {
    return fetch(this.url, {
      method: "POST",
      body: this.body(),
      headers: { "X-CSRFToken": token },
      credentials: "same-origin",
      redirect: "manual",
      keepalive,
    });
  }

  async save() {
    if (this.isSending || this.isStopped || !this.isPending || this.form.dataset.busy) return;
    this.isSending = true;
    const version = this.version;
    this.say(words.saving);
    try {
      this.answered(await this.request(false), version);
    } catch {
      this.retry(words.saveOffline);
    } finally {
      this.isSending = false;
    }
    if (this.isPending && !this.attempts) this.schedule(QUIET_MS);
  }

  answered(response, version) {
    if (response.ok) {
      this.savedVersion = version;
      this.attempts = 0;
      const at = new Date(response.headers.get("Date") || Date.now());
      this.say(
        words.saved.replace(
          "%s",
          at.toLocaleTimeString("zh-CN", { hour12: false, timeZone: "Asia/Shanghai" }),
        ),
      );
      if (!this.isPending) this.form.dispatchEvent(new Event("draft:saved", { bubbles: true }));
    } else if (
      response.type === "opaqueredirect" ||
      response.status === 401 ||
      response.status === 403
    ) {
      this.retry(words.saveExpired);
    } else if (response.status === 409 || response.status === 412) {
      this.isStopped = true;
      this.say(words.saveConflict, true);
    } else if (response.status >= 400 && response.status < 500 && response.status !== 429) {
      this.attempts = 0;
      this.savedVersion = version; // the same words would be refused again
      this.say(words.saveRefused, true);
    } else {
      this.retry(words.saveOffline);
    }
  }

  retry(text) {
    this.say(text, true);
    this.schedule(RETRY_MS[Math.min(this.attempts, RETRY_MS.length - 1)]);
    this.attempts += 1;
  }

  /** The page is going away: the browser may finish this request after it (64 kB at most). */
  leave() {
    if (!this.isPending || this.isStopped || this.form.dataset.busy) return;
    const version = this.version;
    this.request(true)
      .then((response) => this.answered(response, version))
      .catch(() => this.retry(words.saveOffline));
  }
}

function start(root) {
  root.querySelectorAll("form[data-draft-url]").forEach((form) => {
    if (form.dataset.draftStarted) return;
    form.dataset.draftStarted = "true";
    new Draft(form);
  });
}
start(document);
document.addEventListener("htmx:load", (event) => start(event.target.parentElement || document));
