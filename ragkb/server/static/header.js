// The bar on top: where one is, and language, colours, knowledge base and key.

import * as api from "./api.js";
import { KEPT } from "./conversation.js";
import { fill, h, icon, iconButton } from "./dom.js";
import { language, setLanguage, t } from "./i18n.js";
import { may, me } from "./session.js";

const THEMES = ["auto", "light", "dark"];
const root = document.documentElement;

/** Draws the bar. view: the one that is shown. redraw: called when the language changed. */
export function drawHeader(view, redraw) {
  const views = ["ask", "documents", ...(may("admin") ? ["admin"] : [])];
  const links = views.map((name) =>
    h(
      "a",
      { href: name === "ask" ? "#/" : `#/${name}`, class: "tab", "aria-current": name === view ? "page" : null },
      t(`tab.${name}`),
    ),
  );
  fill(document.getElementById("tabs"), links);
  fill(document.getElementById("tools"), bases(), languageButton(redraw), themeButton(), account());
}

function bases() {
  const names = me().kbs ?? [];
  if (names.length < 2) return null;
  const choice = h(
    "select",
    { "aria-label": t("kb"), class: "small" },
    names.map((name) => h("option", { value: name, selected: name === me().kb }, name)),
  );
  choice.addEventListener(
    "change",
    () => (location.href = choice.value === "default" ? "/" : `/kb/${encodeURIComponent(choice.value)}/`),
  );
  return choice;
}

function languageButton(redraw) {
  const other = language() === "zh" ? "en" : "zh";
  const onclick = () => {
    setLanguage(other);
    redraw();
  };
  return h(
    "button",
    {
      type: "button",
      class: "quiet quiet-text",
      lang: other === "zh" ? "zh-CN" : "en",
      onclick,
      title: t("language.other"),
    },
    other === "zh" ? "中文" : "English",
  );
}

function themeButton() {
  const theme = root.dataset.theme ?? "auto";
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
  const button = iconButton({ auto: "auto", light: "sun", dark: "moon" }[theme], t(`theme.${theme}`), () => {
    if (next === "auto") delete root.dataset.theme;
    else root.dataset.theme = next;
    try {
      localStorage.setItem("ragkb.theme", next);
    } catch {
      // storage is switched off: the choice lasts as long as the page
    }
    const fresh = themeButton();
    button.replaceWith(fresh);
    fresh.focus();
  });
  return button;
}

function account() {
  if (!api.key()) return null;
  const { user, role } = me();
  const out = () => {
    api.setKey("");
    leave();
  };
  return h(
    "span",
    { class: "account" },
    h("span", { class: "account-name", title: t(`role.${role}`) }, icon("user"), user),
    h("button", { type: "button", class: "quiet quiet-text", onclick: out }, t("signout")),
  );
}

/** Starts the page anew, without what another person asked. */
function leave() {
  sessionStorage.removeItem(KEPT);
  location.hash = "#/";
  location.reload();
}
