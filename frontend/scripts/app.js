// Everything a page needs before charts: htmx, dialogs, the scoring grid. Fragments that htmx brings are started too.
import "../styles/app.css";
import htmx from "htmx.org";
import { startCopying } from "./copy.js";
import { startFilling } from "./fill.js";
import { startDialogs } from "./dialog.js";
import { startGrids } from "./grid.js";
import { startOrderings } from "./ordering.js";
import { startPairs } from "./pairs.js";
import { startSheets } from "./sheet.js";
import { startInspections } from "./inspection.js";
import { csrfToken, text, toast } from "./text.js";
import { startUploads } from "./upload.js";

window.htmx = htmx;

async function startCharts(root) {
  if (!root.querySelector("[data-chart]")) return;
  // Charts weigh more than all else together, so only pages that have one fetch them.
  const { drawCharts } = await import(document.body.dataset.charts);
  drawCharts(root);
}

function start(root) {
  startUploads(root);
  startGrids(root, htmx);
  startSheets(root);
  startInspections(root);
  startOrderings(root);
  startPairs(root);
  startCharts(root);
  root.querySelector("[data-focus-first]")?.focus();
}

document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRFToken"] = csrfToken();
});
for (const name of ["htmx:responseError", "htmx:sendError"]) {
  document.addEventListener(name, (event) => {
    // What polls says so by itself when it comes back; a toast every second would be noise.
    if (event.detail.elt?.getAttribute("hx-trigger")?.startsWith("every")) return;
    toast(text("request_failed"));
  });
}
document.addEventListener("htmx:afterSettle", (event) => start(event.detail.elt));

startDialogs();
startCopying();
startFilling();
start(document);
