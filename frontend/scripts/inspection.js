// The inspector's form. It stays a form of real controls; this saves each of them as it changes and shows the score.
//
// <form data-inspection>
//   <fieldset data-inspect-item data-url data-comment-url>   radios with data-key, or one checkbox; a textarea
//     [data-inspect-version], [data-inspect-comment-version]  hidden, what the server has now
//     [data-inspect-problem]                                  what is wrong with this item
//   [data-inspect-score], [data-inspect-note]                 the score as it stands
//   [data-inspect-fallback]                                   for browsers without scripts
// Around it: components/grid_frame.html. Requests and answers: the contract at the top of grid.js; an answer also has score and note.
import { Autosaver } from "./autosave.js";
import { clock, text } from "./text.js";

const TYPING_PAUSE = 800;

export function startInspections(root) {
  for (const form of root.querySelectorAll("[data-inspection]:not(.inspection-live)")) new Inspection(form);
}

class Inspection {
  constructor(form) {
    this.form = form;
    form.classList.add("inspection-live");
    this.fields = new Map(); // url -> {item, kind}
    this.conflicts = [];
    this.items = [...form.querySelectorAll("[data-inspect-item]")];
    this.saver = new Autosaver({
      user: document.body.dataset.user,
      onState: (url, state, detail) => this.showState(url, state, detail),
      onConflict: (url, mine, theirs) => this.askAbout(url, mine, theirs),
    });
    const bar = document.querySelector("[data-grid-bar]");
    this.progress = bar?.querySelector("[data-grid-progress]");
    this.meter = bar?.querySelector("[data-grid-meter]");
    this.state = bar?.querySelector("[data-grid-state]");
    this.live = bar?.querySelector("[data-grid-live]");
    this.dialog = document.getElementById("grid-conflict");
    for (const item of this.items) {
      this.fields.set(item.dataset.url, { item, kind: "answer" });
      this.fields.set(item.dataset.commentUrl, { item, kind: "comment" });
    }
    for (const [url, field] of this.fields) this.recover(url, field);
    form.addEventListener("change", (event) => this.onChange(event));
    form.addEventListener("input", (event) => this.onInput(event));
    form.addEventListener("keydown", (event) => this.onKey(event));
    this.dialog?.addEventListener("click", (event) => this.onChoice(event));
    this.dialog?.addEventListener("cancel", (event) => event.preventDefault());
    const problem = form.querySelector(".inspect-item-wrong");
    const first = problem?.querySelector("textarea") || this.firstOpen();
    if (problem || matchMedia("(min-width: 900px)").matches) first?.focus({ preventScroll: !problem });
  }

  firstOpen() {
    const open = this.items.find((item) => item.querySelector("input[type=radio]") && !item.querySelector("input[type=radio]:checked"));
    return controlOf(open || this.items[0]);
  }

  recover(url, { item, kind }) {
    const draft = this.saver.recover(url);
    if (!draft) return;
    if (String(draft.value ?? "") === valueOf(item, kind)) {
      localStorage.removeItem(this.saver.prefix + url);
      return;
    }
    setValue(item, kind, draft.value);
    this.saver.put(url, draft.value, draft.version, { sent: draft.sent });
  }

  onChange(event) {
    const item = event.target.closest("[data-inspect-item]");
    if (item) this.save(item, event.target.matches("textarea") ? "comment" : "answer", 0);
  }

  onInput(event) {
    const item = event.target.closest("[data-inspect-item]");
    if (item && event.target.matches("textarea")) this.save(item, "comment", TYPING_PAUSE);
  }

  save(item, kind, wait) {
    const url = kind === "answer" ? item.dataset.url : item.dataset.commentUrl;
    this.saver.put(url, valueOf(item, kind), Number(versionOf(item, kind).value), { wait });
  }

  onKey(event) {
    const item = event.target.closest("[data-inspect-item]");
    if (!item || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches("textarea")) {
      if (event.key === "Escape") {
        event.preventDefault();
        controlOf(item).focus();
      }
      return;
    }
    if (event.key === "ArrowDown" || event.key === "ArrowUp" || (event.key === "Enter" && event.target.matches("input"))) {
      event.preventDefault();
      this.move(item, event.key === "ArrowUp" || (event.key === "Enter" && event.shiftKey) ? -1 : 1);
    } else if (event.key.toLowerCase() === "c") {
      event.preventDefault();
      item.querySelector("textarea").focus();
    } else if (/^[0-9]$/.test(event.key)) {
      const choice = item.querySelector(`input[data-key="${event.key}"]`);
      if (!choice) return;
      event.preventDefault();
      choice.checked = true;
      choice.focus();
      this.save(item, "answer", 0);
    }
  }

