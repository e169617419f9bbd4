// Thumbs: up is sent at once; down asks what is wrong and what would be right.

import * as api from "./api.js";
import { keep } from "./conversation.js";
import { fill, h, icon } from "./dom.js";
import { complain, notice } from "./errors.js";
import { t } from "./i18n.js";

/** Two buttons and, after the second, a form. */
export function feedbackButtons(turn) {
  const form = h("div", { class: "feedback-form" });
  const up = thumb("up", turn, async () => {
    fill(form);
    await send(turn, "up", {}, refresh);
  });
  const down = thumb("down", turn, () => {
    fill(form, form.firstChild ? null : correction(turn, form, refresh));
    form.querySelector("textarea")?.focus();
  });
  const refresh = () =>
    [up, down].forEach((button) => button.setAttribute("aria-pressed", String(turn.rating === button.dataset.rating)));
  return [up, down, form];
}

function thumb(rating, turn, onclick) {
  return h(
    "button",
    {
      type: "button",
      class: "quiet",
      title: t(`feedback.${rating}`),
      "aria-label": t(`feedback.${rating}`),
      "aria-pressed": String(turn.rating === rating),
      data: { rating },
      onclick,
    },
    icon(rating),
  );
}

function correction(turn, form, refresh) {
  const comment = h("textarea", { rows: "2" });
  const right = h("textarea", { rows: "2" });
  const submit = async (event) => {
    event.preventDefault();
    const said = { comment: comment.value.trim(), correction: right.value.trim() };
    if (await send(turn, "down", said, refresh)) fill(form);
  };
  return h(
    "form",
    { class: "card", onsubmit: submit },
    h("label", {}, t("feedback.comment"), comment),
    h("label", {}, t("feedback.correction"), right),
    h(
      "p",
      { class: "buttons" },
      h("button", { class: "button button-main" }, t("send")),
      h("button", { type: "button", class: "button", onclick: () => fill(form) }, t("cancel")),
    ),
  );
}

async function send(turn, rating, said, refresh) {
  const citations = turn.answer.citations.map(({ source, page, quote }) => ({ source, page, quote }));
  const written = Object.fromEntries(Object.entries(said).filter(([, value]) => value));
  try {
    await api.post("/v1/feedback", {
      question: turn.question,
      answer: turn.answer.answer,
      rating,
      citations,
      ...written,
    });
  } catch (problem) {
    complain(problem);
    return false;
  }
  turn.rating = rating;
  keep();
  refresh();
  notice(t("feedback.thanks"));
  return true;
}
