// Ask a resource something.

import { $, codeClass, el, plain, size, span } from "./dom.js";
import { build, canShow } from "./form.js";
import { findError, pretty, show } from "./json.js";

const METHODS = ["GET", "PUT", "POST", "DELETE"];
const PREFIX = "/api/v1";

export class Request {
  /** `token()` gives the token; `refused()` is called where it is not good any more. */
  constructor(token, refused) {
    this.token = token;
    this.refused = refused;
    this.readOnly = false;
    this.bodies = new Map();
    this.fields = [];
    this.wantsForm = true;
    $("as-form").addEventListener("click", () => {
      this.wantsForm = $("form").hidden;
      this.showForm();
    });
    $("request").addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    $("request").addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        this.send();
      } else if (event.key === "Escape") this.cancel?.abort();
    });
    $("body").addEventListener("input", () => this.edited());
    $("body").addEventListener("scroll", () => ($("gutter").scrollTop = $("body").scrollTop));
    $("format").addEventListener("click", () => this.format());
    $("fill").addEventListener("click", () => this.fill());
    $("curl").addEventListener("click", () => this.copy());
    $("body-error").addEventListener("click", () => this.point());
  }

  /** Take a resource: {component, pattern, declared, methods or null}. */
  choose(resource) {
    this.resource = resource;
    $("choose").hidden = true;
    $("asking").hidden = false;
    this.buildPath();
    this.buildMethods();
    this.note("");
    $("answer-body").replaceChildren();
    $("outcome").replaceChildren();
  }

  buildPath() {
    const { pattern, declared } = this.resource;
    const names = declared.split("/");
    this.fields = [];
    const parts = [el("span.quiet", {}, PREFIX)];
    pattern.split("/").forEach((level, index) => {
      if (index > 0) parts.push("/");
      if (level !== "+" && level !== "#") {
        parts.push(plain(level));
        this.fields.push(() => encodeURI(level).replaceAll("?", "%3F").replaceAll("#", "%23"));
        return;
      }
      const name = names[index]?.startsWith(":") ? names[index].slice(1) : level === "#" ? "the rest" : `parameter ${index}`;
      const field = el("input.parameter", { required: true, placeholder: name, "aria-label": name, spellcheck: false, autocomplete: "off" });
      field.addEventListener("input", () => this.sizeTo(field));
      this.sizeTo(field);
      parts.push(field);
      this.fields.push(() => (level === "#" ? encodeURI(field.value) : encodeURIComponent(field.value)).replaceAll("#", "%23"));
    });
    this.query = el("input.query", { placeholder: "?query", "aria-label": "Query", spellcheck: false, autocomplete: "off" });
    $("path").replaceChildren(...parts, this.query);
  }

  sizeTo(field) {
    field.style.width = `${Math.min(40, Math.max(field.value.length, field.placeholder.length) + 2)}ch`;
  }

  buildMethods() {
    const methods = this.resource.methods?.length ? this.resource.methods.filter((one) => METHODS.includes(one)) : METHODS;
    $("methods").replaceChildren(
      ...methods.map((method) => {
        const radio = el("input", { type: "radio", name: "method", value: method, onchange: () => this.setMethod(method) });
        radio.disabled = this.readOnly && method !== "GET";
        return el("label", { title: radio.disabled ? "This token is for reading only" : "" }, radio, el(`span.method.${method}`, {}, method));
      }),
    );
    const first = $("methods").querySelector("input:not(:disabled)");
    if (!first) return;
    first.checked = true;
    this.setMethod(first.value);
  }

  setScope(scope) {
    if (this.readOnly === (scope === "read")) return;
    this.readOnly = scope === "read";
    if (this.resource) this.buildMethods();
  }

  setMethod(method) {
    this.method = method;
    const has = method !== "GET";
    $("question").classList.toggle("unused", !has);
    for (const id of ["body", "format", "fill"]) $(id).disabled = !has;
    $("body").value = has ? (this.bodies.get(this.place()) ?? "") : "";
    this.note(has ? "" : "GET has none");
    this.check();
    this.showForm();
    if (method === "PUT" && !$("body").value && this.complete()) this.fill();
  }

  place() {
    return `${this.method} ${this.resource.component} ${this.resource.pattern}`;
  }

  /** Show a form in place of the JSON where the schema of the body is known, and somebody wants one. */
  showForm() {
    const schema = this.resource.bodies?.[this.method];
    const has = canShow(schema);
    const text = $("body").value.trim();
    // A number of 16 digits may not be the same once JavaScript has read it.
    const shows = has && this.wantsForm && !(text && findError(text)) && !/\d{16}/.test(text);
    $("as-form").hidden = !has;
    $("as-form").textContent = shows ? "JSON" : "Form";
    $("as-form").setAttribute("aria-pressed", shows);
    $("form").hidden = !shows;
    $("editor").hidden = shows;
    $("format").hidden = shows;
    if (!shows) return $("form").replaceChildren();
    $("form").replaceChildren(
      build(schema, text ? JSON.parse(text) : {}, (value) => {
        $("body").value = pretty(JSON.stringify(value));
        this.edited();
      }),
    );
  }

  edited() {
    this.bodies.set(this.place(), $("body").value);
    this.note("");
    this.check();
  }

  note(text) {
    $("body-note").textContent = text;
  }

  setBody(text) {
    $("body").value = text;
    this.edited();
    this.showForm();
  }

  /** Look at the body; says where it is not JSON. */
  check() {
    const text = $("body").value;
    const error = text.trim() ? findError(text) : null;
    this.error = error;
    $("body").setAttribute("aria-invalid", error !== null);
    $("body-error").hidden = !error;
    $("body-error").textContent = error ? `line ${error.line}, column ${error.column}: expected ${error.expected}` : "";
    const count = text.split("\n").length;
    if ($("gutter").childElementCount !== count && count < 20_000) {
      $("gutter").replaceChildren(...Array.from({ length: count }, (_, number) => el("div", {}, number + 1)));
    }
    $("gutter").querySelector(".bad")?.classList.remove("bad");
    if (error) $("gutter").children[error.line - 1]?.classList.add("bad");
    $("gutter").scrollTop = $("body").scrollTop;
    return !error;
  }

  point() {
    $("body").focus();
    $("body").setSelectionRange(this.error.position, this.error.position + 1);
  }

  format() {
    if (!this.check()) return this.point();
    if ($("body").value.trim()) this.setBody(pretty($("body").value.trim()));
  }

  complete() {
    return [...$("path").querySelectorAll(".parameter")].every((field) => field.value);
  }

  /** The URL that the fields make, or null where they lead out of the API. */
  url() {
    const query = this.query.value.replace(/^\?/, "");
    const path = this.fields.map((field) => field()).join("/");
    const url = new URL(PREFIX + path + (query ? `?${query.replaceAll("#", "%23")}` : ""), location.origin);
    return url.origin === location.origin && url.pathname.startsWith(`${PREFIX}/`) ? url : null;
  }

  /** Put what GET answers into the body. */
  async fill() {
    const place = this.place();
    const before = $("body").value;
    const url = this.url();
    if (!url || !this.complete()) return this.missing();
    this.note("asking GET…");
    try {
      const response = await this.fetch("GET", url);
      const text = await response.text();
      if (this.place() !== place || $("body").value !== before) return; // somebody types there by now
      if (!response.ok || findError(text)) return this.note(`GET answered ${response.status}`);
      if ($("body").matches(":focus") || $("form").matches(":focus-within")) {
        return this.note("GET has answered: From GET puts that in"); // and will not move what is typed next
      }
      this.setBody(pretty(text));
      this.note("as GET answered");
    } catch {
      if (this.place() === place) this.note("GET has no answer");
    }
  }

  missing() {
    [...$("path").querySelectorAll(".parameter")].find((field) => !field.value)?.focus();
  }

  fetch(method, url, body, signal) {
    const headers = { "mx-api-token": this.token() };
    if (body) headers["content-type"] = "application/json";
    return fetch(url, { method, headers, body, signal, cache: "no-store", credentials: "omit", redirect: "error" });
  }

  async send() {
    if (!this.resource) return;
    if (this.cancel) return this.cancel.abort();
    if (!this.check()) return this.point();
    if (!this.complete()) return this.missing();
    const url = this.url();
    if (!url) return this.outcome(el("span.bad", {}, "this path leads out of the API"));
    const body = this.method === "GET" ? undefined : $("body").value.trim() || undefined;
    this.cancel = new AbortController();
    $("send").textContent = "Cancel";
    this.outcome(el("span.quiet", {}, "waiting…"));
    const began = performance.now();
    try {
      const response = await this.fetch(this.method, url, body, this.cancel.signal);
      const text = await response.text();
      const took = performance.now() - began;
      this.outcome(
        el(`strong.${codeClass(response.status)}`, {}, `${response.status} ${response.statusText}`),
        el("span", {}, span(took)),
        el("span.quiet", {}, size(new Blob([text]).size)),
      );
      show($("answer-body"), text);
      $("answer-body").scrollTop = 0;
      if (response.status === 401) this.refused();
    } catch (error) {
      $("answer-body").replaceChildren();
      this.outcome(el("span.bad", {}, error.name === "AbortError" ? "cancelled" : "no answer: the gateway cannot be reached"));
    } finally {
      this.cancel = null;
      $("send").textContent = "Send";
    }
  }

  outcome(...parts) {
    $("outcome").replaceChildren(...parts);
  }

  async copy() {
    const url = this.url();
    if (!url || !this.complete()) return this.missing();
    const body = this.method === "GET" ? "" : $("body").value.trim();
    const words = ["curl", "--insecure", ...(this.method === "GET" ? [] : ["-X", this.method]), "-H", '"mx-api-token: $MX_API_TOKEN"'];
    if (body) words.push("-H", "'content-type: application/json'", "--data-raw", quote(body));
    words.push(quote(url.href));
    const command = words.join(" ");
    try {
      await navigator.clipboard.writeText(command);
      $("curl").textContent = "Copied";
      setTimeout(() => ($("curl").textContent = "Copy as curl"), 1500);
    } catch {
      $("copy-text").value = command;
      $("copy").showModal();
      $("copy-text").select();
    }
  }
}

function quote(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
