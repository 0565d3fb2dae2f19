// A table of inputs that behaves like a sheet: paste from a spreadsheet, arrows and Enter move, rows come and go.
// On submit all rows travel as one JSON text; without this script the inputs are posted as they are.

const cellsOf = (row) => [...row.querySelectorAll("td input")];
const rowsOf = (table) => [...table.tBodies[0].rows];

function renumber(table) {
  rowsOf(table).forEach((row, index) => {
    row.querySelector(".sheet-number").textContent = index + 1;
  });
}

function addRow(form, table) {
  const row = form.querySelector("template[data-sheet-row]").content.firstElementChild.cloneNode(true);
  table.tBodies[0].append(row);
  showRemovers(row);
  renumber(table);
  return row;
}

function showRemovers(root) {
  for (const button of root.querySelectorAll("[data-sheet-remove]")) button.hidden = false;
}

function paste(event, form, table) {
  const input = event.target.closest("td input");
  const text = event.clipboardData?.getData("text/plain") ?? "";
  // One cell is pasted as everywhere else.
  if (!input || input.readOnly || !/[\t\n]/.test(text.replace(/\r?\n$/, ""))) return;
  event.preventDefault();
  const row = input.closest("tr");
  const column = cellsOf(row).indexOf(input);
  let place = rowsOf(table).indexOf(row);
  for (const line of text.replace(/\r?\n$/, "").split(/\r?\n/)) {
    const target = rowsOf(table)[place] ?? addRow(form, table);
    line.split("\t").forEach((value, offset) => {
      const cell = cellsOf(target)[column + offset];
      if (!cell) return;
      cell.value = value.trim();
      settle(cell);
    });
    place += 1;
  }
  addRow(form, table);
}

// What was wrong with a cell is no longer said once it is changed.
function settle(input) {
  input.removeAttribute("aria-invalid");
  input.parentElement.querySelector(".field-error")?.remove();
}

function move(event, form, table) {
  const input = event.target.closest("td input");
  if (!input || event.isComposing || event.altKey || event.ctrlKey || event.metaKey) return;
  const row = input.closest("tr");
  const column = cellsOf(row).indexOf(input);
  const atStart = input.selectionStart === 0 && input.selectionEnd === 0;
  const atEnd = input.selectionStart === input.value.length && input.selectionEnd === input.value.length;
  let next;
  if (event.key === "ArrowUp" || (event.key === "Enter" && event.shiftKey)) next = row.previousElementSibling && cellsOf(row.previousElementSibling)[column];
  else if (event.key === "ArrowDown" || event.key === "Enter") {
    // Where suggestions are open the arrows belong to them; Enter always moves.
    if (event.key === "ArrowDown" && input.list && input.value && !row.nextElementSibling) return;
    const below = row.nextElementSibling ?? (event.key === "Enter" && form.querySelector("template[data-sheet-row]") ? addRow(form, table) : null);
    next = below && cellsOf(below)[column];
  } else if (event.key === "ArrowLeft" && atStart) next = cellsOf(row)[column - 1];
  else if (event.key === "ArrowRight" && atEnd) next = cellsOf(row)[column + 1];
  else return;
  if (event.key === "Enter") event.preventDefault();
  if (!next) return;
  event.preventDefault();
  next.focus();
  next.select();
}

function pack(event, form, table) {
  const rows = rowsOf(table).map((row) => Object.fromEntries(cellsOf(row).map((input) => [input.name, input.value])));
  const packed = form.querySelector('input[name="rows"]') ?? form.appendChild(Object.assign(document.createElement("input"), { type: "hidden", name: "rows" }));
  packed.value = JSON.stringify(rows);
  // Disabled only for this submission: whoever comes back with the browser's button finds them alive.
  const inputs = [...table.querySelectorAll("td input")];
  for (const input of inputs) input.disabled = true;
  setTimeout(() => inputs.forEach((input) => (input.disabled = false)));
}

export function startSheets(root) {
  for (const table of root.querySelectorAll("[data-sheet]")) {
    const form = table.closest("form");
    if (!form || table.dataset.live) continue;
    table.dataset.live = "true";
    showRemovers(table);
    table.addEventListener("paste", (event) => paste(event, form, table));
    table.addEventListener("keydown", (event) => move(event, form, table));
    table.addEventListener("input", (event) => event.target.closest("td input") && settle(event.target));
    table.addEventListener("click", (event) => {
      const button = event.target.closest("[data-sheet-remove]");
      if (!button) return;
      const row = button.closest("tr");
      const near = row.nextElementSibling ?? row.previousElementSibling;
      row.remove();
      if (!near) addRow(form, table);
      renumber(table);
      (near ? cellsOf(near)[0] : table.querySelector("td input"))?.focus();
    });
    const add = form.querySelector("[data-sheet-add]");
    if (add) {
      add.hidden = false;
      add.addEventListener("click", () => cellsOf(addRow(form, table))[0].focus());
    }
    form.addEventListener("submit", (event) => pack(event, form, table));
  }
}
