// The manager's scoring grid. The HTML stays a table of real controls; this makes it fast and safe to fill in.
//
// <div data-grid-bar> with [data-grid-progress], [data-grid-meter], [data-grid-state], [data-grid-live]   components/grid_frame.html
// <table data-grid data-seconds-per-item="60">
//   <tr data-row>
//     <th scope="row">who</th>
//     <td data-cell                     an item that is judged
//         data-kind="score|comment"
//         data-url="…"                  where it is saved; without it the cell is read-only
//         data-version="3"              echoed as it stands
//         data-min data-max data-step   of a score (default 1, 5, 1)
//         data-blank="–"                what stands for "not observed", where that may be answered (the key - types it)
//         data-item="care"              its levels in words are in <template data-choices="care">: buttons with data-level
//         data-evidence-url="…"         loaded into #evidence when the cell gets focus
//         data-label="Care">            head of the column, shown on the phone's card
//       <input type="text" inputmode="numeric"> | <select> with one option per level | <textarea>
//   [data-grid-fallback]                what only pages without scripts show
//
// PUT data-url, JSON {"value": "4" | "text" | null, "version": 3}, headers X-CSRFToken and If-Match: "3". Answers:
//   200 {"version", "value", "saved_at", "progress": {"done", "total", "minutes_left"?, "as_of"?}}
//   409 {"version", "value", "saved_by"?}: someone else's value; the person chooses
//   400/422 {"detail"}: shown at the cell; 403/404/410 {"detail"}: refused for good
//   401 or a redirect: signed out; 5xx, 429, no answer: kept here and tried again
import { Autosaver, same } from "./autosave.js";
import { clock, text } from "./text.js";

const TYPING_PAUSE = 800;
const EVIDENCE_PAUSE = 200;
const BUTTONS_AT_MOST = 10;

export function startGrids(root, htmx) {
  const tables = root.matches?.("[data-grid]") ? [root] : root.querySelectorAll("[data-grid]:not(.grid-live)");
  for (const table of tables) new Grid(table, htmx);
}

class Grid {
  constructor(table, htmx) {
    this.table = table;
    this.htmx = htmx;
    this.cells = new Map(); // url -> td
    this.conflicts = [];
    this.saver = new Autosaver({
      user: document.body.dataset.user,
      onState: (url, state, detail) => this.showState(this.cells.get(url), state, detail),
      onConflict: (url, mine, theirs) => this.askAbout(url, mine, theirs),
    });
    const bar = document.querySelector("[data-grid-bar]");
    this.progress = bar?.querySelector("[data-grid-progress]");
    this.meter = bar?.querySelector("[data-grid-meter]");
    this.state = bar?.querySelector("[data-grid-state]");
    this.live = bar?.querySelector("[data-grid-live]");
    this.dialog = document.getElementById("grid-conflict");
    this.panel = document.getElementById("evidence-panel");

    table.classList.add("grid-live");
    table.parentElement.closest("form")?.classList.add("grid-live");
    for (const cell of table.querySelectorAll("[data-cell]")) this.prepare(cell);
    this.unfoldNext();
    if (this.meter) this.showProgress({ done: this.meter.value, total: this.meter.max });

    table.addEventListener("keydown", (event) => this.onKey(event));
    table.addEventListener("input", (event) => this.onInput(event));
    table.addEventListener("change", (event) => this.onChange(event));
    table.addEventListener("focusin", (event) => this.onFocus(event));
    table.addEventListener("focusout", (event) => this.onBlur(event));
    table.addEventListener("pointerdown", (event) => this.onPointer(event));
    table.addEventListener("click", (event) => this.onClick(event));
    table.closest("form")?.addEventListener("submit", (event) => event.preventDefault());
    this.dialog?.addEventListener("click", (event) => this.onChoice(event));
    this.dialog?.addEventListener("cancel", (event) => event.preventDefault()); // one of the two must be chosen
    this.dialog?.setAttribute("data-sticky", "");
    this.panel?.querySelector("[data-evidence-close]")?.addEventListener("click", () => this.closeEvidence());
    this.panel?.addEventListener("click", (event) => this.onPanelClick(event));
  }

