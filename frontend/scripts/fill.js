// <button data-fill="#element" data-value="E0004">: writes the value there and says which button was chosen.

export function startFilling() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-fill]");
    const field = button && document.querySelector(button.dataset.fill);
    if (!field) return;
    field.value = button.dataset.value;
    field.dispatchEvent(new Event("change", { bubbles: true }));
    for (const other of document.querySelectorAll(`[data-fill="${button.dataset.fill}"]`)) {
      other.setAttribute("aria-pressed", String(other === button));
    }
  });
}
