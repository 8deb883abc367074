// Collections, and the documents of one: putting in, watching them become searchable, taking out.

import {all, call, events, upload} from "./api.js";
import {el, icon, sheet, toast} from "./dom.js";
import {size, t} from "./text.js";

export async function showCollections(main, {me}) {
  const collections = await all("/v1/collections");
  const tiles = collections.map((collection) =>
    el("a", {class: "card tile", href: `#/collections/${collection.id}`},
      el("h2", {}, collection.name),
      el("div", {class: "row"}, el("span", {class: "badge"}, t(collection.kind)),
        Object.entries(collection.attributes).slice(0, 3).map(([name, value]) =>
          el("span", {class: "badge"}, `${name}: ${value}`)))));
  main.replaceChildren(el("div", {class: "page wide"},
    el("div", {class: "row apart"}, el("h1", {}, t("collections")),
      el("button", {class: "button primary", onclick: () => create(me)}, t("new_collection"))),
    tiles.length > 0 ? el("div", {class: "grid"}, tiles)
      : el("div", {class: "card empty"}, el("strong", {}, t("no_collections")), el("span", {}, t("no_collections_hint")))));
}

async function create(me) {
  const name = el("input", {id: "name", type: "text", required: true, maxlength: 160});
  const kind = el("select", {id: "kind"}, el("option", {value: "personal"}, t("personal")),
    me.duties.includes("collections.manage") ? el("option", {value: "organization"}, t("organization")) : null);
  const hint = el("p", {class: "hint"}, t("personal_hint"));
  kind.addEventListener("change", () => (hint.textContent = t(`${kind.value}_hint`)));
  const answer = await sheet(el("form", {method: "dialog"}, el("h2", {}, t("new_collection")),
    el("div", {class: "field"}, el("label", {for: "name"}, t("name")), name),
    el("div", {class: "field"}, el("label", {for: "kind"}, t("kind")), kind, hint),
    el("div", {class: "row"}, el("button", {class: "button primary", value: "yes"}, t("create")),
      el("button", {class: "button quiet", value: "", formnovalidate: true}, t("cancel")))));
  if (answer !== "yes" || !name.value.trim()) return;
  try {
    const made = await call("POST", "/v1/collections", {name: name.value.trim(), kind: kind.value});
    location.hash = `#/collections/${made.id}`;
  } catch (error) {
    toast(error.message, true);
  }
}

async function confirmed(name, hint) {
  return (await sheet(el("form", {method: "dialog"}, el("h2", {}, t("delete_title", {name})),
    el("p", {class: "muted"}, hint),
    el("div", {class: "row"}, el("button", {class: "button danger", value: "yes"}, icon("trash", 18), t("delete")),
      el("button", {class: "button quiet", value: ""}, t("cancel")))))) === "yes";
}

function stateBadge(document, job) {
  if (document.state === "ready") return el("span", {class: "badge good"}, t("ready"));
  if (document.state === "failed") return el("span", {class: "badge bad"}, t("failed"));
  const stage = job?.progress.stage;
  return el("span", {class: "badge wait"}, el("span", {class: "spinner"}), stage ? t(stage) : t(document.state));
}

// Until its text is read, a document may have no title.
function nameOf(document) {
  return document.title || document.file_name || document.id;
}

function aboutText(document) {
  const parts = [size(document.size_bytes)];
  if (document.page_count > 0) parts.push(t("pages_n", {n: document.page_count}));
  if (document.state === "ready") parts.push(t("chunks_n", {n: document.chunk_count}));
  if (document.error) parts.push(document.error);
  return parts.join(" · ");
}

/** One line of the list, which follows its job until the document is ready or has failed. */
function documentLine(document, mayWrite, signal) {
  const badge = el("span", {});
  const about = el("div", {class: "muted small"});
  const bar = el("progress", {max: 1, value: 0, hidden: true, "aria-label": t("processing")});
  const remove = el("button", {class: "button quiet icon", "aria-label": `${t("delete")}: ${nameOf(document)}`, onclick: erase}, icon("trash", 18));
  const title = el("div", {class: "document-name"});
  const line = el("li", {"data-id": document.id}, icon("file"), el("div", {class: "grow"}, title, about, bar),
    badge, mayWrite ? remove : null);

  function draw(job) {
    title.textContent = nameOf(document);
    badge.replaceChildren(stateBadge(document, job));
    about.textContent = aboutText(document);
    const progress = job?.progress;
    bar.hidden = !progress || progress.total === 0 || document.state === "ready" || document.state === "failed";
    if (progress?.total > 0) bar.value = progress.done / progress.total;
  }

  async function erase() {
    if (!(await confirmed(nameOf(document), t("delete_hint")))) return;
    try {
      const receipt = await call("DELETE", `/v1/documents/${document.id}`);
      line.remove();
      toast(t("deleted", {n: receipt.chunks}));
    } catch (error) {
      toast(error.message, true);
    }
  }

  async function follow() {
    try {
      for await (const {data} of events("GET", `/v1/jobs/${document.job_id}/events`, undefined, signal)) {
        document = {...document, state: data.state === "queued" ? "queued" : "processing"};
        draw(data);
      }
      document = await call("GET", `/v1/documents/${document.id}`, undefined, signal);
      draw(null);
    } catch (error) {
      if (!signal.aborted) toast(error.message, true);
    }
  }

  draw(null);
  if (document.state === "queued" || document.state === "processing") follow();
  return line;
}

