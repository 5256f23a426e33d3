// The console of an emulated gateway: puts the panels together.

import { Components } from "./components.js";
import { $, isTyping } from "./dom.js";
import { Refused, listen } from "./feed.js";
import { Logs } from "./logs.js";
import { Request } from "./request.js";
import { Tokens } from "./tokens.js";
import { Trace } from "./trace.js";

const KEY = "mx-api-token";
const THEMES = { auto: "", light: "light", dark: "dark" };
const token = () => sessionStorage.getItem(KEY) ?? "";

const request = new Request(token, () => leave("This token is no longer good."));
const components = new Components((resource) => request.choose(resource));
const trace = new Trace(token);
const logs = new Logs();
new Tokens(token);
const filters = { trace: "", logs: "" };
let panel = "trace";
let connection = null;
let now = [0, 0]; // the gateway's clock, and ours at that time

function enter() {
  connection?.abort();
  connection = new AbortController();
  tell("connecting", "connecting…");
  listen(token(), heard, (why) => tell("lost", `not connected: ${why}`), connection.signal).catch((error) => {
    if (error instanceof Refused) leave(error.message);
    else if (error.name !== "AbortError") throw error;
  });
}

function heard(portion) {
  if (portion.scope) begin(portion);
  if (portion.now) now = [portion.now, performance.now()];
  if (portion.components) components.show(portion.components, now[0] + (performance.now() - now[1]) / 1000);
  if (portion.rows) trace.add(portion.rows, portion.rows_left_out);
  if (portion.lines) logs.add(portion.lines, portion.lines_left_out);
  $("amount").textContent = { trace, logs }[panel].amount();
}

function begin({ scope, run }) {
  tell("live", "live");
  $("token").value = "";
  $("entrance").hidden = true;
  $("console").hidden = $("leave").hidden = $("scope").hidden = false;
  $("scope").textContent = scope === "read" ? "read only" : scope;
  $("tokens-open").hidden = scope === "read";
  request.setScope(scope);
  trace.begin(run);
  logs.begin();
}

function leave(why = "") {
  connection?.abort();
  sessionStorage.removeItem(KEY);
  if (!$("console").hidden) {
    sessionStorage.setItem("why", why);
    return location.reload(); // nothing that was shown stays in the page
  }
  tell("", "");
  $("entrance").hidden = false;
  $("refused").textContent = why || sessionStorage.getItem("why");
  sessionStorage.removeItem("why");
  $("token").select();
  $("token").focus();
}

function tell(state, words) {
  $("link").className = state;
  if ($("link").textContent !== words) $("link").textContent = words;
}

function choosePanel(name) {
  panel = name;
  for (const one of ["trace", "logs"]) {
    $(one).hidden = one !== name;
    $(`tab-${one}`).setAttribute("aria-selected", one === name);
    $(`tab-${one}`).tabIndex = one === name ? 0 : -1;
  }
  $("log-bundle").hidden = $("follow").hidden = name !== "logs";
  $("pause").hidden = name !== "trace";
  $("filter").value = filters[name];
  $("filter").setAttribute("aria-label", name === "trace" ? "Filter the trace" : "Filter the logs");
  const shown = { trace, logs }[name];
  shown.update();
  $("amount").textContent = shown.amount();
}

function pause() {
  const pauses = trace.paused === null;
  trace.pause(pauses);
  $("pause").setAttribute("aria-pressed", pauses);
  $("pause").textContent = pauses ? "Go on" : "Pause";
  $("amount").textContent = trace.amount();
}

function setTheme(name) {
  if (name === "auto") localStorage.removeItem("theme");
  else localStorage.setItem("theme", name);
  document.documentElement.dataset.theme = THEMES[name];
  $("theme").textContent = `Theme: ${name}`;
}

function setHeight(percent) {
  const height = Math.min(75, Math.max(20, percent));
  $("work").style.setProperty("--request", `${height}%`);
  $("divider").setAttribute("aria-valuenow", Math.round(height));
}

const moves = {
  c: () => $("components").querySelector("button")?.focus(),
  r: () => ($("asking").hidden ? $("components").querySelector("button") : $("methods").querySelector("input:checked"))?.focus(),
  t: () => {
    choosePanel("trace");
    $("rows").focus();
  },
  l: () => {
    choosePanel("logs");
    $("lines").focus();
  },
  p: pause,
  "/": () => {
    $("filter").focus();
    $("filter").select();
  },
  "?": () => $("keys").showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if ($("console").hidden || event.target.type !== "radio" && isTyping(event.target)) return;
  if (!Object.hasOwn(moves, event.key) || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  moves[event.key]();
});

$("enter").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(KEY, $("token").value.trim());
  $("refused").textContent = "";
  enter();
});
$("leave").addEventListener("click", () => leave());
$("help").addEventListener("click", () => $("keys").showModal());
$("theme").addEventListener("click", () => {
  const names = Object.keys(THEMES);
  setTheme(names[(names.indexOf(localStorage.getItem("theme") ?? "auto") + 1) % names.length]);
});
for (const name of ["trace", "logs"]) {
  $(`tab-${name}`).addEventListener("click", () => choosePanel(name));
  $(`tab-${name}`).addEventListener("keydown", (event) => {
    if (event.key !== "ArrowRight" && event.key !== "ArrowLeft") return;
    choosePanel(panel === "trace" ? "logs" : "trace");
    $(`tab-${panel}`).focus();
  });
}
$("filter").addEventListener("input", () => {
  filters[panel] = $("filter").value;
  const filtered = { trace, logs }[panel];
  filtered.filter(filters[panel]);
  $("amount").textContent = filtered.amount();
});
$("filter").addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !$("filter").value) $(panel === "trace" ? "rows" : "lines").focus();
});
$("pause").addEventListener("click", pause);
$("follow").addEventListener("click", () => logs.list.follow(!logs.list.follows));
$("lines").addEventListener("scroll", () => $("follow").setAttribute("aria-pressed", logs.list.follows));
$("clear").addEventListener("click", () => {
  const cleared = { trace, logs }[panel];
  cleared.clear();
  $("amount").textContent = cleared.amount();
});
$("detail").addEventListener("keydown", (event) => event.key === "Escape" && trace.close());

$("divider").addEventListener("keydown", (event) => {
  const step = { ArrowUp: -5, ArrowDown: 5 }[event.key];
  if (!step) return;
  event.preventDefault();
  setHeight(Number($("divider").getAttribute("aria-valuenow")) + step);
});
$("divider").addEventListener("pointerdown", (event) => {
  $("divider").setPointerCapture(event.pointerId);
  $("divider").onpointermove = ({ clientY }) => {
    const { top, height } = $("work").getBoundingClientRect();
    setHeight(((clientY - top) / height) * 100);
  };
});
$("divider").addEventListener("pointerup", () => ($("divider").onpointermove = null));

$("where").textContent = location.host;
setTheme(localStorage.getItem("theme") in THEMES ? localStorage.getItem("theme") : "auto");
setHeight(46);
choosePanel("trace");
if (token()) enter();
else leave();
