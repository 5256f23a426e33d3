// JSON as it stands: numbers keep their digits and keys their order, which a parse and a print would not.

import { el, plain } from "./dom.js";

const TOKEN = /"(?:[^"\\]|\\.)*"(?=(\s*:)?)|[{}[\],:]|[^\s{}[\],:"]+/g;
const COLOURED = 100_000; // characters; more is shown in one colour
const SHOWN = 1_000_000;
const DEEPEST = 40; // levels of indentation

const BLANK = /[ \t\n\r]*/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const SCALAR = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.+-])/y;

/** Where a text stops being JSON: {position, line, column, expected}, or null where it is JSON. */
export function findError(text) {
  try {
    return scan(text);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { position: 0, line: 1, column: 1, expected: "something nested less deeply" };
  }
}

function scan(text) {
  let position = 0;
  const skip = (pattern) => {
    pattern.lastIndex = position;
    const found = pattern.exec(text);
    if (found) position += found[0].length;
    return found !== null;
  };
  const sign = (character) => {
    skip(BLANK);
    if (text[position] !== character) return false;
    position += 1;
    return true;
  };
  const members = (close, one) => {
    if (sign(close)) return "";
    for (;;) {
      const wrong = one();
      if (wrong) return wrong;
      if (sign(close)) return "";
      if (!sign(",")) return `, or ${close}`;
    }
  };
  const member = () => {
    skip(BLANK);
    if (!skip(STRING)) return text[position] === '"' ? "the end of this string" : 'a key in "…"';
    return sign(":") ? value() : ":";
  };
  const value = () => {
    skip(BLANK);
    if (sign("{")) return members("}", member);
    if (sign("[")) return members("]", value);
    if (skip(STRING) || skip(SCALAR)) return "";
    return text[position] === '"' ? "the end of this string" : "a value";
  };
  let expected = value();
  skip(BLANK);
  if (!expected && position < text.length) expected = "nothing more";
  if (!expected) return null;
  const lines = text.slice(0, position).split("\n");
  return { position, line: lines.length, column: lines.at(-1).length + 1, expected };
}

/** Pieces of indented JSON, each [class, text]. The text has to be JSON. */
function* pieces(text) {
  let depth = 0;
  let opened = false;
  const line = () => `\n${"  ".repeat(Math.min(depth, DEEPEST))}`;
  for (const [token, colon] of text.matchAll(TOKEN)) {
    if (token === "}" || token === "]") {
      depth -= 1;
      yield ["mark", opened ? token : line() + token];
      opened = false;
      continue;
    }
    if (opened) yield ["mark", line()];
    opened = token === "{" || token === "[";
    if (opened) depth += 1;
    if (token === ",") yield ["mark", `,${line()}`];
    else if (token === ":") yield ["mark", ": "];
    else if (opened) yield ["mark", token];
    else if (token[0] === '"') yield [colon === undefined ? "string" : "key", token];
    else yield [/^[-\d]/.test(token) ? "number" : "word", token];
  }
}

/** The same JSON, indented. */
export function pretty(text) {
  return [...pieces(text)].map(([, piece]) => piece).join("");
}

/** Show a text in an element: as JSON in colours where it is some, else as it is. */
export function show(element, text) {
  element.replaceChildren();
  if (text.length > COLOURED || findError(text)) {
    const cut = text.length > SHOWN ? `${text.slice(0, SHOWN)}\n… ${text.length - SHOWN} characters more` : text;
    element.append(plain(cut));
    return;
  }
  const all = document.createDocumentFragment();
  for (const [kind, piece] of pieces(text)) all.append(kind === "mark" ? piece : el(`span.${kind}`, {}, piece));
  element.append(all);
}
