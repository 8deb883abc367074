// Accounts at sign-in providers that lead to one's own: listing, linking, ending a link.

import {call} from "./api.js";
import {el, sheet} from "./dom.js";
import {secret} from "./forms.js";
import {t, time} from "./text.js";

/** What proves that it is the owner; null when they would rather not. */
async function proof(me, title, hint, button) {
  const [password, field] = secret("link-proof", t("current_password"), "current-password");
  const answer = await sheet(el("form", {method: "dialog"}, el("h2", {}, title), el("p", {class: "muted"}, hint),
    me.has_password ? field : null,
    el("div", {class: "row"}, el("button", {class: "button primary", value: "yes"}, button),
      el("button", {class: "button quiet", value: "", formnovalidate: true}, t("cancel")))));
  if (answer !== "yes") return null;
  return me.has_password ? {current_password: password.value} : {};
}

async function link(me, provider) {
  const body = await proof(me, t("link_to", {name: provider.display_name}), t("link_hint"), t("continue"));
  if (body === null) return;
  const {address} = await call("POST", `/v1/me/identities/${provider.id}`, body);
  location.assign(address);
}

async function unlink(me, one, name, again) {
  const body = await proof(me, t("unlink_title", {name}), t("unlink_hint"), t("unlink"));
  if (body === null) return;
  await call("DELETE", `/v1/me/identities/${encodeURIComponent(one.provider)}/${encodeURIComponent(one.subject)}`, body);
  await again();
}

/** Nothing where nobody else vouches. Linking needs a session, since the way back is tied to one. */
export async function showLinks(me, section, attempt, again) {
  const {data: providers} = await call("GET", "/v1/auth/providers");
  const {data: links} = await call("GET", "/v1/me/identities");
  if (providers.length === 0 && links.length === 0) return null;
  const nameOf = (one) => providers.find(({kind, id}) => `${kind}:${id}` === one.provider)?.display_name ?? one.provider;
  const lines = links.map((one) => el("li", {}, el("div", {class: "grow"}, el("div", {class: "document-name"}, nameOf(one)),
    el("div", {class: "muted small"}, t("since", {time: time(one.created_at)}))),
  el("button", {class: "button quiet", onclick: () => attempt(() => unlink(me, one, nameOf(one), again))}, t("unlink"))));
  return section(t("links"), t("links_hint"),
    lines.length > 0 ? el("ul", {class: "list"}, lines) : null,
    me.session ? el("div", {class: "row"}, providers.map((provider) =>
      el("button", {class: "button", onclick: () => attempt(() => link(me, provider))}, t("link_to", {name: provider.display_name})))) : null);
}
