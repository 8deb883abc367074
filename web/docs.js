// /openapi.json for people.

import {el} from "./dom.js";

function named(contract, reference) {
  return reference.slice(2).split("/").reduce((part, name) => part[name], contract);
}

/** What a schema looks like, as a piece of annotated JSON. */
function sketch(contract, schema, depth = 0) {
  const pad = "  ".repeat(depth);
  if (schema.$ref) {
    const name = schema.$ref.split("/").pop();
    return depth > 4 ? name : sketch(contract, named(contract, schema.$ref), depth);
  }
  if (schema.oneOf) return schema.oneOf.map((one) => sketch(contract, one, depth)).join(" or ");
  if (schema.enum) return schema.enum.map((one) => JSON.stringify(one)).join(" | ");
  if (schema.type === "array") return `[${sketch(contract, schema.items, depth)}, …]`;
  if (schema.properties) {
    const lines = Object.entries(schema.properties).map(([name, value]) => {
      const mark = schema.required?.includes(name) ? "" : "?";
      const about = value.description ? `   // ${value.description}` : "";
      return `${pad}  ${name}${mark}: ${sketch(contract, value, depth + 1)}${about}`;
    });
    return `{\n${lines.join("\n")}\n${pad}}`;
  }
  return Array.isArray(schema.type) ? schema.type.join(" | ") : schema.type ?? "any";
}

function contentBlocks(contract, label, content) {
  return Object.entries(content ?? {}).map(([type, {schema}]) => [
    el("p", {class: "small muted"}, `${label} · ${type}`), el("pre", {}, sketch(contract, schema ?? {}))]);
}

function operationBox(contract, path, method, operation, shared) {
  const parameters = [...shared, ...(operation.parameters ?? [])]
    .map((one) => (one.$ref ? named(contract, one.$ref) : one))
    .filter((one) => one.in !== "path");
  return el("details", {class: "card operation", id: operation.operationId},
    el("summary", {}, el("span", {class: "verb"}, method.toUpperCase()), el("code", {}, path),
      el("span", {class: "muted"}, operation.summary)),
    el("div", {},
      operation.description ? el("p", {}, operation.description) : null,
      parameters.length > 0 ? el("pre", {}, parameters.map((one) =>
        `${one.in} ${one.name}: ${sketch(contract, one.schema)}${one.description ? `   // ${one.description}` : ""}`).join("\n")) : null,
      contentBlocks(contract, "Request", operation.requestBody?.content),
      Object.entries(operation.responses).filter(([status]) => status !== "default").map(([status, response]) => [
        el("p", {}, el("strong", {}, status), ` ${response.description}`),
        contentBlocks(contract, "Answer", response.content)])));
}

async function show() {
  const contract = await (await fetch("/openapi.json")).json();
  const contents = document.getElementById("contents");
  const main = document.getElementById("contract");
  main.append(el("h1", {}, `${contract.info.title} API ${contract.info.version}`),
    el("p", {}, contract.info.summary), el("p", {class: "muted small"}, contract.info.description));
  for (const tag of contract.tags) {
    contents.append(el("a", {href: `#${tag.name}`}, tag.description));
    main.append(el("h2", {id: tag.name, class: "operation"}, tag.description));
    for (const [path, item] of Object.entries(contract.paths)) {
      for (const [method, operation] of Object.entries(item)) {
        if (method === "parameters" || operation.tags[0] !== tag.name) continue;
        main.append(operationBox(contract, path, method, operation, item.parameters ?? []));
      }
    }
  }
}

show();
