"use strict";
// What all forms do: texts as TOML has them, files that are saved without a server and loaded again, and no page that is
// left unsaved.
const whole = (text) => (text.toWellFormed ? text.toWellFormed() : text);
const quoted = (text) => JSON.stringify(whole(text)).replaceAll("\x7f", "\\u007f");
function download(name, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([whole(text)], { type: "text/plain;charset=utf-8" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
function holdBack(unsaved) {
  window.addEventListener("beforeunload", (event) => {
    if (unsaved()) event.preventDefault();
  });
}
// What a form saved, or an editor: JSON, or TOML as far as sheets and reviews need it.
function parsed(text) {
  const plain = text.replace(/^\ufeff/, "");
  return plain.trimStart().startsWith("{") ? JSON.parse(plain) : parsedToml(plain);
}
function parsedToml(text) {
  const table = () => Object.create(null);
  const made = table();
  let at = 0, here = made;
  const skip = (lineEnds) => {
    for (;;) {
      const blank = lineEnds ? /\s*/y : /[ \t]*/y;
      blank.lastIndex = at; blank.exec(text); at = blank.lastIndex;
      if (text[at] !== "#" || !lineEnds) return;
      const end = text.indexOf("\n", at);
      at = end < 0 ? text.length : end;
    }
  };
  const take = (pattern, what) => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (!found) throw new Error(`line ${text.slice(0, at).split("\n").length}: expected ${what}`);
    at = pattern.lastIndex;
    return found[0];
  };
  const SIGNS = { '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "" };
  const unescaped = (told) =>
    JSON.parse(`"${told.replace(/\\U([0-9a-fA-F]{8})|\\[ \t\r]*\n\s*|\\[^]|["\n\t\r]/g, (sign, code) =>
      code ? JSON.stringify(String.fromCodePoint(parseInt(code, 16))).slice(1, -1) : /^\\\s/.test(sign) ? "" : SIGNS[sign] ?? sign)}"`);
  const literal = () => {
    if (text.startsWith('"""', at)) return unescaped(take(/"""(?:[^\\]|\\[^])*?"""/y, 'the end of """').slice(3, -3).replace(/^\r?\n/, ""));
    if (text.startsWith("'''", at)) return take(/'''[^]*?'''/y, "the end of '''").slice(3, -3).replace(/^\r?\n/, "");
    if (text[at] === "'") return take(/'[^'\n]*'/y, "a text").slice(1, -1);
    return unescaped(take(/"(?:[^"\\\n]|\\.)*"/y, "a text").slice(1, -1));
  };
  const path = () => {
    const keys = [];
    do {
      if (keys.length) at += 1;
      skip(false);
      keys.push(/["']/.test(text[at] ?? "") ? literal() : take(/[\w-]+/y, "a name"));
      skip(false);
    } while (text[at] === ".");
    return keys;
  };
  const into = (start, keys) =>
    keys.reduce((within, key) => {
      const next = (within[key] ??= table());
      if (typeof next !== "object") throw new Error(`${key} is a table and a value`);
      return Array.isArray(next) ? next.at(-1) : next;
    }, start);
  const assign = (start) => {
    const keys = path();
    take(/=/y, "=");
    into(start, keys.slice(0, -1))[keys.at(-1)] = value();
  };
  const each = (end, one) => {
    for (at += 1, skip(true); text[at] !== end; skip(true)) {
      one();
      skip(true);
      if (text[at] === ",") at += 1;
      else if (text[at] !== end) take(/,/y, "a comma");
    }
    at += 1;
  };
  const value = () => {
    skip(true);
    if (text[at] === "[") {
      const items = [];
      each("]", () => items.push(value()));
      return items;
    }
    if (text[at] === "{") {
      const inner = table();
      each("}", () => assign(inner));
      return inner;
    }
    if (/["']/.test(text[at] ?? "")) return literal();
    const word = take(/[-+.:\w]+/y, "a text, a list or a number");
    const plain = Number(word.replaceAll("_", ""));
    return Number.isNaN(plain) ? word : plain;
  };
  for (skip(true); at < text.length; skip(true)) {
    if (text[at] !== "[") { assign(here); continue; }
    const many = text[at + 1] === "[";
    at += many ? 2 : 1;
    const keys = path();
    take(many ? /\]\]/y : /\]/y, many ? "]]" : "]");
    if (!many) { here = into(made, keys); continue; }
    const list = (into(made, keys.slice(0, -1))[keys.at(-1)] ??= []);
    list.push((here = table()));
  }
  return made;
}
