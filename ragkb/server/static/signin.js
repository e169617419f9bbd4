// Asks for an API key when the server wants one. The key lives in this tab's session storage, nowhere else.

import * as api from "./api.js";
import { h } from "./dom.js";
import { words } from "./errors.js";
import { t } from "./i18n.js";

let open = null;

/** Shows the dialog, once for all that wait for it; resolves to true when there is a key that works. */
export function askForKey() {
  open ??= dialog().finally(() => (open = null));
  return open;
}

function dialog() {
  return new Promise((resolve) => {
    const stale = Boolean(api.key());
    const input = h("input", {
      type: "password",
      name: "key",
      autocomplete: "off",
      required: true,
      spellcheck: "false",
      id: "key",
    });
    const said = h("p", { class: "bad", role: "alert" }, stale ? t("signin.stale") : "");
    const button = h("button", { class: "button button-main" }, t("signin"));
    const form = h("form", {}, h("label", { for: "key" }, t("signin.key")), input, said, button);
    const box = h(
      "dialog",
      { class: "dialog dialog-small", "aria-labelledby": "signin-title" },
      h("h2", { id: "signin-title" }, t("signin.title")),
      h("p", { class: "soft" }, t("signin.about")),
      form,
    );
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      button.disabled = true;
      const problem = await refusal(input.value.trim());
      button.disabled = false;
      if (problem) {
        said.textContent =
          problem.status === 401 ? t("signin.wrong") : Object.values(words(problem)).filter(Boolean).join(" ");
        return input.select();
      }
      api.setKey(input.value.trim());
      box.close("yes");
    });
    box.addEventListener("close", () => (box.remove(), resolve(box.returnValue === "yes")));
    document.body.append(box);
    box.showModal();
    input.focus();
  });
}

/** Why the key does not work, or null. */
async function refusal(key) {
  try {
    const response = await fetch(api.place("/v1/me"), {
      headers: { authorization: `Bearer ${key}` },
      cache: "no-store",
    });
    return response.ok ? null : new api.Problem(response.status);
  } catch {
    return new api.Problem(0);
  }
}
