// One small card beside what the pointer or the focus is on. Esc closes it; a pointer may move into it.

import { fill, h } from "./dom.js";

const SHOW_AFTER = 140;
const HIDE_AFTER = 220;
const MARGIN = 8;
const card = h("div", { class: "pop", id: "pop", role: "tooltip", hidden: true });
let anchor = null;
let timer = 0;

card.addEventListener("pointerenter", () => clearTimeout(timer));
card.addEventListener("pointerleave", () => later(hidePopover, HIDE_AFTER));
addEventListener(
  "keydown",
  (event) => {
    if (event.key === "Escape" && anchor) {
      event.stopPropagation();
      hidePopover();
    }
  },
  true,
);
addEventListener("pointerdown", (event) => {
  if (anchor && !card.contains(event.target) && !anchor.contains(event.target)) hidePopover();
});
addEventListener("scroll", () => anchor && place(), { passive: true, capture: true });

/** True on a screen without hover, where the first tap shows the card and its button opens the document. */
export const touchOnly = () => matchMedia("(hover: none)").matches;

/** Shows what `content` returns beside the element on hover, focus and tap; on any click where a click does nothing else. */
export function attachPopover(element, content, clickShows = false) {
  const show = () => showPopover(element, content);
  element.addEventListener("pointerenter", (event) => event.pointerType !== "touch" && later(show, SHOW_AFTER));
  element.addEventListener("pointerleave", (event) => event.pointerType !== "touch" && later(hidePopover, HIDE_AFTER));
  element.addEventListener("focus", () => element.matches(":focus-visible") && show());
  element.addEventListener("blur", () => !touchOnly() && later(hidePopover, HIDE_AFTER));
  element.addEventListener(
    "click",
    (event) => {
      if (!touchOnly() && !clickShows) return hidePopover();
      event.stopImmediatePropagation();
      show();
    },
    { capture: true },
  );
}

function later(action, milliseconds) {
  clearTimeout(timer);
  timer = setTimeout(action, milliseconds);
}

function showPopover(element, content) {
  clearTimeout(timer);
  if (!element.isConnected) return;
  anchor?.removeAttribute("aria-describedby");
  anchor = element;
  element.closest("main, aside").append(card); // inside a landmark, where screen readers look
  fill(card, content());
  card.hidden = false;
  element.setAttribute("aria-describedby", "pop");
  place();
}

export function hidePopover() {
  clearTimeout(timer);
  anchor?.removeAttribute("aria-describedby");
  anchor = null;
  card.hidden = true;
}

/** Under the element where there is room, else above it; never outside the window. */
function place() {
  if (!anchor.isConnected) return hidePopover();
  const from = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = card;
  const below = from.bottom + MARGIN + height <= innerHeight || from.top < height + MARGIN;
  const left = Math.max(MARGIN, Math.min(from.left + from.width / 2 - width / 2, innerWidth - width - MARGIN));
  card.style.left = `${left}px`;
  card.style.top = `${below ? from.bottom + MARGIN : from.top - height - MARGIN}px`;
}
