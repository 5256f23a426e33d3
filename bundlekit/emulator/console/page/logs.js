// What the bundles print.

import { $, clock, el, matcher, plain } from "./dom.js";
import { List } from "./list.js";

const KEPT = 5000;
const HEIGHT = 18; // px, as in the style sheet
const SHOWN = 2000; // characters of a line
const COLOURS = 6;

export class Logs {
  constructor() {
    this.lines = [];
    this.count = 0;
    this.leftOut = 0;
    this.cleared = 0;
    this.matches = null;
    this.bundle = "";
    this.bundles = [];
    this.list = new List($("lines"), HEIGHT, (row, line) => this.draw(row, line), (line) => line.number);
    $("log-bundle").addEventListener("change", () => {
      this.bundle = this.bundles[$("log-bundle").selectedIndex - 1] ?? "";
      this.update();
    });
  }

  /** A new connection tells again what is still known. */
  begin() {
    this.lines = [];
    this.leftOut = 0;
  }

  add(lines, leftOut = 0) {
    this.leftOut += leftOut;
    for (const [bundle, time, text] of lines) {
      if (time <= this.cleared) continue;
      if (!this.bundles.includes(bundle)) {
        this.bundles.push(bundle);
        $("log-bundle").append(el("option", {}, bundle));
      }
      this.count += 1;
      const shown = text.length > SHOWN ? `${text.slice(0, SHOWN)}… (${text.length} characters)` : text;
      this.lines.push({ number: this.count, bundle, time, text: plain(shown), search: `${bundle} ${text}`.toLowerCase() });
    }
    if (this.lines.length > KEPT) this.lines.splice(0, this.lines.length - KEPT);
    this.update();
  }

  filter(text) {
    this.matches = matcher(text);
    this.update();
  }

  clear() {
    this.cleared = this.lines.at(-1)?.time ?? this.cleared;
    this.lines = [];
    this.leftOut = 0;
    this.update();
  }

  update() {
    const { bundle, matches } = this;
    const shown = this.lines.filter((line) => (!bundle || line.bundle === bundle) && (!matches || matches(line.search)));
    $("no-lines").hidden = shown.length > 0;
    $("no-lines").textContent = this.lines.length ? "No line matches." : "No bundle has printed anything yet.";
    this.list.show(shown);
  }

  amount() {
    const shown = this.list.items.length;
    const words = [shown === this.lines.length ? `${shown} lines` : `${shown} of ${this.lines.length} lines`];
    if (this.leftOut) words.push(`${this.leftOut} left out, too many at once`);
    return words.join(", ");
  }

  draw(row, line) {
    if (row.line === line) return;
    row.line = line;
    row.className = `log-line ${level(line.text)}`;
    row.replaceChildren(
      el("span.quiet", {}, clock(line.time)),
      el(`span.bundle.colour-${this.bundles.indexOf(line.bundle) % COLOURS}`, {}, line.bundle),
      el("span", {}, line.text),
    );
  }
}

function level(text) {
  if (/\b(ERROR|CRITICAL)\b|^Traceback|^\w*(Error|Exception)\b/.test(text)) return "bad";
  if (/\bWARN(ING)?\b/.test(text)) return "warn";
  return /\bDEBUG\b/.test(text) ? "debug" : "";
}
