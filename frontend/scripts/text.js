// Sentences come from the page, in the reader's language: {{ shell_text|json_script:"laurel-text" }}.
let texts;

export function text(key, values = {}) {
  texts ??= JSON.parse(document.getElementById("laurel-text")?.textContent || "{}");
  return (texts[key] || key).replace(/%\((\w+)\)s/g, (_, name) => String(values[name] ?? ""));
}

export const language = () => document.documentElement.lang || "en";

export function clock(moment) {
  return new Date(moment).toLocaleTimeString(language(), { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
}

export function toast(sentence) {
  const place = document.querySelector("[data-toasts]");
  if (!place) return;
  const line = document.createElement("div");
  line.className = "toast-line";
  line.textContent = sentence;
  place.append(line);
  setTimeout(() => line.remove(), 5000);
}

export function csrfToken() {
  return document.querySelector('meta[name="csrf-token"]')?.content || "";
}
