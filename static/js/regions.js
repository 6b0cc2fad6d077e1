// What scrolls inside the page can be scrolled by keyboard: while a wide table does not fit and holds
// nothing to stop at, the Tab key reaches it, and a screen reader hears what it is. It is called
// after its caption, its table's name, or the heading before it. A long list scrolls with the page
// unless it is wider than that.

const SCROLLS = ".table-wrap, .course-wrap, [data-scrolls]";
const STOPS =
  'a[href], button, input:not([type="hidden"]), select, textarea, summary, [tabindex]:not([tabindex="-1"])';

function nameOf(region) {
  const caption = region.querySelector("caption");
  const named = region.querySelector("[aria-label]");
  if (caption) return caption.textContent.trim();
  if (named) return named.getAttribute("aria-label");
  const headings = [...document.querySelectorAll("main h1, main h2, main h3")].filter(
    (each) => each.compareDocumentPosition(region) & Node.DOCUMENT_POSITION_FOLLOWING,
  );
  return headings.length ? headings[headings.length - 1].textContent.trim() : document.title;
}

const made = new WeakSet();

function look(region) {
  const table = region.querySelector("table");
  if (region.matches(".is-page") && table)
    region.classList.toggle("is-wide", table.offsetWidth > region.clientWidth);
  const overflows =
    region.scrollWidth > region.clientWidth || region.scrollHeight > region.clientHeight;
  const isReached = [...region.querySelectorAll(STOPS)].some((each) => each.offsetParent !== null);
  const needsStop = overflows && !isReached;
  if (needsStop && !region.hasAttribute("tabindex")) {
    made.add(region);
    region.tabIndex = 0;
    region.setAttribute("role", "region");
    region.setAttribute("aria-label", nameOf(region));
  } else if (made.has(region) && !needsStop) {
    made.delete(region);
    for (const name of ["tabindex", "role", "aria-label"]) region.removeAttribute(name);
  }
}

const observer = new ResizeObserver((entries) => entries.forEach((each) => look(each.target)));

function start(root) {
  root.querySelectorAll(SCROLLS).forEach((region) => observer.observe(region));
}
start(document);
document.addEventListener("htmx:load", (event) => start(event.target.parentElement || document));
