// What was asked and answered in this tab. Kept over a reload, gone with the tab.

import { base } from "./api.js";

export const KEPT = `ragkb.conversation${base}`;
const LONGEST_HISTORY = 12; // turns sent along with a question

let turns = [];

export const all = () => turns;

/** A turn that is being asked. */
export function begin(question, where) {
  const turn = {
    question,
    where,
    status: "asking",
    passages: null,
    sentences: [],
    citations: new Map(),
    answer: null,
    problem: null,
    rating: null,
  };
  turns.push(turn);
  return turn;
}

export function clear() {
  turns = [];
  keep();
}

/** Takes an event of the answer's stream into the turn. */
export function take(turn, { event, data }) {
  if (event === "passages") turn.passages = data.passages;
  if (event === "sentence") {
    for (const citation of data.new_citations ?? []) turn.citations.set(citation.n, citation);
    turn.sentences.push(data);
  }
  if (event === "answer") finish(turn, data);
}

function finish(turn, answer) {
  turn.answer = answer;
  turn.passages = answer.passages;
  turn.sentences = answer.sentences;
  turn.citations = new Map(answer.citations.map((citation) => [citation.n, citation]));
  turn.status = "done";
}

/** What was said before the turn, for the server. */
export function historyBefore(turn) {
  const before = turns.slice(0, turns.indexOf(turn)).filter(({ answer }) => answer);
  return before.slice(-LONGEST_HISTORY).flatMap(({ question, answer }) => [
    { role: "user", content: question },
    { role: "assistant", content: answer.answer },
  ]);
}

/** Stores the answered turns for a reload of this tab. */
export function keep() {
  const done = turns
    .filter(({ answer }) => answer)
    .map(({ question, where, answer, rating }) => ({ question, where, answer, rating }));
  try {
    sessionStorage.setItem(KEPT, JSON.stringify(done));
  } catch {
    sessionStorage.removeItem(KEPT); // too large, or storage is switched off: the page still holds it
  }
}

/** Takes the turns back after a reload; none if another version of the page kept them. */
export function restore() {
  try {
    turns = restored(JSON.parse(sessionStorage.getItem(KEPT) ?? "[]"));
  } catch {
    clear();
  }
}

const restored = (kept) =>
  kept.map(({ question, where, answer, rating }) => {
    const turn = { question, where, problem: null, rating };
    finish(turn, answer);
    return turn;
  });
