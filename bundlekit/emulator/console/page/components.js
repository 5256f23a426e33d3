// Who is registered, and how each is doing.

import { $, ago, clock, day, el, span } from "./dom.js";

export class Components {
  /** `choose(resource)` is called with a resource that is to be asked. */
  constructor(choose) {
    this.choose = choose;
    this.list = $("component-list");
    this.shape = "";
    this.all = [];
    this.items = new Map(); // by name
    this.chosen = "";
    $("components").addEventListener("keydown", (event) => this.walk(event));
    $("other").addEventListener("click", () => this.pick({ component: "", pattern: "/#", declared: "/#", methods: null }));
    setInterval(() => this.tell(), 1000);
  }

  show(components, now) {
    this.all = components;
    this.ahead = now - Date.now() / 1000;
    const shape = JSON.stringify(components.map(({ name, since, own, resources }) => [name, since, own, resources]));
    if (shape !== this.shape) {
      this.shape = shape;
      this.build();
    }
    this.tell();
  }

  build() {
    const focused = document.activeElement?.dataset?.resource;
    const [bundles, own] = [this.all.filter((one) => !one.own), this.all.filter((one) => one.own)];
    this.items = new Map(this.all.map((one) => [one.name, this.item(one)]));
    const list = (all) => el("ul", {}, ...all.map((one) => this.items.get(one.name)));
    this.list.replaceChildren(list(bundles), own.length ? el("h2", {}, "Of the gateway itself") : "", list(own));
    $("registered").textContent = bundles.length;
    $("nobody").hidden = bundles.length > 0;
    this.mark();
    for (const button of this.list.querySelectorAll("button")) {
      if (button.dataset.resource === focused) button.focus();
    }
  }

  item(one) {
    const resources = one.resources.map((resource) => el("li", {}, this.resource(one, resource)));
    const title = `${one.description}\ntunnel ${one.tunnel}, ttl ${one.ttl} s\nregistered ${day(one.since)} ${clock(one.since)}`;
    return el(
      "li.component",
      { title },
      el("div.head", {}, el("span.dot"), el("strong.name", {}, one.name), el("span.quiet.version", {}, one.version), el("span.space"), el("span.quiet", {}, one.role)),
      el("div.alive.quiet", {}, el("span.words"), el("span.space"), el("span.since")),
      el("ul", {}, ...resources),
    );
  }

  resource(one, resource) {
    const { declared, methods } = resource;
    if (one.role === "view") return el("span.listens.mono", { title: `${one.name} is told of what goes by here` }, declared);
    const chosen = { component: one.name, ...resource };
    const button = el("button.resource", { type: "button", onclick: () => this.pick(chosen) }, el("span.mono", {}, declared));
    if (methods) button.append(el("span.methods", {}, methods.join(" ")));
    button.dataset.resource = `${one.name} ${resource.pattern}`;
    return button;
  }

  pick(chosen) {
    this.chosen = `${chosen.component} ${chosen.pattern}`;
    this.mark();
    this.choose(chosen);
  }

  mark() {
    for (const button of this.list.querySelectorAll("button")) {
      button.setAttribute("aria-current", button.dataset.resource === this.chosen);
    }
  }

  /** Say of each how it is doing, which changes with the time. */
  tell() {
    const now = Date.now() / 1000 + (this.ahead ?? 0);
    for (const one of this.all) {
      const item = this.items.get(one.name);
      const [state, words] = condition(one, now);
      item.querySelector(".dot").className = `dot ${state}`;
      item.querySelector(".words").textContent = words;
      const isToday = day(one.since) === day(now);
      item.querySelector(".since").textContent = `since ${isToday ? clock(one.since).slice(0, 5) : day(one.since)}`;
    }
  }

  walk(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const buttons = [...$("components").querySelectorAll("button")];
    buttons[buttons.indexOf(document.activeElement) + step]?.focus();
  }
}

/** What can be told of a component: a broker does not say who is connected, so all there is are its messages. */
function condition(one, now) {
  const since = (time) => ago(Math.max(0, now - time));
  const waiting = one.waiting ? `, ${one.waiting} waiting` : "";
  if (one.silent && one.silent > (one.answered ?? 0)) return ["lost", `timed out ${since(one.silent)}${waiting}`];
  if (one.answered) {
    const took = one.took === null ? "" : `, in ${span(one.took * 1000)}`;
    return ["fine", `answered ${since(one.answered)}${waiting || took}`];
  }
  if (one.waiting) return ["asked", `asked${waiting}`];
  if (one.heard) return ["fine", `heard ${since(one.heard)}`];
  return ["idle", one.role === "view" ? "registered" : "not asked yet"];
}
