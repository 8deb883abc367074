// Passages that fit the words, best first.

import {call} from "./api.js";
import {collectionChoice} from "./ask.js";
import {el, icon, marked, toast} from "./dom.js";
import {openSource, whereText} from "./source.js";
import {t} from "./text.js";

// The part of the passage around its first highlight.
function excerpt(hit) {
  const first = hit.highlights[0]?.[0] ?? 0;
  if (first < 200) return marked(hit.text, hit.highlights);
  const points = Array.from(hit.text);
  let start = first - 80;
  while (start < first && !/[\s\p{P}]/u.test(points[start])) start += 1;
  const ranges = hit.highlights.map(([from, to]) => [from - start, to - start]);
  return ["… ", ...marked(points.slice(start).join("").trimStart(), shifted(points, start, ranges))];
}

// trimStart() takes white space away that the ranges have counted.
function shifted(points, start, ranges) {
  let blanks = 0;
  while (/\s/u.test(points[start + blanks] ?? "")) blanks += 1;
  return ranges.map(([from, to]) => [from - blanks, to - blanks]);
}

function hitCard(hit) {
  return el("button", {class: "card hit", type: "button", onclick: () => openSource(hit)},
    el("span", {class: "source-title"}, hit.title || "—"),
    el("span", {class: "hit-text"}, excerpt(hit)),
    el("span", {class: "where"}, whereText(hit)));
}

export async function showSearch(main) {
  const choice = await collectionChoice();
  const input = el("input", {
    type: "search", required: true, maxlength: 1000, placeholder: t("search_placeholder"), "aria-label": t("search"),
    enterkeyhint: "search",
  });
  const place = el("section", {class: "page-answer"});

  async function submit(event) {
    event.preventDefault();
    const query = input.value.trim();
    if (!query) return;
    const body = {query, limit: 20};
    if (choice.value) body.collection_ids = [choice.value];
    try {
      draw(await call("POST", "/v1/search", body));
    } catch (error) {
      toast(error.message, true);
    }
  }

  function draw(found) {
    if (found.results.length === 0) {
      place.replaceChildren(el("div", {class: "card empty"}, el("strong", {}, t("no_results")),
        el("span", {}, t("no_results_hint"))));
      return;
    }
    place.replaceChildren(
      el("p", {class: "muted small", role: "status"}, t("results", {n: found.results.length, ms: found.took_ms}),
        found.mode === "keyword" ? ` · ${t("keyword_only")}` : null),
      ...found.results.map(hitCard));
  }

  const form = el("form", {class: "card asker", role: "search", onsubmit: submit}, input,
    el("div", {class: "asker-foot"}, choice,
      el("button", {class: "button primary", type: "submit"}, icon("send", 18), t("search"))));
  main.replaceChildren(el("div", {class: "page"}, form, place));
  input.focus();
}
