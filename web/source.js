// The panel that shows where a passage or a quote stands.

import {call, download} from "./api.js";
import {el, icon, marked, toast} from "./dom.js";
import {t} from "./text.js";

/** "Page 3 · Chapter › Section", of a passage or a citation; without what its title says already. */
export function whereText({title, location}) {
  const parts = [];
  if (location.page) parts.push(t("page_n", {n: location.page}));
  const headings = location.heading_path.filter((heading, at) => at > 0 || heading !== title);
  if (headings.length > 0) parts.push(headings.join(" › "));
  return parts.join(" · ");
}

/** Ranges of the document's text as ranges of the passage's. */
function rangesWithin(passage, ranges) {
  const {char_start: start, char_end: end} = passage.location;
  return ranges
    .map(([from, to]) => [Math.max(from, start) - start, Math.min(to, end) - start])
    .filter(([from, to]) => to > from)
    .sort((a, b) => a[0] - b[0]);
}

// What stands before and after, for the eye; not there when the document is not to be read.
async function neighbours(passage) {
  const ordinal = Number(passage.chunk_id.split(":")[1]);
  let cursor = "";
  const found = {};
  for (;;) {
    const page = await call("GET", `/v1/documents/${passage.document_id}/chunks?limit=200${cursor}`);
    for (const chunk of page.data) {
      if (chunk.ordinal === ordinal - 1) found.before = chunk.text;
      if (chunk.ordinal === ordinal + 1) found.after = chunk.text;
    }
    const last = page.data[page.data.length - 1];
    if (!page.next_cursor || (last && last.ordinal > ordinal)) return found;
    cursor = `&cursor=${encodeURIComponent(page.next_cursor)}`;
  }
}

/**
 * Opens the panel on a passage (as in a search result). `ranges` are code points of the document to
 * highlight: a quote; without them the passage's own highlights are shown.
 */
export function openSource(passage, ranges = null) {
  const within = ranges ? rangesWithin(passage, ranges) : passage.highlights;
  const text = el("div", {class: "passage"}, marked(passage.text, within));
  const before = el("div", {class: "passage beside", hidden: true});
  const after = el("div", {class: "passage beside", hidden: true});
  const close = el("button", {class: "button quiet icon", "aria-label": t("close"), onclick: () => panel.close()}, icon("close"));
  const save = el("button", {class: "button", onclick: async () => {
    try {
      await download(passage.document_id);
    } catch (error) {
      toast(error.message, true);
    }
  }}, icon("file", 18), t("open_original"));
  const panel = el("dialog", {class: "panel", "aria-label": passage.title},
    el("div", {class: "panel-head"},
      el("div", {class: "grow"}, el("h2", {}, passage.title || "—"),
        el("p", {class: "crumbs"}, whereText(passage))), close),
    el("div", {class: "panel-body"}, before, text, after),
    el("div", {class: "panel-foot"}, save));
  // A click beside the panel is a click on the dialog itself.
  panel.addEventListener("click", (event) => {
    if (event.target === panel) panel.close();
  });
  panel.addEventListener("close", () => panel.remove());
  document.body.append(panel);
  panel.showModal();
  const first = text.querySelector("mark");
  (first ?? text).scrollIntoView({block: "center"});
  neighbours(passage).then((found) => {
    for (const [element, words] of [[before, found.before], [after, found.after]]) {
      element.textContent = words ?? "";
      element.hidden = !words;
    }
    (first ?? text).scrollIntoView({block: "center"});
  }, () => {});
  return panel;
}