  move(item, by) {
    const next = this.items[this.items.indexOf(item) + by];
    if (!next) return;
    controlOf(next).focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  }

  // --- what is shown --------------------------------------------------------------------------------------------------

  showState(url, state, detail) {
    const { item, kind } = this.fields.get(url);
    const problem = item.querySelector("[data-inspect-problem]");
    item.classList.toggle("inspect-item-wrong", state === "refused");
    problem.textContent = state === "refused" ? detail.reason || text("forbidden") : "";
    if (state === "saved") {
      versionOf(item, kind).value = detail.version;
      if (detail.chosen) setValue(item, kind, detail.value);
      if (detail.score !== undefined) this.showScore(detail);
    }
    this.showBar(state, detail);
  }

  showScore({ progress, score, note }) {
    const set = (name, value) => {
      const place = this.form.querySelector(`[data-inspect-${name}]`);
      if (place) place.textContent = value;
    };
    set("score", score);
    set("note", note);
    if (progress && this.progress) this.progress.textContent = text(progress.done >= progress.total ? "progress_finished" : "progress", progress);
    if (progress && this.meter) this.meter.value = progress.done;
  }

  showBar(state, detail) {
    if (!this.state) return;
    if (detail.saved_at) this.savedAt = detail.saved_at;
    const offline = this.saver.count("offline");
    const worst = ["offline", "failed", "conflict", "refused"].find((each) => this.saver.count(each) > 0);
    this.state.className = `grid-state${worst ? ` grid-state-${worst}` : ""}`;
    let sentence = "";
    if (detail.signedOut) sentence = text("signed_out");
    else if (worst === "offline") sentence = offline === 1 ? text("offline_one") : text("offline", { count: offline });
    else if (worst === "refused") sentence = text("refused", { reason: detail.reason || "" });
    else if (worst) sentence = text(worst);
    else if (this.saver.pending()) sentence = text("saving");
    else if (this.savedAt) sentence = text("all_saved", { time: clock(this.savedAt) });
    if (sentence) this.state.textContent = sentence;
    if (this.live && (worst || state === "saved")) this.live.textContent = sentence;
  }

  askAbout(url, mine, theirs) {
    this.conflicts.push({ url, mine, theirs });
    if (this.conflicts.length === 1) this.showConflict();
  }

  showConflict() {
    const [{ url, mine, theirs }] = this.conflicts;
    const { item, kind } = this.fields.get(url);
    const words = (value) => (kind === "answer" ? labelOf(item, value) : value) || "–";
    this.dialog.querySelector("[data-conflict-where]").textContent = item.querySelector("legend").firstChild.textContent;
    this.dialog.querySelector("[data-conflict-mine]").textContent = words(mine);
    this.dialog.querySelector("[data-conflict-theirs]").textContent = words(theirs.value);
    this.dialog.querySelector("[data-conflict-by]").textContent = "";
    this.dialog.showModal();
  }

  onChoice(event) {
    const choice = event.target.closest("[data-conflict-choice]")?.dataset.conflictChoice;
    if (!choice) return;
    const { url, theirs } = this.conflicts.shift();
    this.dialog.close();
    this.saver.resolve(url, choice, theirs);
    if (this.conflicts.length) this.showConflict();
  }
}

function controlOf(item) {
  return item.querySelector("input[type=radio]:checked") || item.querySelector("input[type=radio], input[type=checkbox]");
}

function valueOf(item, kind) {
  if (kind === "comment") return item.querySelector("textarea").value;
  const box = item.querySelector("input[type=checkbox]");
  if (box) return box.checked ? "yes" : "";
  return item.querySelector("input[type=radio]:checked")?.value ?? "";
}

function setValue(item, kind, value) {
  if (kind === "comment") {
    item.querySelector("textarea").value = value ?? "";
    return;
  }
  for (const control of item.querySelectorAll("input[type=radio], input[type=checkbox]")) control.checked = control.value === value;
}

function labelOf(item, value) {
  const control = [...item.querySelectorAll("input[type=radio], input[type=checkbox]")].find((each) => each.value === value);
  return control?.closest("label")?.querySelector("strong, span")?.textContent.trim();
}

function versionOf(item, kind) {
  return item.querySelector(kind === "answer" ? "[data-inspect-version]" : "[data-inspect-comment-version]");
}
