// The door: user name and password with a code of the second factor, a provider, or an API key.

import {call, key, session} from "./api.js";
import {el} from "./dom.js";
import {t} from "./text.js";

/** `enter` is called once somebody is known, and throws when they are not after all. */
export function showSignIn(main, enter, message = "") {
  const door = el("div", {class: "door"});
  const providers = el("div", {class: "field", hidden: true});
  // Hidden when nobody else vouches; a server that cannot say is no reason to stay outside.
  call("GET", "/v1/auth/providers").then(({data}) => {
    providers.append(el("p", {class: "or"}, t("or")), ...data.map((provider) =>
      el("a", {class: "button", href: provider.start}, t("sign_in_with", {name: provider.display_name}))));
    providers.hidden = data.length === 0;
  }, () => {});

  const show = (form) => {
    door.replaceChildren(form);
    form.querySelector("input")?.focus();
  };
  const head = () => [el("img", {src: "/icon.svg", alt: ""}),
    el("div", {}, el("h1", {}, "Wenyuan"), el("p", {class: "muted"}, t("tagline")))];

  /** A form that says what went wrong; `submit` throws. */
  function form(fields, button, submit, more) {
    const wrong = el("p", {class: "wrong", role: "alert", hidden: true});
    const go = el("button", {class: "button primary", type: "submit"}, button);
    return el("form", {class: "card", onsubmit: async (event) => {
      event.preventDefault();
      go.disabled = true;
      wrong.hidden = true;
      try {
        await submit();
      } catch (error) {
        wrong.textContent = error.status === 401 ? t(error.reason ?? "wrong_password") : error.message;
        wrong.hidden = false;
        event.target.querySelector("input:last-of-type").select();
      } finally {
        go.disabled = false;
      }
    }}, head(), fields, wrong, go, more);
  }

  function field(id, label, properties, hint) {
    const input = el("input", {id, name: id, type: "text", required: true, spellcheck: "false", autocapitalize: "none", ...properties});
    return [input, el("div", {class: "field"}, el("label", {for: id}, label), input, hint ? el("p", {class: "hint"}, hint) : null)];
  }

  const switchTo = (text, show_other) =>
    el("button", {class: "button quiet", type: "button", onclick: show_other}, text);

  function byPassword() {
    const [name, name_field] = field("username", t("username"), {autocomplete: "username"});
    const [password, password_field] = field("password", t("password"), {type: "password", autocomplete: "current-password"});
    show(form([message ? el("p", {class: "wrong", role: "alert"}, message) : null, name_field, password_field], t("sign_in"), async () => {
      const body = {username: name.value.trim(), password: password.value};
      try {
        await session.begin("/v1/auth/login", body);
      } catch (error) {
        if (!error.names("/totp")) throw error;
        byCode(body);
        return;
      }
      await enter();
    }, [providers, switchTo(t("use_key"), byKey)]));
  }

  function byCode(body) {
    const [code, code_field] = field("totp", t("code"), {autocomplete: "one-time-code", inputmode: "text", maxlength: 64}, t("code_hint"));
    show(form(code_field, t("continue"), async () => {
      try {
        await session.begin("/v1/auth/login", {...body, totp: code.value.trim()});
      } catch (error) {
        error.reason = error.names("/totp") ? "wrong_code" : "wrong_password";
        throw error;
      }
      await enter();
    }, switchTo(t("back_to_sign_in"), byPassword)));
  }

  function byKey() {
    const [input, key_field] = field("key", t("key"), {type: "password", autocomplete: "off", placeholder: "wy_…"}, t("key_hint"));
    show(form(key_field, t("sign_in"), async () => {
      key.set(input.value.trim());
      try {
        await enter();
      } catch (error) {
        key.clear();
        error.reason = "wrong_key";
        throw error;
      }
    }, switchTo(t("use_password"), byPassword)));
  }

  main.replaceChildren(door);
  byPassword();
}
