// API keys: made (and shown once), listed, revoked.

import * as api from "./api.js";
import { section } from "./admin.js";
import { copy } from "./clipboard.js";
import { confirm } from "./confirm.js";
import { h, icon, iconButton } from "./dom.js";
import { complain, notice } from "./errors.js";
import { date, t } from "./i18n.js";

const PATH = "/v1/admin/keys";

export const keysSection = () => section("admin.keys", PATH, (body, reload) => [form(reload), table(body.keys ?? body, reload)]);

function form(reload) {
  const user = h("input", { type: "text", name: "user", required: true });
  const role = h("select", { name: "role" }, ["reader", "writer", "admin"].map((name) => h("option", { value: name }, t(`role.${name}`))));
  const groups = h("input", { type: "text", name: "groups", placeholder: t("keys.groups.none") });
  const days = h("input", { type: "number", name: "days", min: "1", max: "3650", placeholder: t("keys.never") });
  const made = h("div", { role: "status" });
  const submit = async (event) => {
    event.preventDefault();
    const names = groups.value.split(",").map((name) => name.trim()).filter(Boolean);
    const body = { user: user.value.trim(), role: role.value, groups: names, ...(days.value && { days: Number(days.value) }) };
    try {
      const key = await api.post(PATH, body);
      await reload();
      document.querySelector(".key-made")?.replaceChildren(shownOnce(key));
    } catch (problem) {
      complain(problem);
    }
  };
  const field = (name, input) => h("label", {}, t(name), input);
  return [
    h("form", { class: "key-form", onsubmit: submit }, field("keys.user", user), field("keys.role", role), field("groups", groups), field("keys.days", days), h("button", { class: "button button-main" }, icon("key"), t("keys.create"))),
    h("div", { class: "key-made" }, made),
  ];
}

function shownOnce({ key }) {
  const copying = async () => notice(t((await copy(key)) ? "copied" : "copy.failed"));
  return h("div", { class: "card key-card", role: "status" }, h("p", { class: "card-title" }, t("keys.once")), h("p", { class: "key-line" }, h("code", { tabindex: "0" }, key), iconButton("copy", t("copy"), copying)), h("p", { class: "soft" }, t("keys.once.about")));
}

function table(keys, reload) {
  if (!keys.length) return h("p", { class: "nothing" }, t("admin.keys.none"));
  const head = ["keys.user", "keys.role", "groups", "keys.created", "keys.expires", "keys.used"].map((name) => h("th", { scope: "col" }, t(name)));
  return h("table", { class: "rows" }, h("thead", {}, h("tr", {}, head, h("th", { scope: "col" }, h("span", { class: "unseen" }, t("keys.revoke"))))), h("tbody", {}, keys.map((key) => row(key, reload))));
}

function row(key, reload) {
  const dated = (value, none = "") => (value ? date(value) : none);
  const revoke = async () => {
    if (!(await confirm({ title: t("keys.sure"), text: t("keys.sure.about", { name: key.user }), action: t("keys.revoke") }))) return;
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
    h("td", { class: "cell-main" }, h("span", { class: "strong" }, key.user), h("span", { class: "path" }, key.id)),
    h("td", { data: { head: t("keys.role") } }, t(`role.${key.role}`)),
    h("td", { data: { head: t("groups") } }, key.groups.map((group) => h("span", { class: "tag" }, group))),
    h("td", { data: { head: t("keys.created") } }, dated(key.created_at ?? key.created)),
    h("td", { data: { head: t("keys.expires") } }, dated(key.expires_at ?? key.expires, t("keys.never"))),
    h("td", { data: { head: t("keys.used") } }, dated(key.last_used_at ?? key.last_used, "")),
    h("td", { class: "cell-act" }, key.revoked_at || key.revoked ? h("span", { class: "tag" }, t("keys.revoked")) : iconButton("trash", `${t("keys.revoke")}: ${key.user}`, revoke)),
  );
}
