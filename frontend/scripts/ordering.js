// An order of people: rows are dragged, moved by arrow keys or buttons, or given the place of the row above with "=".
// What is sent is "12,15=9,3": ids, the best first, people of one place joined by "=". The contract is that of grid.js.
import { Autosaver } from "./autosave.js";
import { text } from "./text.js";

const rowsOf = (list) => [...list.querySelectorAll("[data-person]")];
const isTied = (row) => row.dataset.tied !== undefined;

function written(list) {
  return rowsOf(list).reduce((order, row) => (order ? `${order}${isTied(row) ? "=" : ","}` : "") + row.dataset.person, "");
}

function number(list) {
  let place = 0;
  rowsOf(list).forEach((row, index) => {
    if (index === 0) delete row.dataset.tied;
    if (!isTied(row)) place = index + 1;
    row.querySelector("[data-order-place]").textContent = place;
    row.querySelector("input").value = place;
    row.querySelector('[data-order-move="tie"]').setAttribute("aria-pressed", String(isTied(row)));
  });
}

function inWords(list, order) {
  const names = new Map(rowsOf(list).map((row) => [row.dataset.person, row.dataset.name]));
  return order
    .split(",")
    .map((group) => group.split("=").map((id) => names.get(id) ?? id).join(" = "))
    .join(" › ");
}

function arrange(list, order) {
  const rows = new Map(rowsOf(list).map((row) => [row.dataset.person, row]));
  for (const group of order.split(",")) {
    group.split("=").forEach((id, index) => {
      const row = rows.get(id);
      if (!row) return;
      if (index > 0) row.dataset.tied = "";
      else delete row.dataset.tied;
      list.append(row);
    });
  }
  number(list);
}

// People by place, as ids.
function groupsOf(list) {
  const groups = [];
  for (const row of rowsOf(list)) {
    if (isTied(row) && groups.length) groups.at(-1).push(row.dataset.person);
    else groups.push([row.dataset.person]);
  }
  return groups;
}

// Up and down pass the whole place beside, or step out of a shared one; "tie" joins the place above, or leaves a shared one.
function act(list, row, what) {
  const groups = groupsOf(list);
  const person = row.dataset.person;
  const at = groups.findIndex((group) => group.includes(person));
  const shared = groups[at].length > 1;
  const others = groups[at].filter((id) => id !== person);
  if (what === "tie") {
    if (shared) groups.splice(at, 1, others, [person]);
    else if (at === 0) return false;
    else groups.splice(at - 1, 2, [...groups[at - 1], person]);
  } else if (shared) groups.splice(at, 1, ...(what === "up" ? [[person], others] : [others, [person]]));
  else {
    const to = what === "up" ? at - 1 : at + 1;
    if (to < 0 || to >= groups.length) return false;
    groups.splice(at, 1);
    groups.splice(to, 0, [person]);
  }
  arrange(list, groups.map((group) => group.join("=")).join(","));
  return true;
}

function startDragging(list, changed) {
  let dragged = null;
  list.addEventListener("pointerdown", (event) => {
    const row = event.target.closest("[data-person]");
    if (!row || event.target.closest("button, input") || event.button !== 0) return;
    // A finger on the list scrolls it; it drags by the number at the row's start.
    if (event.pointerType !== "mouse" && !event.target.closest("[data-order-place]")) return;
    dragged = row;
    row.setPointerCapture(event.pointerId);
    row.classList.add("is-dragged");
  });
  list.addEventListener("pointermove", (event) => {
    if (!dragged) return;
    const over = document.elementFromPoint(event.clientX, event.clientY)?.closest("[data-person]");
    if (!over || over === dragged || over.parentElement !== list) return;
    const box = over.getBoundingClientRect();
    if (event.clientY < box.top + box.height / 2) over.before(dragged);
    else over.after(dragged);
    delete dragged.dataset.tied;
    number(list);
  });
  const drop = () => {
    if (!dragged) return;
    dragged.classList.remove("is-dragged");
    dragged = null;
    changed();
  };
  list.addEventListener("pointerup", drop);
  list.addEventListener("pointercancel", drop);
}

function startOrdering(list) {
  list.dataset.live = "true";
  const form = list.closest("form");
  const state = form.querySelector("[data-order-state]");
  const dialog = document.getElementById("order-conflict");
  const { url } = list.dataset;
  let theirs = null;
  const saver = new Autosaver({
    user: document.body.dataset.user,
    onState(_url, name, detail = {}) {
      if (name === "saved") {
        const time = new Date().toLocaleTimeString(document.documentElement.lang, { hour12: false });
        state.textContent = text("saved").replace("%(time)s", time);
        if (detail.chosen) arrange(list, detail.value);
      } else if (name === "offline") state.textContent = text("offline_one");
      else if (name === "refused") state.textContent = text("refused").replace("%(reason)s", detail.reason ?? "");
      else if (name === "conflict") state.textContent = text("conflict");
      else state.textContent = text(name === "saving" ? "saving" : name === "failed" ? "failed" : "waiting");
    },
    onConflict(_url, mine, other) {
      theirs = other;
      dialog.querySelector("[data-order-mine]").textContent = inWords(list, mine);
      dialog.querySelector("[data-order-theirs]").textContent = inWords(list, other.value);
      dialog.showModal();
    },
  });
  const changed = () => {
    number(list);
    saver.put(url, written(list), Number(list.dataset.version), { wait: 400 });
  };
  list.addEventListener("keydown", (event) => {
    const row = event.target.closest("[data-person]");
    if (!row || event.target.closest("input, button") || event.altKey || event.ctrlKey || event.metaKey) return;
    const what = { ArrowUp: "up", ArrowDown: "down", "=": "tie" }[event.key];
    if (!what) return;
    event.preventDefault();
    if (act(list, row, what)) changed();
    row.focus();
  });
  list.addEventListener("click", (event) => {
    const button = event.target.closest("[data-order-move]");
    if (!button) return;
    if (act(list, button.closest("[data-person]"), button.dataset.orderMove)) changed();
    button.focus();
  });
  for (const button of dialog.querySelectorAll("[data-order-choice]")) {
    button.addEventListener("click", () => {
      dialog.close();
      saver.resolve(url, button.dataset.orderChoice, theirs);
    });
  }
  for (const buttons of list.querySelectorAll("[data-order-buttons]")) buttons.hidden = false;
  for (const typed of list.querySelectorAll("[data-order-typed]")) typed.hidden = true;
  form.querySelector("[data-order-fallback] button").addEventListener("click", (event) => {
    event.preventDefault();
    changed();
  });
  startDragging(list, changed);
  number(list);
  recover(list, saver);
}

// An earlier visit ended before the server had this order. If someone changed it since, the version tells.
function recover(list, saver) {
  const { url } = list.dataset;
  const draft = saver.recover(url);
  if (!draft) return;
  if (draft.value === written(list)) {
    localStorage.removeItem(saver.prefix + url);
    return;
  }
  arrange(list, draft.value);
  saver.put(url, draft.value, draft.version, { sent: draft.sent });
}

export function startOrderings(root) {
  for (const list of root.querySelectorAll("[data-order]")) if (!list.dataset.live) startOrdering(list);
}
