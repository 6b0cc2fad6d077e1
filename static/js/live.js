// Keeps a page honest while it stays open.
//   data-poll-url (data-poll-seconds="20")  asks whether the list has changed, by ETag: 304 and 204
//       mean no; 200 brings a pill that is shown in place. Nothing moves under the cursor.
//       When the request fails a banner says how old the page is; on focus it catches up at once.
//   htmx: requests carry the CSRF token; a failed one says so; focus stays where it was.
//   data-toast  goes away by itself, unless it is a refusal.

const words = document.getElementById("words").dataset;
const token = document.querySelector('meta[name="csrf-token"]').content;
const stale = document.getElementById("stale");
const toasts = document.getElementById("toasts");
const TOAST_MS = 6000;
const CATCH_UP_MS = 3000;

// The office's time, wherever this computer thinks it stands.
const clockTime = (at) =>
  at.toLocaleTimeString("zh-CN", { hour12: false, timeZone: "Asia/Shanghai" });

function showStale(text, url) {
  stale.replaceChildren(text);
  if (url) {
    const link = document.createElement("a");
    link.href = url;
    link.textContent = words.staleLogin;
    stale.replaceChildren(link);
  }
  stale.hidden = false;
}

class Poll {
  constructor(element) {
    this.element = element;
    this.url = element.dataset.pollUrl;
    this.every = Number(element.dataset.pollSeconds || 20) * 1000;
    this.freshAt = new Date();
    this.askedAt = Date.now();
    this.etag = "";
    this.failures = 0;
    this.isAsking = false;
    this.schedule();
    this.wake = () => this.catchUp();
    document.addEventListener("visibilitychange", this.wake);
    window.addEventListener("focus", this.wake);
    window.addEventListener("online", this.wake);
  }

  schedule() {
    clearTimeout(this.timer);
    // A server in trouble is asked less often, and not by every window in the same second.
    const wait = this.every * Math.min(2 ** this.failures, 8) * (0.9 + Math.random() * 0.2);
    this.timer = setTimeout(() => this.ask(), this.failures ? Math.min(wait, 60000) : wait);
  }

  catchUp() {
    if (!document.hidden && Date.now() - this.askedAt > CATCH_UP_MS) this.ask();
  }

  stop() {
    clearTimeout(this.timer);
    document.removeEventListener("visibilitychange", this.wake);
    window.removeEventListener("focus", this.wake);
    window.removeEventListener("online", this.wake);
  }

  async ask() {
    if (!this.element.isConnected) {
      this.stop();
      return;
    }
    if (this.isAsking) return;
    if (document.hidden) {
      this.schedule();
      return;
    }
    this.isAsking = true;
    this.askedAt = Date.now();
    try {
      await this.answered(
        await fetch(this.url, {
          headers: { "X-Requested-With": "poll", ...(this.etag && { "If-None-Match": this.etag }) },
          credentials: "same-origin",
          redirect: "manual",
          cache: "no-store",
        }),
      );
    } catch {
      this.failed();
    } finally {
      this.isAsking = false;
      this.schedule();
    }
  }

  async answered(response) {
    if (response.type === "opaqueredirect" || response.status === 401 || response.status === 403) {
      this.failures += 1;
      showStale("", window.location.href);
      return;
    }
    if (!response.ok && response.status !== 304) {
      this.failed();
      return;
    }
    this.failures = 0;
    this.freshAt = new Date();
    stale.hidden = true;
    if (response.status === 200) {
      this.etag = response.headers.get("ETag") || "";
      const html = await response.text();
      if (this.element.innerHTML !== html) this.element.innerHTML = html;
    }
  }

  failed() {
    this.failures += 1;
    showStale(words.stale.replace("%s", clockTime(this.freshAt)));
  }
}

function say(text) {
  const box = document.createElement("div");
  box.className = "problem";
  box.dataset.toast = "stay";
  const label = document.createElement("span");
  label.className = "toast-text";
  label.textContent = text;
  box.append(label);
  toasts.append(box);
  arm(box);
}

function arm(toast) {
  if (toast.dataset.armed) return;
  toast.dataset.armed = "true";
  const close = document.createElement("button");
  close.className = "toast-close";
  close.type = "button";
  close.setAttribute("aria-label", words.close);
  close.textContent = "×";
  close.addEventListener("click", () => toast.remove());
  toast.append(close);
  if (toast.dataset.toast !== "stay") setTimeout(() => toast.remove(), TOAST_MS);
}

document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.verb !== "get") event.detail.headers["X-CSRFToken"] = token;
});
document.addEventListener("htmx:sendError", () => say(words.requestFailed));
document.addEventListener("htmx:timeout", () => say(words.requestFailed));
document.addEventListener("htmx:responseError", (event) => {
  const sentences = {
    401: words.requestExpired,
    403: words.requestForbidden,
    404: words.requestConflict,
    429: words.requestThrottled,
  };
  say(sentences[event.detail.xhr.status] || words.requestError);
});

function start(root) {
  root.querySelectorAll("[data-poll-url]").forEach((element) => {
    if (element.dataset.pollStarted) return;
    element.dataset.pollStarted = "true";
    new Poll(element);
  });
  toasts.querySelectorAll("[data-toast]").forEach(arm);
}
start(document);
document.addEventListener("htmx:load", (event) => start(event.target.parentElement || document));
document.addEventListener("htmx:oobAfterSwap", () => start(document));
