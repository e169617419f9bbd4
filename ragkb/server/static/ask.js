// The view that asks and answers.

import * as api from "./api.js";
import { composer } from "./composer.js";
import * as conversation from "./conversation.js";
import * as documents from "./documents.js";
import { fill, h, icon, say } from "./dom.js";
import { count, t } from "./i18n.js";
import { linkTo } from "./links.js";
import { openDocument } from "./panel.js";
import { turnArticle } from "./turn.js";

let running = null; // {turn, controller}
let list = null;
let box = null;
let after = null; // what stands under the box before the first question

/** Shows the view in the element. */
export function showAsk(main) {
  const before = box;
  list = h("div", { class: "turns" });
  after = h("div", { class: "recent" });
  box = composer({ ask, stop, clear: startOver });
  if (before) box.take(before); // the language changed, or the view did: what was typed stays
  fill(main, h("div", { class: "ask" }, h("h1", { class: "unseen" }, t("conversation")), list, box.element, after));
  refresh();
}

/** Asks what a link to this page holds, in a new conversation. */
export function askFromLink(question, where) {
  if (conversation.all()[0]?.question === question) return; // a reload of this page, not a link to it
  stop();
  conversation.clear();
  box.setWhere(where);
  refresh();
  ask(question);
}

function refresh() {
  const turns = conversation.all();
  list.parentElement.classList.toggle("ask-empty", turns.length === 0);
  list.previousElementSibling.hidden = turns.length === 0; // the welcome has its own heading
  fill(list, turns.length ? turns.map(article) : welcome());
  after.hidden = turns.length > 0;
  box.update({ asking: Boolean(running), begun: turns.length > 0 });
}

const article = (turn) =>
  turnArticle(turn, { again: () => again(turn), unfiltered: () => (box.setWhere({}), ask(turn.question)) });

async function ask(question) {
  stop();
  const turn = conversation.begin(question, box.where());
  if (conversation.all().length === 1) rememberInAddress(turn);
  refresh();
  list.lastElementChild.scrollIntoView({ behavior: calm(), block: "start" });
  await run(turn);
}

function again(turn) {
  stop();
  Object.assign(turn, { status: "asking", problem: null, sentences: [], passages: null });
  redraw(turn);
  run(turn);
}

async function run(turn) {
  const controller = new AbortController();
  running = { turn, controller };
  box.update({ asking: true, begun: true });
  say(t("asking"));
  try {
    const history = conversation.historyBefore(turn);
    const body = { question: turn.question, where: turn.where, ...(history.length && { history }) };
    for await (const event of api.ask(body, controller.signal)) {
      conversation.take(turn, event);
      redraw(turn);
    }
    if (!turn.answer) throw new api.Problem(0);
    say(spoken(turn.answer));
  } catch (error) {
    turn.status = error.name === "AbortError" ? "stopped" : "failed";
    turn.problem = error.name === "AbortError" ? null : error;
    redraw(turn);
  }
  if (running?.turn === turn) running = null;
  conversation.keep();
  box.update({ asking: Boolean(running), begun: conversation.all().length > 0 });
}

const spoken = (answer) =>
  answer.abstained
    ? t("abstained.title")
    : `${t("answer")}: ${answer.answer} ${count("citations.count", answer.citations.length)}`;

function redraw(turn) {
  const index = conversation.all().indexOf(turn);
  if (index < 0 || !list.isConnected) return;
  const old = list.children[index];
  const fresh = article(turn);
  old.replaceWith(fresh);
}

function stop() {
  running?.controller.abort();
}

function startOver() {
  stop();
  conversation.clear();
  history.replaceState(null, "", "#/");
  refresh();
  box.focus();
}

function rememberInAddress(turn) {
  history.replaceState(null, "", linkTo(turn.question, turn.where));
}

const calm = () => (matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth");

function welcome() {
  const about = h("p", { class: "welcome-about" });
  documents
    .all()
    .then(({ documents: found, total }) => {
      about.textContent = total ? count("welcome.about", total) : t("welcome.none");
      if (total) fill(after, recentDocuments(found));
    })
    .catch(() => {}); // the question itself will say what is wrong
  return h("div", { class: "welcome" }, h("h1", {}, t("welcome")), about);
}

function recentDocuments(found) {
  const latest = [...found].sort((a, b) => b.ingested_at.localeCompare(a.ingested_at)).slice(0, 4);
  const cards = latest.map((document) =>
    h(
      "li",
      {},
      h(
        "button",
        { type: "button", class: "recent-card", onclick: () => openDocument({ document_id: document.id }) },
        icon("file"),
        h("span", {}, document.title || document.source),
      ),
    ),
  );
  return [h("h2", { class: "label" }, t("recent")), h("ul", {}, cards)];
}