function uploadLine(file) {
  const bar = el("progress", {max: 1, value: 0, "aria-label": t("uploading")});
  return {
    line: el("li", {}, icon("upload"),
      el("div", {class: "grow"}, el("div", {class: "document-name"}, file.name), bar),
      el("span", {class: "badge"}, t("uploading"))),
    progress: (part) => (bar.value = part),
  };
}

function dropZone(take) {
  const input = el("input", {type: "file", multiple: true, hidden: true, onchange: () => {
    take(Array.from(input.files));
    input.value = "";
  }});
  const zone = el("button", {class: "drop", type: "button", onclick: () => input.click()}, icon("upload", 30),
    el("strong", {}, t("drop_here")), el("span", {class: "small muted"}, t("drop_hint")));
  zone.addEventListener("dragover", (event) => {
    event.preventDefault();
    zone.classList.add("over");
  });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    take(Array.from(event.dataTransfer.files));
  });
  return [zone, input];
}

export async function showCollection(main, {id}) {
  const collection = await call("GET", `/v1/collections/${id}`);
  const mayWrite = collection.permissions.includes("write");
  const leaving = new AbortController();
  window.addEventListener("hashchange", () => leaving.abort(), {once: true});
  const list = el("ul", {class: "list"});
  const none = el("div", {class: "empty"}, el("strong", {}, t("no_documents")), el("span", {}, t("no_documents_hint")));
  const more = el("button", {class: "button quiet", hidden: true}, t("more"));
  let cursor = null;

  const drawEmpty = () => (none.hidden = list.children.length > 0);
  async function load() {
    const page = await call("GET", `/v1/collections/${id}/documents?limit=100${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
    list.append(...page.data.map((document) => documentLine(document, mayWrite, leaving.signal)));
    cursor = page.next_cursor;
    more.hidden = cursor === null;
    drawEmpty();
  }
  more.addEventListener("click", load);
  new MutationObserver(drawEmpty).observe(list, {childList: true});

  // One after the other: the disk of a small server is the narrow place.
  async function take(files) {
    const waiting = files.map((file) => ({file, ...uploadLine(file)}));
    list.prepend(...waiting.map(({line}) => line));
    for (const {file, line, progress} of waiting) {
      try {
        const added = await upload(id, file, progress);
        const document = await call("GET", `/v1/documents/${added.id}`);
        list.querySelector(`[data-id="${CSS.escape(added.id)}"]`)?.remove();
        line.replaceWith(documentLine(document, mayWrite, leaving.signal));
        if (added.duplicate) toast(`${file.name}: ${t("duplicate")}`);
      } catch (error) {
        line.remove();
        toast(`${file.name}: ${error.message}`, true);
      }
    }
  }

  async function erase() {
    if (!(await confirmed(collection.name, t("delete_collection_hint")))) return;
    try {
      await call("DELETE", `/v1/collections/${id}`);
      toast(t("collection_deleted"));
      location.hash = "#/collections";
    } catch (error) {
      toast(error.message, true);
    }
  }

  main.replaceChildren(el("div", {class: "page"},
    el("a", {class: "row small", href: "#/collections"}, icon("back", 16), t("back")),
    el("div", {class: "row apart"},
      el("div", {class: "row grow"}, el("h1", {}, collection.name), el("span", {class: "badge"}, t(collection.kind))),
      collection.permissions.includes("manage")
        ? el("button", {class: "button quiet danger", onclick: erase}, icon("trash", 18), t("delete")) : null),
    mayWrite ? dropZone(take) : el("p", {class: "muted"}, t("read_only")),
    el("section", {class: "card", "aria-label": t("documents")}, none, list), more));
  await load();
}
