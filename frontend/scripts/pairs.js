// Paired comparison by keys: each button with data-pair-key is pressed by that key, the undo button by U or Backspace.
// The buttons post and the answer brings the next pair (htmx); keys that come while one is on its way count for nothing.
let isListening = false;

function press(event) {
  const place = document.querySelector("[data-pairs]");
  if (!place || event.repeat || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (event.target.closest?.("input:not([type=hidden]), textarea, select, dialog[open]") || document.querySelector("dialog[open]")) return;
  const isUndo = event.key === "u" || event.key === "U" || event.key === "Backspace";
  const button = isUndo ? place.querySelector("[data-pair-undo]") : place.querySelector(`[data-pair-key="${CSS.escape(event.key)}"]`);
  if (!button) return;
  event.preventDefault();
  // Nor does a key that was meant for the pair before: the new one has to be there whole.
  if (!place.querySelector(".htmx-request") && !place.classList.contains("htmx-added")) button.click();
}

export function startPairs(root) {
  const place = root.matches?.("[data-pairs]") ? root : root.querySelector("[data-pairs]");
  if (!place) return;
  if (!isListening) document.addEventListener("keydown", press);
  isListening = true;
  // The next pair is read from its beginning.
  if (place.getBoundingClientRect().top < 0) place.scrollIntoView({ block: "start" });
}
