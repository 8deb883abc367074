// A question, its answer as it is being written, and the sources that it names.

import {all, events} from "./api.js";
import {el, icon} from "./dom.js";
import {openSource, whereText} from "./source.js";
import {t} from "./text.js";

/** A select with the caller's collections; its value is an id, or "" for all. */
export async function collectionChoice() {
  const select = el("select", {"aria-label": t("collections")}, el("option", {value: ""}, t("everywhere")));
  for (const collection of await all("/v1/collections")) {
    select.append(el("option", {value: collection.id}, collection.name));
  }
  return select;
}

/** Sends on Enter; Shift+Enter, and Enter within an input method, stay what they are. */
function sendOnEnter(event) {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  event.target.form.requestSubmit();
}

// The answer with [n] as buttons, as far as the sources are known.
function answerParts(text, citations, open) {
  return text.split(/(\[\d+\])/).map((part) => {
    const marker = /^\[(\d+)\]$/.exec(part)?.[1];
    const citation = citations.find((one) => String(one.marker) === marker);
    if (!citation) return part;
    return el("button", {
      class: "cite", type: "button", title: citation.quote, "aria-label": `[${marker}] ${citation.title}`,
      onclick: () => open(citation),
    }, marker);
  });
}

function passageOf(citation, passages) {
  const found = passages.find((passage) => passage.chunk_id === citation.chunk_id);
  if (found) return found;
  return {...citation, text: citation.quote, highlights: []};
}

function sourceButton(citation, open) {
  return el("button", {class: "source", type: "button", onclick: () => open(citation)},
    el("span", {class: "cite", "aria-hidden": "true"}, String(citation.marker)),
    el("span", {class: "source-title"}, citation.title || "—"),
    el("q", {}, citation.quote),
    el("span", {class: "where"}, whereText(citation)));
}

function passageButton(passage) {
  return el("button", {class: "source", type: "button", onclick: () => openSource(passage)},
    icon("file", 18),
    el("span", {class: "source-title"}, passage.title || "—"),
    el("q", {}, passage.text),
    el("span", {class: "where"}, whereText(passage)));
}

function verdict(done) {
  if (done.refusal) return el("span", {class: "badge wait"}, t("not_found"));
  if (!done.generated) return el("span", {class: "badge good"}, t("quotes_only"));
  return done.grounded ? el("span", {class: "badge good"}, t("grounded"))
    : el("span", {class: "badge wait"}, t("not_grounded"));
}

/** Shows one question and follows its events; stops when `signal` says so. */
async function follow(question, collectionId, place, signal) {
  const state = {text: "", citations: [], passages: []};
  const status = el("p", {class: "muted row", role: "status"}, el("span", {class: "spinner"}), t("searching"));
  const text = el("div", {class: "answer-text running", "aria-live": "polite", hidden: true});
  const sources = el("div", {class: "sources"});
  const foot = el("div", {class: "foot"});
  place.replaceChildren(el("p", {class: "question"}, question),
    el("article", {class: "card answer"}, status, text, sources, foot));
  const open = (citation) =>
    openSource(passageOf(citation, state.passages), [[citation.location.char_start, citation.location.char_end]]);
  const draw = () => {
    text.hidden = state.text === "";
    text.replaceChildren(...answerParts(state.text, state.citations, open));
  };
  const handlers = {
    passages: ({passages}) => {
      state.passages = passages;
      status.lastChild.textContent = t("reading", {n: passages.length});
    },
    delta: (data) => {
      status.hidden = true;
      state.text += data.text;
      draw();
    },
    citation: (citation) => {
      if (state.citations.length === 0) sources.append(el("h3", {}, t("sources")));
      state.citations.push(citation);
      sources.append(sourceButton(citation, open));
      draw();
    },
    done: (done) => finish(done),
    error: (problem) => {
      throw new Error(problem.detail);
    },
  };
  const finish = (done) => {
    const nearest = done.refusal?.nearest ?? [];
    if (nearest.length > 0) {
      sources.append(el("h3", {}, t("nearest")), nearest.slice(0, 4).map(passageButton));
    }
    foot.append(verdict(done), el("span", {}, t("took", {n: (done.timings_ms.total / 1000).toFixed(1)})));
    if (done.model) foot.append(el("span", {}, done.model));
    if (done.usage.completion_tokens > 0) {
      foot.append(el("span", {}, t("tokens", {n: done.usage.completion_tokens})));
    }
    foot.append(el("span", {class: "clip"}, t("receipt", {id: done.receipt_id})));
  };
  try {
    const body = {question, stream: true};
    if (collectionId) body.collection_ids = [collectionId];
    for await (const {event, data} of events("POST", "/v1/ask", body, signal)) handlers[event]?.(data);
  } catch (error) {
    foot.append(signal.aborted ? el("span", {}, t("stopped")) : el("span", {class: "wrong"}, error.message));
  } finally {
    status.hidden = true;
    text.classList.remove("running");
  }
}

export async function showAsk(main) {
  const choice = await collectionChoice();
  const input = el("textarea", {
    rows: 2, required: true, maxlength: 4000, placeholder: t("ask_placeholder"), "aria-label": t("ask"),
    onkeydown: sendOnEnter,
  });
  const button = el("button", {class: "button primary", type: "submit"});
  const setRunning = (running) =>
    button.replaceChildren(running ? icon("stop", 18) : icon("send", 18), running ? t("stop") : t("ask"));
  setRunning(false);
  const hero = el("div", {class: "hero"}, el("h1", {}, t("ask_title")), el("p", {}, t("ask_hint")));
  const place = el("section", {class: "page-answer"});
  let running = null;

  async function submit(event) {
    event.preventDefault();
    if (running) {
      running.abort();
      return;
    }
    const question = input.value.trim();
    if (!question) return;
    hero.hidden = true;
    input.value = "";
    running = new AbortController();
    setRunning(true);
    await follow(question, choice.value, place, running.signal);
    running = null;
    setRunning(false);
  }

  const form = el("form", {class: "card asker", onsubmit: submit}, input,
    el("div", {class: "asker-foot"}, choice, button));
  main.replaceChildren(el("div", {class: "page"}, hero, form, place));
  window.addEventListener("hashchange", () => running?.abort(), {once: true});
  input.focus();
}
