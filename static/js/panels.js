// Dialogs, tabs and small conveniences, all declared in the page:
//   data-dialog-open="id"   opens <dialog id>; data-dialog-close closes the one it stands in;
//                           <dialog data-open-at-load> opens at once (a refused form comes back)
//   data-tabs               a group of <section data-tab="名称">: without this script all are shown
//   data-fill="id" data-value="…"   sets a field (a suggestion is taken over)
//   data-copy="text"        copies
//   data-print              prints
//   data-unit-choices       a field for several units: what is found becomes a box of its own
//   data-submit-on-change   a form sends itself when a choice changes (filters)

document.addEventListener("click", (event) => {
  const element = event.target.closest(
    "[data-dialog-open], [data-dialog-close], [data-fill], [data-copy], [data-print]",
  );
  if (!element) return;
  const { dialogOpen, fill, copy, value } = element.dataset;
  if (dialogOpen) {
    const dialog = document.getElementById(dialogOpen);
    if (dialog && !dialog.open) {
      event.preventDefault();
      dialog.showModal();
      const first = dialog.querySelector(
        "[autofocus], .dialog-body input:not([type=hidden]), .dialog-body select, .dialog-body textarea",
      );
      if (first) first.focus();
    }
  } else if ("dialogClose" in element.dataset) {
    element.closest("dialog").close();
  } else if (fill) {
    setField(fill, value);
  } else if (copy) {
    copyText(copy);
  } else {
    window.print();
  }
});

function setField(id, value) {
  const field = document.getElementById(`${id}-value`) || document.getElementById(id);
  if (!field) return;
  field.value = value;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.dispatchEvent(new Event("change", { bubbles: true }));
}

/** The clipboard needs a secure origin; an office network may have none. */
async function copyText(text) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "visually-hidden";
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}

document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-submit-on-change]");
  if (form && !event.target.matches('input[type="search"], input[type="text"]'))
    form.requestSubmit();
});

let serial = 0;

function makeTabs(group) {
  if (group.dataset.tabsStarted) return;
  group.dataset.tabsStarted = "true";
  const panels = [...group.querySelectorAll(":scope > [data-tab]")];
  const bar = document.createElement("div");
  bar.setAttribute("role", "tablist");
  if (group.dataset.tabs) bar.setAttribute("aria-label", group.dataset.tabs);
  const tabs = panels.map((panel) => {
    serial += 1;
    const tab = document.createElement("button");
    tab.type = "button";
    tab.id = `tab-${serial}`;
    tab.setAttribute("role", "tab");
    panel.id = panel.id || `tab-panel-${serial}`;
    tab.setAttribute("aria-controls", panel.id);
    tab.textContent = panel.dataset.tab;
    if (panel.dataset.tabShortcut) {
      tab.dataset.shortcutGlobal = panel.dataset.tabShortcut;
      tab.dataset.shortcutLabel = panel.dataset.tab;
    }
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-labelledby", tab.id);
    const heading = panel.querySelector("[data-tab-heading]");
    if (heading) heading.hidden = true;
    return tab;
  });
  const show = (index) => {
    tabs.forEach((tab, each) => {
      tab.setAttribute("aria-selected", String(each === index));
      tab.tabIndex = each === index ? 0 : -1;
      panels[each].hidden = each !== index;
    });
  };
  bar.addEventListener("click", (event) => {
    const index = tabs.indexOf(event.target.closest('[role="tab"]'));
    if (index >= 0) show(index);
  });
  bar.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const index = (tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length;
    show(index);
    tabs[index].focus();
  });
  bar.append(...tabs);
  group.prepend(bar);
  show(
    Math.max(
      0,
      panels.findIndex((panel) => panel.hasAttribute("data-tab-active")),
    ),
  );
}

function start(root) {
  root.querySelectorAll("[data-tabs]").forEach(makeTabs);
  root.querySelectorAll("dialog[data-open-at-load]").forEach((dialog) => {
    if (!dialog.open) dialog.showModal();
  });
}
start(document);
document.addEventListener("htmx:load", (event) => start(event.target.parentElement || document));

// A field for several units: what its type-ahead part finds becomes a box of its own.
document.addEventListener("change", (event) => {
  const choices = event.target.closest("[data-unit-choices]");
  if (!choices || !event.target.matches("select") || !event.target.value) return;
  const select = event.target;
  const chosen = select.selectedOptions[0];
  const boxes = [...choices.querySelectorAll('input[type="checkbox"]')];
  const known = boxes.find((box) => box.value === chosen.value);
  if (known) {
    known.checked = true;
  } else {
    const label = document.createElement("label");
    label.className = "check";
    const box = document.createElement("input");
    Object.assign(box, { type: "checkbox", name: choices.dataset.unitChoices, value: chosen.value });
    box.checked = true;
    label.append(box, chosen.label.trim());
    choices.querySelector(".combobox").before(label);
  }
  select.value = "";
  select.dispatchEvent(new Event("change", { bubbles: true }));
});
