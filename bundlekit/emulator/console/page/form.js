// A form for a body whose JSON Schema is known: of an object with named members. The JSON stays what is sent.

import { el, plain } from "./dom.js";

const DEEPEST = 3; // objects in objects that get fields of their own

/** Whether a schema is that of an object with named members. */
export function canShow(schema) {
  return schema !== undefined && types(schema).includes("object") && Object.keys(schema.properties ?? {}).length > 0;
}

/** Fields for the members of a schema, filled with a value; `changed(value)` is called with the new value. */
export function build(schema, value, changed) {
  const held = isObject(value) ? { ...value } : {};
  const fields = Object.entries(schema.properties).map(([name, inner]) => {
    const required = (schema.required ?? []).includes(name);
    const set = (given) => {
      if (given === undefined) delete held[name];
      else held[name] = given;
      changed({ ...held });
    };
    return field(name, inner, held[name], required, set, 1);
  });
  return el("div.fields", {}, ...fields);
}

function field(name, schema, value, required, set, depth) {
  if (depth < DEEPEST && canShow(schema)) {
    const inner = isObject(value) ? { ...value } : {};
    const fields = Object.entries(schema.properties).map(([key, one]) => {
      const change = (given) => {
        if (given === undefined) delete inner[key];
        else inner[key] = given;
        set(Object.keys(inner).length || required ? { ...inner } : undefined);
      };
      return field(key, one, inner[key], (schema.required ?? []).includes(key), change, depth + 1);
    });
    return el("fieldset", {}, el("legend", {}, name + (required ? " *" : "")), ...fields);
  }
  const input = control(schema, value, required, set);
  input.setAttribute("aria-label", plain(name));
  input.required = required;
  const words = [schema.description, hint(schema)].filter(Boolean).join(", ");
  return el("label.field", { title: words }, el("span.mono", {}, name + (required ? " *" : "")), input, el("span.quiet", {}, words));
}

function control(schema, value, required, set) {
  const listed = schema.enum ?? (schema.const === undefined ? null : [schema.const]);
  const kinds = types(schema).filter((one) => one !== "null");
  if (listed || (kinds.length === 1 && kinds[0] === "boolean")) return choice(listed ?? [true, false], value, set);
  const isNumber = kinds.some((one) => one === "integer" || one === "number") && kinds.every((one) => one !== "string");
  const shown = schema.default === undefined ? "" : JSON.stringify(schema.default);
  if (isNumber && kinds.every((one) => ["integer", "number", "boolean"].includes(one))) {
    const step = kinds.includes("integer") ? 1 : "any";
    const input = el("input", { type: "number", step, placeholder: shown });
    if (schema.minimum !== undefined) input.min = schema.minimum;
    if (schema.maximum !== undefined) input.max = schema.maximum;
    input.value = typeof value === "number" ? value : "";
    input.addEventListener("input", () => set(input.value === "" ? undefined : Number(input.value)));
    return input;
  }
  if (kinds.length === 1 && kinds[0] === "string") {
    const input = el("input", { type: "text", placeholder: shown, spellcheck: false, autocomplete: "off" });
    if (schema.maxLength !== undefined) input.maxLength = schema.maxLength;
    input.value = typeof value === "string" ? value : "";
    input.addEventListener("input", () => set(input.value === "" && !required ? undefined : input.value));
    return input;
  }
  return raw(value, shown, set);
}

/** A list of values, none of which is chosen where the value is another one. */
function choice(values, value, set) {
  const chosen = values.findIndex((one) => JSON.stringify(one) === JSON.stringify(value));
  const options = values.map((one) => el("option", {}, typeof one === "string" ? one : JSON.stringify(one)));
  const select = el("select", {}, el("option", {}, ""), ...options);
  select.selectedIndex = chosen + 1;
  select.addEventListener("change", () => set(select.selectedIndex ? values[select.selectedIndex - 1] : undefined));
  return select;
}

/** Any value, as JSON. */
function raw(value, shown, set) {
  const input = el("input.mono", { type: "text", placeholder: shown || "JSON", spellcheck: false, autocomplete: "off" });
  input.value = value === undefined ? "" : JSON.stringify(value);
  input.addEventListener("input", () => {
    try {
      set(input.value.trim() === "" ? undefined : JSON.parse(input.value));
      input.setCustomValidity("");
    } catch {
      input.setCustomValidity("This is no JSON");
    }
    input.setAttribute("aria-invalid", !input.validity.valid);
  });
  return input;
}

function hint(schema) {
  const parts = [];
  if (schema.minimum !== undefined && schema.maximum !== undefined) parts.push(`${schema.minimum}–${schema.maximum}`);
  else if (schema.minimum !== undefined) parts.push(`from ${schema.minimum}`);
  else if (schema.maximum !== undefined) parts.push(`up to ${schema.maximum}`);
  if (schema.exclusiveMinimum !== undefined) parts.push(`above ${schema.exclusiveMinimum}`);
  if (schema.exclusiveMaximum !== undefined) parts.push(`below ${schema.exclusiveMaximum}`);
  if (schema.maxLength !== undefined) parts.push(`${schema.minLength ?? 0}–${schema.maxLength} characters`);
  if (schema.pattern !== undefined) parts.push(`matches ${schema.pattern}`);
  if (schema.default !== undefined) parts.push(`default ${JSON.stringify(schema.default)}`);
  return parts.join(", ");
}

function types(schema) {
  return [schema?.type ?? []].flat();
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
