// The box that a question is typed into, with the filters it is asked under.

import { activeFilters, filterButton } from "./filters.js";
import { fill, h, icon, iconButton } from "./dom.js";
import { t } from "./i18n.js";

/** {element, where(), setWhere(), update({asking, begun}), take(another), typed(), focus()}. The handlers: ask(question), stop(), clear(). */
export function composer({ ask, stop, clear }) {
  let where = {};
  let asking = false;
  const area = h("textarea", {
    id: "question",
    rows: "1",
    placeholder: t("placeholder"),
    "aria-label": t("placeholder"),
    enterkeyhint: "send",
    autocomplete: "off",
    spellcheck: "true",
  });
  const chips = h("div", { class: "chips" });
  const act = h("button", { class: "send", type: "submit" });
  const fresh = h("button", { type: "button", class: "textual fresh", onclick: clear }, icon("plus"), t("new"));
  const setWhere = (value) => {
    where = value;
    fill(chips, activeFilters(where, setWhere));
  };
  const form = h(
    "form",
    { class: "composer" },
    h(
      "div",
      { class: "composer-box" },
      area,
      h(
        "div",
        { class: "composer-row" },
        filterButton(() => where, setWhere),
        chips,
        act,
      ),
    ),
    h("div", { class: "composer-foot" }, fresh, h("span", { class: "hint" }, t("hint"))),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const question = area.value.trim();
    if (asking && !question) return stop();
    if (!question) return area.focus();
    area.value = "";
    grow(area);
    ask(question);
  });
  area.addEventListener("input", () => (grow(area), draw()));
  area.addEventListener("keydown", (event) => {
    // subtle: Enter that ends the typing of a Chinese word is not meant to send
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    form.requestSubmit();
  });
  const draw = () => {
    const stops = asking && !area.value.trim();
    act.setAttribute("aria-label", stops ? t("stop") : t("send.question"));
    act.title = stops ? t("stop") : t("send.question");
    fill(act, icon(stops ? "stop" : "send"));
    act.classList.toggle("send-idle", !asking && !area.value.trim());
  };
  const update = (state) => {
    asking = state.asking;
    fresh.hidden = !state.begun;
    area.placeholder = state.begun ? t("placeholder.follow") : t("placeholder");
    draw();
  };
  const take = (other) => {
    area.value = other.typed();
    setWhere(other.where());
  };
  return {
    element: form,
    where: () => where,
    setWhere,
    update,
    take,
    typed: () => area.value,
    focus: () => area.focus(),
  };
}

function grow(area) {
  area.style.height = "auto";
  area.style.height = `${Math.min(area.scrollHeight, innerHeight * 0.4)}px`;
}
