// One's own account: password, second factor, sessions and API keys.

import {showSecondFactor} from "./account_factor.js";
import {showLinks} from "./account_links.js";
import {all, call} from "./api.js";
import {el, icon, sheet, toast} from "./dom.js";
import {secret, shownOnce} from "./forms.js";
import {t, time} from "./text.js";

const DAY = 24 * 60 * 60;

/** Runs `action`, and says what went wrong. */
async function attempt(action) {
  try {
    await action();
  } catch (error) {
    toast(error.message, true);
  }
}

function section(title, hint, ...content) {
  return el("section", {class: "card section"}, el("div", {}, el("h2", {}, title), hint ? el("p", {class: "muted small"}, hint) : null), content);
}

function passwordSection(me) {
  const [current, current_field] = secret("current", t("current_password"), "current-password");
  const [fresh, fresh_field] = secret("fresh", t("new_password"), "new-password", {minlength: 8});
  const [again, again_field] = secret("again", t("new_password_again"), "new-password");
  again.addEventListener("input", () => again.setCustomValidity(""));
  const form = el("form", {class: "stack", onsubmit: (event) => {
    event.preventDefault();
    if (again.value !== fresh.value) {
      again.setCustomValidity(t("passwords_differ"));
      again.reportValidity();
      return;
    }
    attempt(async () => {
      await call("PATCH", `/v1/users/${me.id}`, {password: fresh.value, current_password: current.value});
      form.reset();
      toast(t("password_changed"));
    });
  }},
  // Password managers look for the name beside the password.
  el("input", {type: "text", autocomplete: "username", value: me.username, hidden: true, readonly: true}),
  current_field, fresh_field, again_field,
  el("div", {}, el("button", {class: "button", type: "submit"}, t("change_password"))));
  return section(t("password"), t("password_hint"), form);
}

function sessionLine(session, refresh) {
  const end = () => attempt(async () => {
    await call("DELETE", `/v1/sessions/${session.id}`);
    await refresh();
  });
  const method = session.method === "password" ? t("by_password") : session.method.replace(/^\w+:/, "");
  return el("li", {}, el("div", {class: "grow"}, el("div", {class: "document-name"}, browserOf(session.client)),
    el("div", {class: "muted small"}, [method, session.address, t("since", {time: time(session.created_at)})].join(" · "))),
  session.current ? el("span", {class: "badge good"}, t("this_one"))
    : el("button", {class: "button quiet", onclick: end}, t("end")));
}

/** "Firefox · Linux" from a User-Agent, or its beginning. */
function browserOf(client) {
  const find = (names) => names.find(([, pattern]) => pattern.test(client))?.[0];
  const browser = find([["Edge", /Edg\//], ["WeCom", /wxwork/i], ["DingTalk", /DingTalk/], ["Firefox", /Firefox\//], ["Chrome", /Chrom(e|ium)\//], ["Safari", /Safari\//]]);
  const system = find([["Android", /Android/], ["iPhone", /iPhone|iPad/], ["Windows", /Windows/], ["macOS", /Mac OS/], ["Linux", /Linux/]]);
  return [browser, system].filter(Boolean).join(" · ") || client.slice(0, 60) || "—";
}

async function sessionSection() {
  const list = el("ul", {class: "list"});
  const refresh = async () => {
    const {data} = await call("GET", "/v1/sessions");
    list.replaceChildren(...data.reverse().map((one) => sessionLine(one, refresh)));
  };
  await refresh();
  const endOthers = () => attempt(async () => {
    await call("DELETE", "/v1/sessions");
    await refresh();
    toast(t("others_ended"));
  });
  return section(t("sessions"), t("sessions_hint"), list,
    el("div", {}, el("button", {class: "button", onclick: endOthers}, t("end_others"))));
}

function keyLine(one, refresh) {
  const remove = () => attempt(async () => {
    const sure = await sheet(el("form", {method: "dialog"}, el("h2", {}, t("remove_key", {name: one.name})), el("p", {class: "muted"}, t("remove_key_hint")),
      el("div", {class: "row"}, el("button", {class: "button danger", value: "yes"}, icon("trash", 18), t("delete")),
        el("button", {class: "button quiet", value: ""}, t("cancel")))));
    if (sure !== "yes") return;
    await call("DELETE", `/v1/api-keys/${one.id}`);
    await refresh();
  });
  const about = [one.scopes.join(", "), one.expires_at ? t("until", {time: time(one.expires_at)}) : t("never_ends"),
    one.last_used_at ? t("used", {time: time(one.last_used_at)}) : t("never_used")];
  return el("li", {}, el("div", {class: "grow"},
    el("div", {class: "document-name"}, one.name, " ", el("code", {class: "muted"}, `${one.prefix}…`)),
    el("div", {class: "muted small"}, about.join(" · "))),
  el("button", {class: "button quiet icon", "aria-label": `${t("delete")}: ${one.name}`, onclick: remove}, icon("trash", 18)));
}

async function newKey(refresh) {
  const name = el("input", {id: "key-name", type: "text", required: true, maxlength: 64});
  const scopes = el("select", {id: "key-scopes"}, el("option", {value: "documents:read search ask"}, t("scope_read")),
    el("option", {value: "documents:read documents:write search ask"}, t("scope_write")));
  const days = el("select", {id: "key-days"}, [30, 90, 365].map((n) => el("option", {value: n}, t("days_n", {n}))));
  const answer = await sheet(el("form", {method: "dialog"}, el("h2", {}, t("new_key")),
    el("div", {class: "field"}, el("label", {for: "key-name"}, t("name")), name),
    el("div", {class: "field"}, el("label", {for: "key-scopes"}, t("scopes")), scopes),
    el("div", {class: "field"}, el("label", {for: "key-days"}, t("good_for")), days),
    el("div", {class: "row"}, el("button", {class: "button primary", value: "yes"}, t("create")),
      el("button", {class: "button quiet", value: "", formnovalidate: true}, t("cancel")))));
  if (answer !== "yes") return;
  const made = await call("POST", "/v1/api-keys", {
    name: name.value.trim(), scopes: scopes.value.split(" "), expires_in: Number(days.value) * DAY});
  await refresh();
  await shownOnce(t("key_made"), t("shown_once"), made.key);
}

async function keySection() {
  const list = el("ul", {class: "list"});
  const refresh = async () => {
    const keys = await all("/v1/api-keys");
    list.replaceChildren(...(keys.length > 0 ? keys.map((one) => keyLine(one, refresh))
      : [el("li", {class: "muted"}, t("no_keys"))]));
  };
  await refresh();
  return section(t("keys"), t("keys_hint"), list,
    el("div", {}, el("button", {class: "button", onclick: () => attempt(() => newKey(refresh))}, t("new_key"))));
}

export async function showAccount(main) {
  const me = await call("GET", "/v1/me");
  const again = () => showAccount(main);
  main.replaceChildren(el("div", {class: "page"},
    el("div", {}, el("h1", {}, me.display_name || me.username),
      el("div", {class: "row"}, el("span", {class: "muted"}, me.username),
        me.roles.map((role) => el("span", {class: "badge"}, role)), me.groups.map((group) => el("span", {class: "badge"}, group.name)))),
    showSecondFactor(me, section, attempt, again),
    me.has_password ? passwordSection(me) : null,
    await showLinks(me, section, attempt, again), await sessionSection(), await keySection()));
}
