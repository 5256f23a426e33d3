// What went by: a row a request, which opens into its messages.

import { $, clock, codeClass, el, matcher, size, span } from "./dom.js";
import { show } from "./json.js";
import { List } from "./list.js";

const KEPT = 2000;
const HEIGHT = 24; // px, as in the style sheet

export class Trace {
  constructor(token) {
    this.token = token;
    this.rows = []; // by number
    this.leftOut = 0;
    this.cleared = 0;
    this.paused = null; // what is shown meanwhile
    this.pausedAt = 0;
    this.run = null;
    this.matches = null;
    this.chosen = null; // number of a row
    this.list = new List($("rows"), HEIGHT, (row, item, index) => this.draw(row, item, index), (item) => item.number);
    $("rows").addEventListener("keydown", (event) => this.walk(event));
    $("rows").addEventListener("click", (event) => {
      const row = event.target.closest(".trace-row");
      if (row) this.choose(Number(row.dataset.number), true);
    });
  }

  /** A new connection tells again what is still known; another run of the gateway counts its rows anew. */
  begin(run) {
    this.rows = [];
    this.leftOut = 0;
    if (run === this.run) return;
    this.run = run;
    this.cleared = this.pausedAt = 0;
    this.chosen = null;
    this.close();
  }

  add(rows, leftOut = 0) {
    this.leftOut += leftOut;
    for (const row of rows) {
      if (row.number <= this.cleared) continue;
      row.text = `${row.method} ${row.resource} ${row.asked_by} ${row.answered_by} ${row.to.join(" ")} ${row.code} ${row.state} ${row.note} ${row.preview}`.toLowerCase();
      const index = this.place(row.number);
      this.rows.splice(index, this.rows[index]?.number === row.number ? 1 : 0, row);
      if (row.number === this.chosen && !$("detail").hidden) this.open(row.number);
    }
    if (this.rows.length > KEPT) this.rows.splice(0, this.rows.length - KEPT);
    this.update();
  }

  /** Where a row is or would be; nearly always at the end. */
  place(number) {
    let index = this.rows.length;
    while (index > 0 && this.rows[index - 1].number >= number) index -= 1;
    return index;
  }

  filter(text) {
    this.matches = matcher(text);
    this.update();
  }

  pause(pauses) {
    this.paused = pauses ? [...this.rows] : null;
    this.pausedAt = this.rows.at(-1)?.number ?? 0;
    this.update();
  }

  clear() {
    this.cleared = this.rows.at(-1)?.number ?? this.cleared;
    this.rows = [];
    this.leftOut = 0;
    if (this.paused) this.pause(true);
    this.close();
    this.update();
  }

  update() {
    const rows = this.paused ?? this.rows;
    const shown = this.matches ? rows.filter(({ text }) => this.matches(text)) : rows;
    $("no-rows").hidden = shown.length > 0;
    $("no-rows").textContent = rows.length ? "No message matches the filter." : "No message has gone by yet.";
    this.list.show(shown);
  }

  /** What the tool bar says about it. */
  amount() {
    const shown = this.list.items.length;
    const words = [this.matches ? `${shown} of ${(this.paused ?? this.rows).length} rows` : `${shown} rows`];
    if (this.paused) words.push(`${this.rows.filter(({ number }) => number > this.pausedAt).length} since the pause`);
    if (this.leftOut) words.push(`${this.leftOut} left out, too many at once`);
    return words.join(", ");
  }

