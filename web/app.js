// The frame: who is signed in, and which view the address names.

import {call, key, whenSignedOut} from "./api.js";
import {el, toast} from "./dom.js";
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
];

let me = null;

async function signOut() {
  // A session ends on the server too; a lasting key stays what it is.
  try {
    await call("POST", "/v1/auth/logout");
  } catch {
    // An API key is no session; forgetting it is enough.
  }
  leave();
}

function leave() {
  key.clear();
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
    el("div", {class: "who"}, el("span", {}, me.display_name || me.username),
      el("button", {class: "button quiet", onclick: signOut}, t("sign_out")))));
}

async function route() {
  if (me === null && key.get()) {
    try {
      me = await call("GET", "/v1/me");
    } catch (error) {
      if (error.status !== 401) toast(error.message, true);
      key.clear();
    }
  }
  if (me === null) {
    drawBar(null);
    return showSignIn(main, async (entered) => {
      key.set(entered);
      me = await call("GET", "/v1/me");
      route();
    });
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
