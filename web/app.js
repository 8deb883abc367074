// The frame: who is signed in, and which view the address names.

import {showAccount} from "./account.js";
import {call, key, session, whenSignedOut} from "./api.js";
import {el, icon, toast} from "./dom.js";
import {language, t} from "./text.js";
import {showAsk} from "./ask.js";
import {showCollection, showCollections} from "./collections.js";
import {showSearch} from "./search.js";
import {showSignIn} from "./sign_in.js";

const main = document.getElementById("main");
const bar = document.getElementById("bar");

const VIEWS = [
  {pattern: /^#\/ask$/, show: showAsk, tab: "ask"},
  {pattern: /^#\/search$/, show: showSearch, tab: "search"},
  {pattern: /^#\/collections$/, show: showCollections, tab: "collections"},
  {pattern: /^#\/collections\/([\w]+)$/, show: showCollection, tab: "collections"},
  {pattern: /^#\/account$/, show: showAccount, tab: "account"},
];

let me = null;

async function signOut() {
  let there = null;
  // A session ends on the server too; a lasting key stays what it is, and forgetting it is enough.
  if (me.session) {
    try {
      there = await call("POST", "/v1/auth/logout");
    } catch (error) {
      if (error.status !== 401) {
        toast(error.message, true);
        return;
      }
    }
  }
  leave();
  // The one who vouched may have a session of its own.
  if (there?.provider_sign_out) location.assign(there.provider_sign_out);
}

function leave() {
  key.clear();
  session.forget();
  me = null;
  route();
}

function drawBar(tab) {
  bar.hidden = me === null;
  if (me === null) return;
  const link = (name) =>
    el("a", {class: "tab", href: `#/${name}`, "aria-current": tab === name ? "page" : null}, t(name));
  bar.replaceChildren(el("div", {class: "bar-inner"},
    el("a", {class: "brand", href: "#/ask"}, el("img", {src: "/icon.svg", alt: ""}), "Wenyuan"),
    el("nav", {class: "tabs", "aria-label": "Wenyuan"}, link("ask"), link("search"), link("collections")),
    el("div", {class: "who"}, el("a", {class: "person", href: "#/account", "aria-current": tab === "account" ? "page" : null, "aria-label": t("account")},
      icon("person"), el("span", {}, me.display_name || me.username)),
      el("button", {class: "button quiet", onclick: signOut}, t("sign_out")))));
}

async function arrive() {
  me = await call("GET", "/v1/me");
  if (me.session && me.roles.some((role) => !me.may.includes(role)) && !me.second_factor.totp) toast(t("factor_needed"));
}

/** What a provider's sign-in ends with: a code for a session, or none. Gives what to tell. */
async function comeBack() {
  const code = /^#\/signed-in\?code=([\w-]+)$/.exec(location.hash)?.[1];
  const failed = /^#\/sign-in-(refused|unavailable)$/.exec(location.hash)?.[1];
  if (!code && !failed) return "";
  history.replaceState(null, "", "#/ask");
  if (failed) return t(`provider_${failed}`);
  try {
    await session.begin("/v1/auth/exchange", {code});
    return "";
  } catch (error) {
    return error.status === 401 ? t("provider_refused") : error.message;
  }
}

async function route() {
  const message = me === null ? await comeBack() : "";
  if (me === null && (key.get() || session.exists())) {
    try {
      await arrive();
    } catch (error) {
      if (error.status !== 401) toast(error.message, true);
      else session.forget();
      key.clear();
    }
  }
  if (me === null) {
    drawBar(null);
    return showSignIn(main, async () => {
      await arrive();
      route();
    }, message);
  }
  if (location.hash.startsWith("#/linked")) {
    toast(t("linked"));
    location.hash = "#/account";
    return;
  }
  const view = VIEWS.find(({pattern}) => pattern.test(location.hash));
  if (!view) {
    location.hash = "#/ask";
    return;
  }
  drawBar(view.tab);
  window.scrollTo(0, 0);
  try {
    await view.show(main, {me, id: location.hash.match(view.pattern)[1]});
  } catch (error) {
    if (error.status === 401) return;
    main.replaceChildren(el("div", {class: "page"},
      el("div", {class: "card empty"}, el("strong", {}, error.status === 404 ? t("gone") : error.message))));
  }
}

document.documentElement.lang = language;
for (const element of document.querySelectorAll("[data-text]")) element.textContent = t(element.dataset.text);
whenSignedOut(() => {
  if (me === null) return;
  toast(t("signed_out"), true);
  leave();
});
window.addEventListener("hashchange", route);
route();
