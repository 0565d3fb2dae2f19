// <button data-copy="#element">: copies its value or text.
import { text, toast } from "./text.js";

export function startCopying() {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const source = document.querySelector(button.dataset.copy);
    if (!source) return;
    const content = "value" in source ? source.value : source.textContent.trim();
    try {
      await navigator.clipboard.writeText(content);
      toast(text("copied"));
    } catch {
      // Without https there is no clipboard: select it, so that one key does the rest.
      if ("select" in source) source.select();
      else getSelection().selectAllChildren(source);
      toast(text("copy_failed"));
    }
  });
}
