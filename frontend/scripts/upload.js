// <div data-upload [data-max-bytes]> around a file input: drop a file on it, see its name and size before sending.
import { language, text } from "./text.js";

function size(bytes) {
  const [value, unit] = bytes < 1e3 ? [bytes, "byte"] : bytes < 1e6 ? [bytes / 1e3, "kilobyte"] : [bytes / 1e6, "megabyte"];
  return new Intl.NumberFormat(language(), { style: "unit", unit, maximumFractionDigits: 1 }).format(value);
}

function show(area, input) {
  const name = area.querySelector("[data-upload-name]");
  const file = input.files[0];
  const limit = Number(area.dataset.maxBytes || 0);
  name.hidden = !file;
  area.querySelector("[data-upload-hint]").hidden = Boolean(file);
  area.classList.remove("file-drop-wrong");
  input.setCustomValidity("");
  if (!file) return;
  if (limit && file.size > limit) {
    const sentence = text("file_too_big", { name: file.name, size: size(file.size), limit: size(limit) });
    name.textContent = sentence;
    area.classList.add("file-drop-wrong");
    input.setCustomValidity(sentence);
  } else {
    name.textContent = text("file_chosen", { name: file.name, size: size(file.size) });
  }
}

export function startUploads(root) {
  for (const area of root.querySelectorAll("[data-upload]:not([data-upload-ready])")) {
    const input = area.querySelector('input[type="file"]');
    if (!input) continue;
    area.dataset.uploadReady = "";
    input.addEventListener("change", () => show(area, input));
    // A form with novalidate would send the file that is too large all the same.
    input.form?.addEventListener("submit", (event) => {
      if (!input.validity.customError) return;
      event.preventDefault();
      input.reportValidity();
    });
    area.addEventListener("dragover", (event) => {
      event.preventDefault();
      area.classList.add("file-drop-over");
    });
    area.addEventListener("dragleave", () => area.classList.remove("file-drop-over"));
    area.addEventListener("drop", (event) => {
      event.preventDefault();
      area.classList.remove("file-drop-over");
      if (!event.dataTransfer.files.length) return;
      input.files = event.dataTransfer.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    });
  }
}