  draw(row, item, index) {
    const chosen = item.number === this.chosen;
    row.className = `trace-row ${item.state}${chosen ? " chosen" : ""}`;
    row.id = `row-${item.number}`;
    row.dataset.number = item.number;
    row.setAttribute("role", "option");
    row.setAttribute("aria-selected", chosen);
    row.setAttribute("aria-posinset", index + 1);
    row.setAttribute("aria-setsize", this.list.items.length);
    if (row.item === item) return;
    row.item = item;
    const answered = item.answered_by || (item.state === "event" ? `to ${item.to.join(", ")}` : item.state === "waiting" ? `${item.to.join(", ")} …` : "");
    row.replaceChildren(
      el("span.mono.quiet", {}, clock(item.time, true)),
      el(`span.method.${/^(GET|PUT|POST|DELETE)$/.test(item.method) ? item.method : "none"}`, {}, item.method),
      el("span.mono.resource-name", { title: item.resource }, item.resource),
      el("span", {}, item.asked_by || "–"),
      el("span", {}, answered || "–"),
      el(`span.mono.${codeClass(item.code)}`, {}, item.code ?? (item.state === "waiting" ? "…" : "–")),
      el("span.mono.right", {}, item.duration === null ? "" : span(item.duration * 1000)),
      el("span.mono.quiet", {}, item.note ? el("em", {}, `${item.state === "answered" ? item.code : item.state}: ${item.note} `) : item.state === "event" ? el("em", {}, "event ") : "", item.preview),
    );
  }

  walk(event) {
    const shown = this.list.items;
    const page = Math.max(1, Math.floor($("rows").clientHeight / HEIGHT) - 1);
    const at = shown.findIndex(({ number }) => number === this.chosen);
    const to = {
      ArrowDown: at < 0 ? shown.length - 1 : at + 1,
      ArrowUp: at < 0 ? shown.length - 1 : at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: shown.length - 1,
    }[event.key];
    if (to !== undefined && shown.length) {
      event.preventDefault();
      const index = Math.min(Math.max(to, 0), shown.length - 1);
      this.list.follow(index === shown.length - 1);
      this.choose(shown[index].number, !$("detail").hidden);
      this.list.reveal(index);
    } else if ((event.key === "Enter" || event.key === " ") && at >= 0) {
      event.preventDefault();
      this.choose(this.chosen, true);
    } else if (event.key === "Escape") this.close();
  }

  choose(number, opens) {
    this.chosen = number;
    $("rows").setAttribute("aria-activedescendant", `row-${number}`);
    if (opens) this.open(number);
    this.list.render();
  }

  close() {
    if ($("detail").contains(document.activeElement)) $("rows").focus();
    $("detail").hidden = true;
  }

  async open(number) {
    $("detail").hidden = false;
    let row;
    try {
      const response = await fetch(`/console/rows/${number}`, { headers: { "mx-api-token": this.token() }, cache: "no-store", credentials: "omit" });
      row = await response.json();
      if (!response.ok) throw new Error(row.message);
    } catch (error) {
      row = { failure: error.message };
    }
    if (number !== this.chosen) return;
    const close = el("button.bare", { type: "button", title: "Esc", "aria-label": "Close the messages", onclick: () => this.close() }, "Close");
    if (row.failure) {
      $("detail").replaceChildren(el("div.bar", {}, el("h3", {}, "Messages"), el("span.space"), close), el("p.hint", {}, row.failure));
      return;
    }
    const outcome = row.code === null ? row.state : `${row.code}`;
    $("detail").replaceChildren(
      el("div.bar", {}, el("h3.mono", { title: row.resource }, `${row.method} ${row.resource}`), el(`strong.${codeClass(row.code)}`, {}, outcome), el("span.space"), close),
      el("p.quiet", {}, [row.state, row.note, row.duration === null ? "" : span(row.duration * 1000)].filter(Boolean).join(", ")),
      ...row.messages.map((message, index) => drawMessage(message, message.payload === row.messages[index - 1]?.payload)),
      row.left_out ? el("p.quiet", {}, `${row.left_out} messages more are not kept`) : "",
    );
  }
}

function drawMessage(message, isSame) {
  const who = message.who || "a component";
  const way = message.sent ? ["controller", who] : [who, "controller"];
  const body = isSame ? el("div.quiet", {}, "the same message") : el("pre.mono");
  if (!isSame) show(body, message.payload);
  return el(
    "section.message",
    {},
    el("div.way", {}, el("span.mono.quiet", {}, `+${span(message.after * 1000)}`), el("span", {}, el("strong", {}, way[0]), " → ", el("strong", {}, way[1])), el("span.space"), el("span.quiet", {}, size(message.size))),
    el("div.quiet", {}, message.hook ? "hook message " : "", message.sent ? "on tunnel " : "on topic ", el("code", {}, message.topic)),
    body,
  );
}