  prepare(cell) {
    const control = controlOf(cell);
    if (!control) return;
    if (control.matches("input") && !control.placeholder) control.placeholder = " "; // lets the style see an empty score
    cell.dataset.saved = control.value;
    if (!cell.dataset.url) {
      control.disabled = true;
      return;
    }
    this.cells.set(cell.dataset.url, cell);
    if (cell.dataset.kind === "score") this.addButtons(cell, control);
    this.addEvidenceButton(cell);
    const draft = this.saver.recover(cell.dataset.url);
    if (!draft) return;
    if (same(draft.value, control.value)) {
      localStorage.removeItem(this.saver.prefix + cell.dataset.url);
      return;
    }
    // An earlier visit ended before the server had this. If someone changed it since, the version tells.
    setValue(cell, draft.value);
    this.saver.put(cell.dataset.url, draft.value, draft.version, { sent: draft.sent });
  }

  // Big buttons for the thumb; on a desk they are hidden and the control itself is used.
  addButtons(cell, control) {
    const choices = document.querySelector(`template[data-choices="${CSS.escape(cell.dataset.item || "")}"]`);
    if (choices) {
      this.addChoices(cell, control, choices);
      return;
    }
    const levels = levelsOf(cell, control);
    if (!levels.length || levels.length > BUTTONS_AT_MOST) return;
    const group = document.createElement("div");
    group.className = "grid-buttons";
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", control.getAttribute("aria-label") || "");
    if (levels.some((level) => level.name !== level.value)) group.classList.add("grid-buttons-named");
    for (const level of levels) {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.level = level.value;
      button.textContent = level.name;
      group.append(button);
    }
    cell.append(group);
    cell.classList.add("grid-has-buttons");
    pressButtons(cell, control.value);
  }

  // The same with what each level looks like. Once chosen, the others fold away until the person wants to change it.
  addChoices(cell, control, choices) {
    const group = document.createElement("div");
    group.className = "grid-buttons grid-choices";
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", control.getAttribute("aria-label") || "");
    group.append(choices.content.cloneNode(true));
    const again = document.createElement("button");
    again.type = "button";
    again.className = "btn btn-small choice-again";
    again.dataset.reopen = "";
    again.textContent = text("change_choice");
    const begin = document.createElement("button");
    begin.type = "button";
    begin.className = "btn choice-begin";
    begin.dataset.begin = "";
    begin.textContent = text("choose");
    group.append(again, begin);
    group.toggleAttribute("data-waiting", !control.value);
    cell.append(group);
    cell.classList.add("grid-has-buttons");
    pressButtons(cell, control.value);
  }

  // On a phone the levels of one item stand open at a time, the first without a choice after `cell`: the whole team with
  // all of its levels in words would be thirty screens long. Any other opens by a touch.
  unfoldNext(cell = null) {
    const waiting = [...this.table.querySelectorAll(".grid-choices[data-waiting]")];
    const after = (group) => cell && cell.compareDocumentPosition(group) & Node.DOCUMENT_POSITION_FOLLOWING;
    (waiting.find(after) ?? waiting[0])?.removeAttribute("data-waiting");
  }

  addEvidenceButton(cell) {
    const head = cell.closest("[data-row]")?.querySelector("th");
    if (!cell.dataset.evidenceUrl || !this.panel || !head || head.querySelector(".grid-evidence-button")) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn-small grid-evidence-button";
    button.textContent = text("evidence");
    button.addEventListener("click", () => {
      this.loadEvidence(cell);
      this.panel.classList.add("evidence-open");
      this.panel.querySelector("[data-evidence-close]")?.focus();
      this.evidenceOpener = button;
    });
    head.append(button);
  }

  // --- keys -----------------------------------------------------------------------------------------------------------

  onKey(event) {
    const cell = event.target.closest("[data-cell]");
    if (!cell || event.isComposing || event.target.closest(".grid-buttons") || event.ctrlKey || event.metaKey || event.altKey) return;
    const control = controlOf(cell);
    const editing = cell.hasAttribute("data-editing");
    const isComment = cell.dataset.kind === "comment";
    const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

    if (event.key === "Enter" && !(isComment && event.shiftKey)) {
      event.preventDefault();
      this.commit(cell);
      this.move(cell, event.shiftKey ? -1 : 1, 0);
    } else if (event.key === "Escape") {
      event.preventDefault();
      setValue(cell, cell.dataset.before ?? cell.dataset.saved);
      cell.removeAttribute("data-editing");
      this.commit(cell);
      control.select?.();
    } else if (moves[event.key] && !editing) {
      event.preventDefault();
      this.commit(cell);
      this.move(cell, ...moves[event.key]);
    } else if (event.key === "F2") {
      event.preventDefault();
      cell.setAttribute("data-editing", "");
      control.setSelectionRange?.(control.value.length, control.value.length);
    } else if ((event.key === "Delete" || event.key === "Backspace") && !editing && !control.disabled) {
      event.preventDefault();
      setValue(cell, "");
      this.commit(cell);
    } else if (/^[-–－]$/.test(event.key) && cell.dataset.blank && !control.disabled) {
      event.preventDefault();
      setValue(cell, cell.dataset.blank);
      this.commit(cell);
      this.pressPanel(cell);
      control.select?.();
    } else if (/^[0-9]$/.test(event.key) && cell.dataset.kind === "score" && isDigitScale(cell)) {
      event.preventDefault();
      this.scoreByDigit(cell, event.key);
    } else if (event.key.length === 1 && (isComment || !isDigitScale(cell))) {
      cell.setAttribute("data-editing", "");
    }
  }

