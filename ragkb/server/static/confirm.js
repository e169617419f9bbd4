// A question before something is done that cannot be undone.

import { h } from "./dom.js";
import { t } from "./i18n.js";

/** Resolves to true if the person agrees. */
export function confirm({ title, text, action }) {
  return new Promise((resolve) => {
    const box = h("dialog", { class: "dialog dialog-small", "aria-labelledby": "confirm-title" });
    const close = (answer) => () => box.close(answer);
    box.append(
      h("h2", { id: "confirm-title" }, title),
      h("p", { class: "soft" }, text),
      h(
        "footer",
        { class: "buttons" },
        h("button", { type: "button", class: "button button-danger", onclick: close("yes") }, action),
        h("button", { type: "button", class: "button", autofocus: true, onclick: close("no") }, t("cancel")),
      ),
    );
    box.addEventListener("close", () => (box.remove(), resolve(box.returnValue === "yes")));
    document.body.append(box);
    box.showModal();
  });
}
