"use strict";
// Keeps the page of what is at work current: the server says what changed, and this puts it in its place.
(() => {
  const place = document.getElementById("at-work");
  const spoken = document.getElementById("spoken");
  const state = document.getElementById("feed");
  const pause = document.getElementById("pause");
  let waiting = null;
  if (!place || !window.EventSource) return;

  const say = (text, on) => {
    if (state.textContent !== text) state.textContent = text;
    state.className = on ? "on" : "";
  };

  const show = (html) => {
    const held = place.contains(document.activeElement) ? document.activeElement.id : "";
    const fresh = document.createElement("template");
    fresh.innerHTML = html;
    place.replaceChildren(fresh.content);
    if (held) document.getElementById(held)?.focus({ preventScroll: true });
  };

  const tell = () => {
    if (waiting === null) return;
    show(waiting.html);
    if (spoken.textContent !== waiting.spoken) spoken.textContent = waiting.spoken;
    waiting = null;
    say("Kept current.", true);
  };

  pause.hidden = false;
  pause.addEventListener("click", () => {
    const held = pause.getAttribute("aria-pressed") === "false";
    pause.setAttribute("aria-pressed", String(held));
    if (held) say("Paused: as it was a moment ago.", false);
    else { say("Kept current.", true); tell(); }
  });

  let feed = null;
  const open = () => {
    feed = new EventSource(`/live/events?seen=${place.dataset.event}`);
    feed.addEventListener("open", () => { if (pause.getAttribute("aria-pressed") === "false") say("Kept current.", true); });
    feed.addEventListener("lab", (event) => {
      waiting = JSON.parse(event.data);
      place.dataset.event = event.lastEventId;
      if (pause.getAttribute("aria-pressed") === "false") tell();
    });
    feed.addEventListener("error", () => {
      say("The lab does not answer; trying again.", false);
      // A browser gives up by itself when it was turned away; then it is asked again, slowly.
      if (feed.readyState === EventSource.CLOSED) setTimeout(open, 10000);
    });
  };

  addEventListener("pagehide", () => feed?.close());
  addEventListener("pageshow", (event) => { if (event.persisted) open(); });
  open();
})();