  scoreByDigit(cell, digit) {
    const { min, max } = limits(cell);
    const score = digit === "0" && min > 0 ? 10 : Number(digit);
    if (score < min || score > max) {
      this.complain(cell, text("between", { min, max }));
      return;
    }
    setValue(cell, String(score));
    this.commit(cell);
    controlOf(cell).select?.();
  }

  move(cell, down, right) {
    const row = cell.closest("tr");
    const places = [...row.querySelectorAll("[data-cell][data-url]")];
    const column = places.indexOf(cell);
    let target = null;
    if (right) {
      target = places[column + right];
    } else {
      for (let next = row; (next = down > 0 ? next.nextElementSibling : next.previousElementSibling); ) {
        const found = [...next.querySelectorAll("[data-cell][data-url]")][column];
        if (found) {
          target = found;
          break;
        }
      }
    }
    const control = target && controlOf(target);
    if (!control) return;
    control.focus();
    control.select?.();
  }

  onPointer(event) {
    const cell = event.target.closest("[data-cell]");
    if (cell?.dataset.kind === "comment") cell.setAttribute("data-editing", "");
  }

  // --- values ---------------------------------------------------------------------------------------------------------

  onFocus(event) {
    const cell = event.target.closest("[data-cell]");
    if (!cell) return;
    cell.dataset.before = controlOf(cell).value;
    if (!cell.hasAttribute("data-editing")) event.target.select?.();
    if (!cell.dataset.evidenceUrl || !this.panel) return;
    clearTimeout(this.evidenceTimer);
    this.evidenceTimer = setTimeout(() => this.loadEvidence(cell), EVIDENCE_PAUSE);
  }

  onBlur(event) {
    const cell = event.target.closest("[data-cell]");
    if (!cell || cell.contains(event.relatedTarget)) return;
    cell.removeAttribute("data-editing");
    this.commit(cell);
  }

  onInput(event) {
    const cell = event.target.closest("[data-cell]");
    if (!cell?.dataset.url) return;
    this.clearComplaint(cell);
    if (cell.dataset.kind === "comment") this.save(cell, TYPING_PAUSE);
  }

  onChange(event) {
    const cell = event.target.closest("[data-cell]");
    if (cell) this.commit(cell);
  }

  // The words beside the focused cell are buttons, too.
  onPanelClick(event) {
    const button = event.target.closest("[data-level]");
    const cell = this.evidenceCell;
    if (!button || !cell?.dataset.url) return;
    const control = controlOf(cell);
    if (control.disabled || control.readOnly) return;
    setValue(cell, control.value === button.dataset.level ? "" : button.dataset.level);
    this.commit(cell);
    control.focus();
  }

  pressPanel(cell) {
    if (this.panel && cell === this.evidenceCell) pressButtons(this.panel, controlOf(cell).value);
  }

  onClick(event) {
    const again = event.target.closest("[data-reopen]");
    if (again) {
      again.parentElement.toggleAttribute("data-open");
      return;
    }
    const begin = event.target.closest("[data-begin]");
    if (begin) {
      const group = begin.parentElement;
      group.removeAttribute("data-waiting");
      group.querySelector("[data-level]").focus();
      return;
    }
    const button = event.target.closest("[data-level]");
    const cell = button?.closest("[data-cell]");
    if (!cell) {
      if (event.target.closest("[data-cell][data-cell-state='conflict']")) this.showNextConflict();
      return;
    }
    const control = controlOf(cell);
    const group = button.closest(".grid-choices");
    if (group && control.value === button.dataset.level && !group.hasAttribute("data-open")) {
      group.setAttribute("data-open", ""); // folded: a touch unfolds, the next one takes it back
      return;
    }
    group?.removeAttribute("data-open");
    // A second press takes the score back: a thumb slips.
    const isFirst = !control.value;
    setValue(cell, control.value === button.dataset.level ? "" : button.dataset.level);
    this.commit(cell);
    if (group && isFirst) this.unfoldNext(cell);
  }

