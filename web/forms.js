// What several forms have: a password, a code, and something that is shown once.

import {el, sheet} from "./dom.js";
import {t} from "./text.js";

export function secret(id, label, autocomplete, more = {}) {
  const input = el("input", {id, type: "password", autocomplete, required: true, maxlength: 1024, ...more});
  return [input, el("div", {class: "field"}, el("label", {for: id}, label), input)];
}

export function codeField() {
  const input = el("input", {id: "code", type: "text", autocomplete: "one-time-code", required: true, maxlength: 64, spellcheck: "false"});
  return [input, el("div", {class: "field"}, el("label", {for: "code"}, t("code")), input)];
}

/** What is shown once, with a button that copies it. */
export function shownOnce(title, hint, text) {
  const copy = el("button", {class: "button", type: "button", onclick: async () => {
    try {
      await navigator.clipboard.writeText(text);
      copy.textContent = t("copied");
    } catch {
      getSelection().selectAllChildren(shown);  // without https there is no clipboard
    }
  }}, t("copy"));
  const shown = el("pre", {class: "once", tabindex: 0}, text);
  return sheet(el("form", {method: "dialog"}, el("h2", {}, title), el("p", {class: "muted"}, hint), shown,
    el("div", {class: "row"}, copy, el("button", {class: "button primary", value: "done"}, t("done")))));
}
