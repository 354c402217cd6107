"use strict";
// What all forms do: texts as TOML has them, files that are saved without a server, and no page that is left unsaved.
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