  // Check what stands in the cell and save it at once if it is new.
  commit(cell) {
    const control = controlOf(cell);
    if (!cell.dataset.url || control.disabled) return;
    if (cell.dataset.kind === "score") {
      control.value = control.value.trim();
      const problem = this.problemOf(cell, control.value);
      if (problem) {
        this.complain(cell, problem);
        return;
      }
    }
    this.clearComplaint(cell);
    this.save(cell, 0);
  }

  problemOf(cell, value) {
    if (value === "" || value === cell.dataset.blank || controlOf(cell).matches("select")) return "";
    const { min, max, step } = limits(cell);
    const score = Number(value.replace(",", "."));
    if (Number.isNaN(score) || score < min || score > max || (step >= 1 && !Number.isInteger(score))) return text("between", { min, max });
    return "";
  }

  save(cell, wait) {
    const value = controlOf(cell).value;
    pressButtons(cell, value);
    this.pressPanel(cell);
    const entry = this.saver.entries.get(cell.dataset.url);
    const known = entry && entry.state !== "saved" ? entry.value : cell.dataset.saved;
    if (same(value, known)) {
      if (wait === 0 && entry?.state === "waiting") this.saver.flush();
      return;
    }
    this.saver.put(cell.dataset.url, value === "" ? null : value, cell.dataset.version, { wait });
  }

  complain(cell, sentence) {
    let place = cell.querySelector(".cell-message");
    if (!place) {
      place = document.createElement("div");
      place.className = "cell-message";
      place.id = `message-${Math.random().toString(36).slice(2)}`;
      cell.append(place);
      controlOf(cell).setAttribute("aria-describedby", place.id);
    }
    place.textContent = sentence;
    controlOf(cell).setAttribute("aria-invalid", "true");
    this.announce(sentence);
  }

  clearComplaint(cell) {
    cell.querySelector(".cell-message")?.remove();
    controlOf(cell).removeAttribute("aria-invalid");
    controlOf(cell).removeAttribute("aria-describedby");
  }

  // --- what the reader is told ----------------------------------------------------------------------------------------

  showState(cell, state, detail) {
    cell.dataset.cellState = state;
    cell.dataset.version = detail.version;
    if (state === "saved") {
      cell.dataset.saved = detail.current ?? "";
      if (detail.chosen) setValue(cell, detail.value);
      this.savedAt = detail.saved_at || new Date().toISOString();
      if (detail.progress) this.showProgress(detail.progress);
    } else if (state === "refused") {
      const reason = detail.reason || text("forbidden");
      this.complain(cell, text("refused", { reason }));
      if (detail.final) controlOf(cell).readOnly = true;
    }
    this.showSummary(state, detail);
  }

  showSummary(state, detail) {
    const offline = this.saver.count("offline");
    const failed = this.saver.count("failed");
    const was = this.summary;
    if (detail.signedOut) this.summarise("offline", text("signed_out"));
    else if (offline) this.summarise("offline", offline === 1 ? text("offline_one") : text("offline", { count: offline }));
    else if (failed) this.summarise("failed", text("failed"));
    else if (this.saver.count("conflict")) this.summarise("conflict", text("conflict"));
    else if (this.saver.count("refused")) this.summarise("refused", text("refused", { reason: detail.reason || "" }));
    else if (this.saver.count("saving")) this.summarise("saving", text("saving"));
    else if (this.saver.count("waiting")) this.summarise("waiting", text("waiting"));
    else if (this.savedAt) {
      const sentence = text("all_saved", { time: clock(this.savedAt) });
      this.summarise("saved", sentence);
      if (was === "offline" || was === "failed") this.announce(text("back_online"));
      else if (state === "saved") this.announce(sentence);
    }
    if (["offline", "failed", "conflict"].includes(this.summary) && was !== this.summary) this.announce(this.state?.textContent || "");
  }

  summarise(kind, sentence) {
    this.summary = kind;
    if (!this.state) return;
    this.state.className = `grid-state grid-state-${kind}`;
    this.state.textContent = sentence;
  }

