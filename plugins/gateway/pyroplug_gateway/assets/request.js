// What is sent: a call as an HTTP request, and the same one as a line for a shell.

import { escapeUnseen } from "./dom.js";
import { keyHeaders } from "./key.js";
import { parse } from "./json.js";

const KEY_PARAMETER = "$key";
export const KEY_VARIABLE = "PYRO_GATEWAY_KEY";

/** Something is wrong with what was filled in; the message says what. */
export class InputError extends Error {}

/** The address of the gateway's objects: where this page is. */
export const base = () => new URL(".", location.href).href;

/** The address of a member, encoded. Throws an InputError if no address can have it. */
export function address(name, member) {
  for (const part of [name, member]) {
    // Browsers and curl take these out of addresses, encoded or not.
    if (part === "." || part === "..")
      throw new InputError(`no address can have the name ${JSON.stringify(part)}`);
  }
  if (member.includes("/")) throw new InputError("a name with a slash cannot be called by HTTP");
  try {
    return `${base()}${encodeURIComponent(name)}/${encodeURIComponent(member)}`;
  } catch {
    throw new InputError("the name is not valid Unicode, so no address can have it");
  }
}

/**
 * What a field's text stands for: {json, kind}. JSON is taken as such, and anything else as a text;
 * json is null for a blank field, which is left out.
 */
export function understood(text) {
  const trimmed = text.trim();
  if (!trimmed) return { json: null, kind: "left out" };
  try {
    const node = parse(trimmed);
    const kind =
      { string: "text", word: trimmed === "null" ? "null" : "true or false" }[node.type] ?? node.type;
    return { json: escapeUnseen(trimmed), kind, string: node.type === "string" ? node.value : null };
  } catch {
    const doubtful = /^[[{"]/.test(trimmed);
    return {
      json: escapeUnseen(JSON.stringify(text)),
      kind: doubtful ? "not valid JSON: sent as text" : "text",
      string: text,
      doubtful,
    };
  }
}

/** The body, and the query, of arguments in rows: [{name, text}, ...]. */
export function fromRows(rows) {
  const named = new Map();
  const plain = [];
  for (const { name, text } of rows) {
    const value = understood(text);
    if (value.json === null) continue;
    if (!name) {
      plain.push(value.json);
      continue;
    }
    if (named.has(name)) throw new InputError(`two arguments have the name ${JSON.stringify(name)}`);
    if (name === KEY_PARAMETER) throw new InputError(`${KEY_PARAMETER} is the gateway's own parameter`);
    named.set(name, value);
  }
  if (!named.size) return { body: plain.length ? `[${plain.join(", ")}]` : null, query: "" };
  if (!plain.length) {
    const members = [...named].map(([name, value]) => `${escapeUnseen(JSON.stringify(name))}: ${value.json}`);
    return { body: `{${members.join(", ")}}`, query: "" };
  }
  // Both kinds: those with names go along in the address, where everything is a text.
  const pairs = [...named].map(([name, value]) => {
    if (value.string === null)
      throw new InputError(
        `name all arguments, or none: beside some without names, ${name} can only be a text`,
      );
    try {
      return `${encodeURIComponent(name)}=${encodeURIComponent(value.string)}`;
    } catch {
      throw new InputError(`${name} is not valid Unicode`);
    }
  });
  return { body: `[${plain.join(", ")}]`, query: `?${pairs.join("&")}` };
}

/** The body of arguments that were written as one JSON value. */
export function fromJson(text) {
  if (!text.trim()) return { body: null, query: "" };
  let node;
  try {
    node = parse(text);
  } catch (error) {
    throw new InputError(`the arguments are ${error.message}`);
  }
  if (node.type !== "array" && node.type !== "object")
    throw new InputError("the arguments are to be an array, or an object with names");
  return { body: escapeUnseen(text.trim()), query: "" };
}

/** The request of a call. */
export function callRequest(name, member, { body, query }, oneway) {
  const headers = {};
  if (body !== null) headers["Content-Type"] = "application/json";
  if (oneway) headers["X-Pyro-Options"] = "oneway";
  return { url: address(name, member) + query, method: "POST", headers, body };
}

/** The request that reads a property. */
export const readRequest = (name, member) => ({
  url: address(name, member),
  method: "GET",
  headers: {},
  body: null,
});

/** Send a request. */
export function send({ url, method, headers, body }, signal) {
  const options = {
    method,
    headers: { ...headers, ...keyHeaders() },
    signal,
    cache: "no-store",
    redirect: "error",
  };
  if (body !== null) options.body = body;
  return fetch(url, options);
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** A request as a command for a shell. The key is read from a variable, to be in no history. */
export function curl({ url, method, headers, body }, { keyed, streamed = false }) {
  const words = ["curl"];
  if (streamed) words.push("-N");
  if (method === "POST" && body === null) words.push("-X POST");
  words.push(quoted(url));
  for (const [name, value] of Object.entries(headers)) words.push(`-H ${quoted(`${name}: ${value}`)}`);
  if (keyed) words.push(`-H "X-Pyro-Gateway-Key: $${KEY_VARIABLE}"`);
  if (body !== null) words.push(`--data-raw ${quoted(body)}`);
  return words.join(" ");
}
