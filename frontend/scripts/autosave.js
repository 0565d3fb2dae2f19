// Saves one value at a time to its address, and loses nothing: what the server has not confirmed stays in localStorage.
//
//   const saver = new Autosaver({ user, onState(url, state, detail), onConflict(url, mine, theirs) });
//   saver.put(url, value, version)   remember and send; newer values of one address replace older ones
//   saver.recover(url)               {value, version} of an earlier visit that was never confirmed, or null
//   saver.resolve(url, "mine"|"theirs", theirs)
//
// Request and answers: the contract at the top of grid.js. States: waiting, saving, saved, offline, failed, conflict, refused.
import { csrfToken } from "./text.js";

const FIRST_RETRY = 1000;
const LAST_RETRY = 60000;
const REQUEST_TIMEOUT = 20000;

export class Autosaver {
  constructor({ user, onState, onConflict }) {
    this.prefix = `laurel:draft:${user}:`;
    this.onState = onState;
    this.onConflict = onConflict;
    this.entries = new Map(); // url -> {value, version, sent, state, timer, busy, delay}
    addEventListener("online", () => this.flush());
    addEventListener("beforeunload", (event) => {
      if (this.pending() > 0) event.preventDefault();
    });
  }

  pending() {
    return [...this.entries.values()].filter((entry) => entry.state !== "saved").length;
  }

  count(state) {
    return [...this.entries.values()].filter((entry) => entry.state === state).length;
  }

  recover(url) {
    try {
      return JSON.parse(localStorage.getItem(this.prefix + url));
    } catch {
      return null;
    }
  }

  put(url, value, version, { wait = 0, sent } = {}) {
    const entry = this.entries.get(url) || { version, sent, delay: FIRST_RETRY };
    this.entries.set(url, entry);
    // The version known here may be newer than the one the page was made with.
    if (entry.version === undefined || entry.state === undefined) entry.version = version;
    entry.value = value;
    this.#keep(url, entry);
    if (entry.state === "conflict") return; // the person decides first
    this.#schedule(url, entry, wait);
    if (!entry.busy) this.#show(url, entry, navigator.onLine ? "waiting" : "offline");
  }

  flush() {
    for (const [url, entry] of this.entries) {
      if (["waiting", "offline", "failed"].includes(entry.state)) {
        entry.delay = FIRST_RETRY;
        this.#schedule(url, entry, 0);
      }
    }
  }

  resolve(url, choice, theirs) {
    const entry = this.entries.get(url);
    entry.version = theirs.version;
    entry.sent = undefined;
    if (choice === "theirs") {
      entry.value = theirs.value;
      this.#forget(url, entry);
      this.#show(url, entry, "saved", { value: theirs.value, version: theirs.version, chosen: true });
    } else {
      entry.state = "waiting";
      this.#keep(url, entry);
      this.#schedule(url, entry, 0);
    }
  }

  #schedule(url, entry, wait) {
    clearTimeout(entry.timer);
    entry.timer = setTimeout(() => this.#send(url, entry), wait);
  }

  async #send(url, entry) {
    if (entry.busy) return; // the answer sends the newer value
    entry.busy = true;
    const value = entry.value;
    entry.sent = value;
    this.#keep(url, entry);
    this.#show(url, entry, "saving");
    let outcome;
    try {
      outcome = await this.#request(url, value, entry.version);
    } catch {
      outcome = { kind: "offline" };
    }
    entry.busy = false;
    this.#settle(url, entry, value, outcome);
  }

  async #request(url, value, version) {
    const response = await fetch(url, {
      method: "PUT",
      credentials: "same-origin",
      redirect: "manual", // a redirect can only mean the sign-in page
      headers: {
        "Content-Type": "application/json",
        Accept: "application/json",
        "X-CSRFToken": csrfToken(),
        "If-Match": `"${version}"`,
      },
      body: JSON.stringify({ value, version }),
      signal: AbortSignal.timeout(REQUEST_TIMEOUT),
    });
    if (response.type === "opaqueredirect" || response.status === 401) return { kind: "signed_out" };
    const body = await response.json().catch(() => ({}));
    if (response.ok) return { kind: "saved", body };
    if (response.status === 409 && body.version !== undefined) return { kind: "conflict", body };
    if (response.status >= 500 || response.status === 429 || response.status === 408) return { kind: "failed" };
    return { kind: "refused", body, final: ![400, 422].includes(response.status) };
  }

  #settle(url, entry, value, outcome) {
    const changed = !same(entry.value, value);
    switch (outcome.kind) {
      case "saved":
        entry.version = outcome.body.version;
        entry.sent = undefined;
        entry.delay = FIRST_RETRY;
        if (changed) {
          this.#keep(url, entry);
          this.#schedule(url, entry, 0);
        } else {
          this.#forget(url, entry);
        }
        this.#show(url, entry, changed ? "waiting" : "saved", outcome.body);
        break;
      case "conflict":
        // A save whose answer was lost on the way comes back as a conflict with ourselves.
        if (same(outcome.body.value, value)) {
          this.#settle(url, entry, value, { kind: "saved", body: outcome.body });
          break;
        }
        this.#keep(url, entry);
        this.#show(url, entry, "conflict", outcome.body);
        this.onConflict(url, entry.value, outcome.body);
        break;
      case "offline":
      case "failed":
      case "signed_out":
        this.#show(url, entry, outcome.kind === "failed" ? "failed" : "offline", { signedOut: outcome.kind === "signed_out" });
        // Jitter, so that a whole office does not come back in the same instant.
        this.#schedule(url, entry, entry.delay * (0.75 + Math.random() / 2));
        entry.delay = Math.min(entry.delay * 2, LAST_RETRY);
        break;
      case "refused":
        if (changed) {
          this.#schedule(url, entry, 0);
          this.#show(url, entry, "waiting");
        } else {
          this.#show(url, entry, "refused", { reason: outcome.body.detail, final: outcome.final });
        }
        break;
    }
  }

  #show(url, entry, state, detail = {}) {
    entry.state = state;
    this.onState(url, state, { ...detail, value: detail.value, current: entry.value, version: entry.version });
  }

  #keep(url, entry) {
    try {
      localStorage.setItem(this.prefix + url, JSON.stringify({ value: entry.value, version: entry.version, sent: entry.sent }));
    } catch {
      // Storage is full or forbidden: the value still lives in the page, and leaving the page warns.
    }
  }

  #forget(url, entry) {
    clearTimeout(entry.timer);
    try {
      localStorage.removeItem(this.prefix + url);
    } catch {
      // nothing was kept
    }
  }
}

// The server may answer 4 for "4" or null for "": what the person sees is the same.
export function same(one, other) {
  return String(one ?? "") === String(other ?? "");
}
