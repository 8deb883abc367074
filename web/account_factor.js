// The second factor: an authenticator app by its QR code, recovery codes, and doing without.

import {call} from "./api.js";
import {el, sheet, toast} from "./dom.js";
import {codeField, secret, shownOnce} from "./forms.js";
import {t} from "./text.js";

/** Asks for what proves that it is the owner; null when they would rather not. */
async function proof(me, title, hint, wants_code, button) {
  const [password, password_field] = secret("proof", t("current_password"), "current-password");
  const [code, code_field] = codeField();
  const answer = await sheet(el("form", {method: "dialog"}, el("h2", {}, title), el("p", {class: "muted"}, hint),
    me.has_password ? password_field : null, wants_code ? code_field : null,
    el("div", {class: "row"}, el("button", {class: "button primary", value: "yes"}, button),
      el("button", {class: "button quiet", value: "", formnovalidate: true}, t("cancel")))));
  if (answer !== "yes") return null;
  const body = me.has_password ? {current_password: password.value} : {};
  return wants_code ? {...body, totp: code.value.trim()} : body;
}

function showCodes(codes) {
  return shownOnce(t("recovery_codes"), t("recovery_codes_hint"), codes.join("\n"));
}

async function setUp(me, again) {
  const body = await proof(me, t("set_up_factor"), t("set_up_hint"), false, t("continue"));
  if (body === null) return;
  const begun = await call("POST", "/v1/me/totp", body);
  const [code, code_field] = codeField();
  const wrong = el("p", {class: "wrong", role: "alert", hidden: true});
  let codes = null;
  const form = el("form", {onsubmit: async (event) => {
    event.preventDefault();
    try {
      codes = (await call("POST", "/v1/me/totp/confirm", {totp: code.value.trim()})).recovery_codes;
      form.closest("dialog").close("yes");
    } catch (error) {
      wrong.textContent = error.message;
      wrong.hidden = false;
      code.select();
    }
  }}, el("h2", {}, t("scan_this")), el("p", {class: "muted"}, t("scan_hint")),
  el("img", {class: "qr", alt: t("qr_code"), src: `data:image/svg+xml,${encodeURIComponent(begun.qr_svg)}`}),
  el("details", {class: "small"}, el("summary", {}, t("cannot_scan")), el("code", {class: "secret"}, begun.secret.replace(/(.{4})/g, "$1 "))),
  code_field, wrong,
  el("div", {class: "row"}, el("button", {class: "button primary"}, t("confirm")),
    el("button", {class: "button quiet", type: "button", onclick: () => form.closest("dialog").close("")}, t("cancel"))));
  const shown = sheet(form);
  code.focus();
  await shown;
  if (codes === null) return;
  await showCodes(codes);
  await again();
}

async function renewCodes(me, again) {
  const body = await proof(me, t("new_codes"), t("new_codes_hint"), true, t("continue"));
  if (body === null) return;
  await showCodes((await call("POST", "/v1/me/recovery-codes", body)).recovery_codes);
  await again();
}

async function remove(me, again) {
  const body = await proof(me, t("remove_factor"), t("remove_factor_hint"), true, t("remove_factor"));
  if (body === null) return;
  await call("DELETE", "/v1/me/totp", body);
  toast(t("factor_removed"));
  await again();
}

/** For a session that began without it. */
async function raise(me, again) {
  const [code, code_field] = codeField();
  const answer = await sheet(el("form", {method: "dialog"}, el("h2", {}, t("show_factor")), code_field,
    el("div", {class: "row"}, el("button", {class: "button primary", value: "yes"}, t("confirm")),
      el("button", {class: "button quiet", value: "", formnovalidate: true}, t("cancel")))));
  if (answer !== "yes") return;
  await call("POST", "/v1/auth/second-factor", {totp: code.value.trim()});
  await again();
}

export function showSecondFactor(me, section, attempt, again) {
  const button = (text, action, kind = "") => el("button", {class: `button ${kind}`, onclick: () => attempt(() => action(me, again))}, text);
  const has = me.second_factor.totp;
  const duty = me.roles.some((role) => !me.may.includes(role));
  const state = has ? el("span", {class: "badge good"}, t("factor_on")) : el("span", {class: "badge wait"}, t("factor_off"));
  const left = has ? el("span", {class: "muted small"}, t("codes_left", {n: me.second_factor.recovery_codes_left})) : null;
  return section(t("second_factor"), t("second_factor_hint"), el("div", {class: "row"}, state, left),
    duty && me.session ? el("p", {class: "notice"}, t(has ? "factor_for_duty" : "factor_needed")) : null,
    el("div", {class: "row"},
      has ? [duty && me.session ? button(t("show_factor"), raise, "primary") : null, button(t("new_codes"), renewCodes), button(t("remove_factor"), remove, "danger")]
        : button(t("set_up_factor"), setUp, "primary")));
}
