// Bundles styles and scripts into static/dist/. Names carry no hash: Django's static files storage adds its own.
import { build, context } from "esbuild";
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, "static", "dist");

const options = {
  entryPoints: {
    app: join(root, "frontend/scripts/app.js"), // imports the styles, so app.css comes out beside it
    charts: join(root, "frontend/scripts/charts.js"),
    theme: join(root, "frontend/scripts/theme.js"),
  },
  outdir: dist,
  bundle: true,
  minify: true,
  format: "esm",
  // Tabler writes its colours with light-dark() and relative colours; older browsers have no look at all.
  target: ["chrome123", "firefox128", "safari17.5"],
  legalComments: "linked",
  logLevel: "warning",
};

// Icons: names in {% icon "x" %}, in icon="x" and "icon": "x" of templates and Python sources, and the standing list.
const standing = JSON.parse(await readFile(join(root, "frontend/icons.json"), "utf8"));
const skipped = new Set(["node_modules", ".venv", ".git", "var", "static", "dist", "tests", "migrations", "locale", "docs"]);
const patterns = [
  /\{%\s*icon\s+"([a-z0-9-]+)"/g,
  /\bicon="([a-z0-9-]+)"/g,
  /["']icon["']\s*:\s*["']([a-z0-9-]+)["']/g,
];

async function sources(folder) {
  const found = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (skipped.has(entry.name) || entry.name.startsWith(".")) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...(await sources(path)));
    else if (/\.(html|py)$/.test(entry.name)) found.push(path);
  }
  return found;
}

async function buildSprite() {
  const wanted = new Map(standing.map((name) => [name, "frontend/icons.json"]));
  for (const path of await sources(root)) {
    const text = await readFile(path, "utf8");
    for (const pattern of patterns) for (const match of text.matchAll(pattern)) wanted.set(match[1], path);
  }
  const symbols = [];
  const missing = [];
  for (const [name, path] of [...wanted].sort()) {
    try {
      const svg = await readFile(join(root, "node_modules/@tabler/icons/icons/outline", `${name}.svg`), "utf8");
      const body = svg
        .slice(svg.indexOf(">") + 1, svg.lastIndexOf("</svg>"))
        .replace(/<path stroke="none" d="M0 0h24v24H0z" fill="none"\s*\/>/, "")
        .replace(/\s*\n\s*/g, "");
      symbols.push(
        `<symbol id="${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round">${body}</symbol>`,
      );
    } catch {
      missing.push(`${name} (${path.replace(root + "/", "")})`);
    }
  }
  // A name that does not exist would be an empty place on a page that nobody notices.
  if (missing.length) throw new Error(`No such Tabler icon: ${missing.join(", ")}`);
  await writeFile(join(dist, "icons.svg"), `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`);
}

await mkdir(dist, { recursive: true });
await buildSprite();
if (process.argv.includes("--watch")) {
  await (await context(options)).watch();
} else {
  await build(options);
}
