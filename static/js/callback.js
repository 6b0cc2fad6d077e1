// The three questions of a call-back, in their order (form[data-callback-form]).
//   A question opens when the one before is answered; without a connection none does.
//   1–5 answer the question that is next; the buttons show what usually follows. A question with
//   data-optional may stay unanswered.
// Without this script every question is open and the server checks the order.

const DISLIKES = ["average", "dissatisfied", "very_dissatisfied"];

class Call {
  constructor(form) {
    this.form = form;
    this.advice = form.querySelector("[data-advice]");
    this.words = form.querySelector("[data-advice-words]").dataset;
    this.questions = [...form.querySelectorAll("[data-question]")];
    this.buttons = [...form.querySelectorAll("[data-then]")];
    this.number();
    form.addEventListener("change", () => this.show());
    document.addEventListener("keydown", (event) => this.key(event));
    this.show();
  }

  chosen(name) {
    const radio = this.form.querySelector(`input[name="${name}"]:checked`);
    return radio ? radio.value : "";
  }

  radios(question) {
    return [...question.querySelectorAll('input[type="radio"]')];
  }

  /** Every answer shows its key. */
  number() {
    this.questions.forEach((question) =>
      this.radios(question).forEach((radio, index) => {
        const key = document.createElement("kbd");
        key.textContent = String(index + 1);
        radio.nextElementSibling.append(key);
      }),
    );
  }

  show() {
    const isConnected = this.chosen("outcome") === "connected";
    let isOpen = isConnected;
    this.questions.forEach((question) => {
      const radios = this.radios(question);
      radios.forEach((radio) => {
        radio.disabled = !isOpen;
        if (!isConnected) radio.checked = false;
      });
      if (!("optional" in question.dataset)) {
        isOpen = isOpen && radios.some((radio) => radio.checked);
      }
    });
    this.suggest(isConnected, isOpen);
  }

  suggest(isConnected, isComplete) {
    let then = "none";
    let words = "";
    if (isComplete) {
      const isGood =
        this.chosen("resolved") === "yes" && !DISLIKES.includes(this.chosen("satisfaction"));
      then = isGood ? "close" : "rehandle";
      words = this.words[then];
    } else if (!isConnected) {
      const isEnded = ["declined", "refused"].includes(this.chosen("outcome"));
      words = isEnded ? this.words.ended : this.words.none;
    }
    const canFollow = this.buttons.length > 1;
    this.buttons.forEach((button) => {
      const isMain = button.dataset.then === (canFollow ? then : "none");
      button.classList.toggle("btn-primary", isMain && (isComplete || !isConnected));
      // What the record could not bear out is not offered.
      button.disabled = button.dataset.then === "none" ? isConnected && !isComplete : !isComplete;
      if (button.dataset.then === "rehandle" && then === "close") button.disabled = true;
    });
    this.advice.hidden = !words || (!canFollow && isComplete);
    this.advice.textContent = words;
  }

  /** A digit answers the question in focus, else the first open one without an answer. */
  key(event) {
    if (event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.target.matches('textarea, input:not([type="radio"])')) return;
    if (!/^[1-5]$/.test(event.key)) return;
    const open = this.questions.filter((question) =>
      this.radios(question).some((radio) => !radio.disabled),
    );
    const question =
      open.find((each) => each.contains(document.activeElement)) ||
      open.find((each) => !this.radios(each).some((radio) => radio.checked));
    const radio = question && this.radios(question)[Number(event.key) - 1];
    if (!radio) return;
    event.preventDefault();
    radio.checked = true;
    this.show();
    const next = this.questions[this.questions.indexOf(question) + 1];
    const target = next ? this.radios(next)[0] : this.buttons.find((each) => !each.disabled);
    if (target) target.focus();
  }
}

document.querySelectorAll("form[data-callback-form]").forEach((form) => new Call(form));