  announce(sentence) {
    if (this.live) this.live.textContent = sentence;
  }

  // Saves run side by side, so an answer that was counted earlier may arrive later: the newest count stands.
  showProgress({ done, total, minutes_left: given, as_of: countedAt = 0 }) {
    if (!this.progress || countedAt < (this.countedAt ?? 0)) return;
    this.countedAt = countedAt;
    const minutes = given ?? Math.ceil(((total - done) * Number(this.table.dataset.secondsPerItem || 60)) / 60);
    const key = done >= total ? "progress_finished" : minutes <= 1 ? "progress_left_one" : "progress_left";
    this.progress.textContent = text(key, { done, total, minutes });
    if (this.meter) {
      this.meter.max = total;
      this.meter.value = done;
    }
  }

  // --- two people, one cell -------------------------------------------------------------------------------------------

  askAbout(url, mine, theirs) {
    this.conflicts.push({ url, mine, theirs });
    this.showNextConflict();
  }

  showNextConflict() {
    if (!this.dialog || this.dialog.open || !this.conflicts.length) return;
    const { url, mine, theirs } = this.conflicts[0];
    const show = (value) => (value === null || value === undefined || value === "" ? text("empty_value") : String(value));
    this.dialog.querySelector("[data-conflict-where]").textContent = controlOf(this.cells.get(url)).getAttribute("aria-label") || "";
    this.dialog.querySelector("[data-conflict-mine]").textContent = show(mine);
    this.dialog.querySelector("[data-conflict-theirs]").textContent = show(theirs.value);
    this.dialog.querySelector("[data-conflict-by]").textContent = theirs.saved_by ? ` (${theirs.saved_by})` : "";
    this.dialog.showModal();
  }

  onChoice(event) {
    const choice = event.target.closest("[data-conflict-choice]")?.dataset.conflictChoice;
    if (!choice) return;
    const { url, theirs } = this.conflicts.shift();
    this.dialog.close();
    this.saver.resolve(url, choice, theirs);
    controlOf(this.cells.get(url)).focus();
    this.showNextConflict();
  }

  // --- evidence -------------------------------------------------------------------------------------------------------

  loadEvidence(cell) {
    if (this.evidenceUrl === cell.dataset.evidenceUrl) return;
    this.evidenceUrl = cell.dataset.evidenceUrl;
    this.evidenceCell = cell;
    const asked = this.evidenceUrl;
    this.htmx
      .ajax("GET", asked, { target: "#evidence", swap: "innerHTML", source: this.panel })
      .then(() => this.pressPanel(cell)) // what was typed meanwhile is newer than what came
      .catch(() => {
        // Said by a toast (app.js); the next visit of the cell asks again.
        if (this.evidenceUrl === asked) this.evidenceUrl = null;
      });
  }

  closeEvidence() {
    this.panel.classList.remove("evidence-open");
    this.evidenceOpener?.focus();
  }
}

function controlOf(cell) {
  return cell.querySelector("input, select, textarea");
}

function setValue(cell, value) {
  controlOf(cell).value = value ?? "";
  pressButtons(cell, controlOf(cell).value);
}

function pressButtons(cell, value) {
  for (const button of cell.querySelectorAll("[data-level]")) {
    button.setAttribute("aria-pressed", String(button.dataset.level === value));
  }
}

function limits(cell) {
  const control = controlOf(cell);
  if (control.matches("select")) {
    const values = [...control.options].filter((option) => option.value !== "").map((option) => Number(option.value)).filter((value) => !Number.isNaN(value));
    return { min: Math.min(...values), max: Math.max(...values), step: 1 };
  }
  return { min: Number(cell.dataset.min || 1), max: Number(cell.dataset.max || 5), step: Number(cell.dataset.step || 1) };
}

// A scale on which one key is a whole answer: 1-5, 0-9, 1-10.
function isDigitScale(cell) {
  const { min, max, step } = limits(cell);
  return step >= 1 && min >= 0 && (max <= 9 || (max === 10 && min > 0));
}

function levelsOf(cell, control) {
  if (control.matches("select")) {
    return [...control.options].filter((option) => option.value !== "").map((option) => ({ value: option.value, name: option.textContent.trim() }));
  }
  const { min, max, step } = limits(cell);
  if (step < 1) return [];
  const levels = [];
  for (let score = min; score <= max; score += step) levels.push({ value: String(score), name: String(score) });
  return levels;
}
