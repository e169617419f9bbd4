// API keys: made (and shown once), listed, revoked.

import * as api from "./api.js";
import { section } from "./admin.js";
import { copy } from "./clipboard.js";
import { confirm } from "./confirm.js";
import { h, icon, iconButton } from "./dom.js";
import { complain, notice } from "./errors.js";
import { date, t } from "./i18n.js";
import { me } from "./session.js";

const PATH = "/v1/admin/keys";

export const keysSection = () =>
  section("admin.keys", PATH, ({ keys }, reload) => [form(keys, reload), table(keys, reload)]);

/** The first key closes a server that was open, so it has to be one that can make others. */
function form(keys, reload) {
  const first = me().auth === "open" && !keys.length;
  const roles = first ? ["admin"] : ["reader", "writer", "admin"];
  const name = h("input", { type: "text", required: true });
  const role = h(
    "select",
    {},
    roles.map((one) => h("option", { value: one }, t(`role.${one}`))),
  );
  const groups = h("input", { type: "text", placeholder: t("keys.groups.none") });
  const days = h("input", { type: "number", min: "1", max: "3650", placeholder: t("keys.never") });
  const submit = async (event) => {
    event.preventDefault();
    const names = groups.value
      .split(",")
      .map((group) => group.trim())
      .filter(Boolean);
    const body = {
      name: name.value.trim(),
      role: role.value,
      groups: names,
      expires_days: days.value ? Number(days.value) : null,
    };
    try {
      const key = await api.post(PATH, body);
      if (first) api.setKey(key.key);
      await reload(shownOnce(key));
    } catch (problem) {
      complain(problem);
    }
  };
  const field = (label, input) => h("label", {}, t(label), input);
  const fields = [
    field("keys.name", name),
    field("keys.role", role),
    field("groups", groups),
    field("keys.days", days),
  ];
  return [
    first && h("p", { class: "soft keys-first" }, t("keys.first")),
    h(
      "form",
      { class: "key-form", onsubmit: submit },
      fields,
      h("button", { class: "button button-main" }, icon("key"), t("keys.create")),
    ),
  ];
}

function shownOnce({ key }) {
  const copying = async () => notice(t((await copy(key)) ? "copied" : "copy.failed"));
  return h(
    "div",
    { class: "card key-card", role: "status" },
    h("p", { class: "card-title" }, t("keys.once")),
    h("p", { class: "key-line" }, h("code", { tabindex: "0" }, key), iconButton("copy", t("copy"), copying)),
    h("p", { class: "soft" }, t("keys.once.about")),
  );
}

function table(keys, reload) {
  if (!keys.length) return h("p", { class: "nothing" }, t("admin.keys.none"));
  const head = ["keys.name", "keys.role", "groups", "keys.created", "keys.expires", "keys.used"].map((name) =>
    h("th", { scope: "col" }, t(name)),
  );
  return h(
    "table",
    { class: "rows" },
    h("thead", {}, h("tr", {}, head, h("th", { scope: "col" }, h("span", { class: "unseen" }, t("keys.revoke"))))),
    h(
      "tbody",
      {},
      keys.map((key) => row(key, reload)),
    ),
  );
}

function row(key, reload) {
  const dated = (value, none = "") => h("span", { class: "whole" }, value ? date(value) : none);
  const revoke = async () => {
    if (
      !(await confirm({
        title: t("keys.sure"),
        text: t("keys.sure.about", { name: key.name }),
        action: t("keys.revoke"),
      }))
    )
      return;
    try {
      await api.remove(`${PATH}/${encodeURIComponent(key.id)}`);
    } catch (problem) {
      complain(problem);
    }
    reload();
  };
  return h(
    "tr",
    {},
    h("td", { class: "cell-main" }, h("span", { class: "strong" }, key.name), h("span", { class: "path" }, key.id)),
    h("td", { data: { head: t("keys.role") } }, t(`role.${key.role}`)),
    h(
      "td",
      { data: { head: t("groups") } },
      key.groups.map((group) => h("span", { class: "tag" }, group)),
    ),
    h("td", { data: { head: t("keys.created") } }, dated(key.created_at)),
    h("td", { data: { head: t("keys.expires") } }, dated(key.expires_at, t("keys.never"))),
    h("td", { data: { head: t("keys.used") } }, dated(key.last_used_at)),
    h(
      "td",
      { class: "cell-act" },
      key.state !== "active"
        ? h("span", { class: "tag" }, t(`keys.${key.state}`))
        : iconButton("trash", `${t("keys.revoke")}: ${key.name}`, revoke),
    ),
  );
}
