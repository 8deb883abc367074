// The door: a key, kept in this tab only.

import {el} from "./dom.js";
import {t} from "./text.js";

export function showSignIn(main, enter) {
  const wrong = el("p", {class: "wrong", role: "alert", hidden: true});
  const input = el("input", {
    id: "key", type: "password", name: "key", autocomplete: "current-password", required: true,
    spellcheck: "false", placeholder: "wy_…",
  });
  const button = el("button", {class: "button primary", type: "submit"}, t("sign_in"));
  const form = el("form", {class: "card", onsubmit: submit},
    el("img", {src: "/icon.svg", alt: ""}),
    el("div", {}, el("h1", {}, "Wenyuan"), el("p", {class: "muted"}, t("tagline"))),
    el("div", {class: "field"}, el("label", {for: "key"}, t("key")), input,
      el("p", {class: "hint"}, t("key_hint"))),
    wrong, button);

  async function submit(event) {
    event.preventDefault();
    button.disabled = true;
    wrong.hidden = true;
    try {
      await enter(input.value.trim());
    } catch (error) {
      wrong.textContent = error.status === 401 ? t("wrong_key") : error.message;
      wrong.hidden = false;
      input.select();
    } finally {
      button.disabled = false;
    }
  }

  main.replaceChildren(el("div", {class: "door"}, form));
  input.focus();
}
