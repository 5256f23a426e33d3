// The tokens of the gateway: a new one is shown until the dialog closes, and kept nowhere.

import { $, el } from "./dom.js";

export class Tokens {
  constructor(token) {
    this.token = token;
    $("tokens-open").addEventListener("click", () => {
      $("tokens").showModal();
      this.act(() => this.show());
    });
    $("tokens").addEventListener("close", () => $("token-new").replaceChildren());
    $("token-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.act(() => this.create());
    });
  }

  async act(work) {
    $("token-error").textContent = "";
    try {
      await work();
    } catch (error) {
      $("token-error").textContent = error.message;
    }
  }

  async ask(method, path = "", body = undefined) {
    const response = await fetch(`/console/tokens${path}`, {
      method,
      body,
      headers: { "mx-api-token": this.token() },
      cache: "no-store",
      credentials: "omit",
    });
    if (response.status === 204) return null;
    const told = await response.json();
    if (!response.ok) throw new Error(told.message);
    return told;
  }

  async show() {
    const all = await this.ask("GET");
    $("token-list").replaceChildren(...all.map((one) => this.item(one)));
  }

  item({ id, description, scope, created }) {
    const made = created.slice(0, 16).replace("T", " ");
    const revoke = () => this.act(async () => {
      await this.ask("DELETE", `/${id}`);
      await this.show();
    });
    return el(
      "li",
      {},
      el("span", {}, description || "no description"),
      el("code", {}, id),
      el("span.tag", {}, scope),
      el("span.quiet", {}, `${made} UTC`),
      el("button", { type: "button", ariaLabel: `Revoke ${id}`, onclick: revoke }, "Revoke"),
    );
  }

  async create() {
    const wanted = { description: $("token-description").value, scope: $("token-scope").value };
    const { token } = await this.ask("POST", "", JSON.stringify(wanted));
    if ($("tokens").open) $("token-new").replaceChildren("The new token, shown only now: ", el("code", {}, token));
    $("token-description").value = "";
    await this.show();
  }
}
