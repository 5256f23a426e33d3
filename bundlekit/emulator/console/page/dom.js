// Making elements. Text from bundles only ever becomes text nodes, and what could mislead the eye is made visible.

export const $ = (id) => document.getElementById(id);

const ESCAPES = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])/g;
const MISLEADING = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ufeff]/g;

/** Text without terminal escapes, and with a sign in place of each invisible character. */
export function plain(text) {
  return String(text)
    .replace(ESCAPES, "")
    .replace(MISLEADING, (one) => (one < " " ? String.fromCharCode(0x2400 + one.charCodeAt(0)) : "\ufffd"));
}

/** An element of a tag with classes, as in el("span.tag", {title: "x"}, "text", child). */
export function el(kind, properties = {}, ...children) {
  const [tag, ...classes] = kind.split(".");
  const element = document.createElement(tag);
  element.className = classes.join(" ");
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element) element[name] = typeof value === "string" ? plain(value) : value;
    else element.setAttribute(name, plain(value));
  }
  element.append(...children.map((child) => (child instanceof Node ? child : plain(child))));
  return element;
}

export function isTyping(target) {
  return target.closest("input, textarea, select, dialog[open]") !== null;
}

/** 950 as "950 ms", 0.4 as "0.4 ms", 12000 as "12.0 s". */
export function span(milliseconds) {
  if (milliseconds >= 1000) return `${(milliseconds / 1000).toFixed(1)} s`;
  return `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`;
}

/** How long ago: "now", "12 s ago", "3 min ago", "5 d ago". */
export function ago(seconds) {
  if (seconds < 1) return "now";
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

/** Seconds since the epoch as the clock shows it here, to the millisecond if asked. */
export function clock(seconds, exact = false) {
  const date = new Date(seconds * 1000);
  const two = (number) => String(number).padStart(2, "0");
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return exact ? `${time}.${String(date.getMilliseconds()).padStart(3, "0")}` : time;
}

/** The day of seconds since the epoch, here: "2026-03-01". */
export function day(seconds) {
  const date = new Date(seconds * 1000);
  const two = (number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** A size in bytes for people. */
export function size(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** The class that colours a status code. */
export function codeClass(code) {
  if (typeof code !== "number") return "quiet";
  return code < 300 ? "good" : code < 500 ? "warn" : "bad";
}

/** Whether a text, in lower case, has all words of a filter and none that it has with a minus; null for no filter. */
export function matcher(filter) {
  const words = filter.toLowerCase().split(/\s+/).filter((word) => word && word !== "-");
  if (!words.length) return null;
  return (text) => words.every((word) => (word[0] === "-" ? !text.includes(word.slice(1)) : text.includes(word)));
}
