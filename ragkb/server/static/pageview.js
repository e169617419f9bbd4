// The picture of a document's page. It is fetched, since an <img> cannot carry a key.

import * as api from "./api.js";
import { fill, h, iconButton } from "./dom.js";
import { errorCard } from "./errors.js";
import { t } from "./i18n.js";

/** Shows the page with what lies on it of marked, {start, end} in code points or null. */
export function pageView(body, document, marked, page) {
  const image = h("img", { class: "page-picture", alt: "" });
  const number = h("span", { class: "page-number", "aria-live": "polite" });
  const frame = h("div", { class: "page-frame", tabindex: "0", role: "region", "aria-label": t("view.page") });
  let shown = page;
  const turn = (by) => show(Math.max(1, Math.min(document.pages, shown + by)));
  const back = iconButton("left", t("page.before"), () => turn(-1));
  const on = iconButton("right", t("page.after"), () => turn(1));
  const show = async (n) => {
    shown = n;
    number.textContent = t("page.of", { n, total: document.pages });
    back.disabled = n === 1;
    on.disabled = n === document.pages;
    try {
      const picture = URL.createObjectURL(await api.blob(address(document, n, marked)));
      if (shown !== n || !frame.isConnected) return URL.revokeObjectURL(picture);
      image.onload = () => {
        URL.revokeObjectURL(picture);
        frame.scrollTop = height(document, n, marked) * image.offsetHeight - frame.clientHeight / 3;
      };
      image.alt = t("page.alt", { n, title: document.title || document.source });
      image.src = picture;
      fill(frame, image);
    } catch (problem) {
      if (shown === n)
        fill(
          frame,
          errorCard(problem, () => show(n)),
        );
    }
  };
  fill(frame, h("p", { class: "reading" }, t("loading")));
  fill(body, h("div", { class: "page-tools" }, back, number, on), frame);
  show(page);
}

function address(document, n, marked) {
  const span = marked ? `?start=${marked.start}&end=${marked.end}` : "";
  return `/v1/documents/${encodeURIComponent(document.id)}/pages/${n}.png${span}`;
}

/** How far down the page the mark is, 0 to 1, as far as the text before it tells. */
function height(document, n, marked) {
  const [start, end = document.characters] = [document.page_starts[n - 1], document.page_starts[n]];
  return marked && marked.start >= start && marked.start < end ? (marked.start - start) / (end - start) : 0;
}
