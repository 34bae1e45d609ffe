// Fetches the changing parts of an open page again and replaces only what differs: no flicker, folded details stay as they are.
(function () {
  "use strict";
  var root = document.querySelector("[data-live-url]");
  if (!root) return;
  var EVERY_MS = Number(root.dataset.liveEvery || 5000);
  var WAIT_MS_MAX = 60000;
  var button = document.querySelector("[data-live-pause]");
  var state = document.querySelector("[data-live-state]");
  var failures = 0;
  var timer = 0;
  var asking = null;
  var paused = false;

  function say(word) {
    if (!state) return;
    var text = state.dataset["say" + word.charAt(0).toUpperCase() + word.slice(1)];
    if (state.textContent !== text) state.textContent = text;
    state.dataset.now = word;
  }

  function replace(old, fresh) {
    // Nothing is taken away under somebody's hands.
    if (old.contains(document.activeElement) && document.activeElement.matches("input, textarea, select")) return;
    var open = Array.from(old.querySelectorAll("details[id][open]"), function (one) { return one.id; });
    var unnamed = Array.from(old.querySelectorAll("details:not([id])"), function (one) { return one.open; });
    var held = old.contains(document.activeElement) ? document.activeElement.id : "";
    old.innerHTML = fresh.innerHTML;
    open.forEach(function (id) { var one = document.getElementById(id); if (one) one.open = true; });
    old.querySelectorAll("details:not([id])").forEach(function (one, index) { one.open = !!unnamed[index]; });
    if (held && document.getElementById(held)) document.getElementById(held).focus();
  }

  function show(html) {
    var parsed = new DOMParser().parseFromString(html, "text/html");
    var parts = parsed.querySelectorAll("[data-live]");
    parts.forEach(function (fresh) {
      var old = root.querySelector('[data-live="' + CSS.escape(fresh.dataset.live) + '"]');
      // Drawings carry running numbers for their titles; only what a person sees counts as a change.
      if (old && comparable(old) !== comparable(fresh)) replace(old, fresh);
    });
    return parts.length;
  }

  function comparable(part) {
    return part.innerHTML.replace(/\bd\d+[td]\b/g, "").replace(/ open=""/g, "").replace(/(type="hidden" name="\w+" value=")[^"]*/g, "$1");
  }

  function ask() {
    clearTimeout(timer);
    if (paused || document.hidden || asking) return;
    asking = new AbortController();
    fetch(root.dataset.liveUrl, { headers: { "X-Live": "1" }, signal: asking.signal, credentials: "same-origin" })
      .then(function (answer) { if (!answer.ok || answer.redirected) throw new Error("no answer"); return answer.text(); })
      .then(function (html) { if (!show(html)) throw new Error("no parts"); failures = 0; say("live"); })
      .catch(function (fault) { if (fault.name !== "AbortError") { failures += 1; say("lost"); } })
      .finally(function () { asking = null; plan(); });
  }

  function plan() {
    clearTimeout(timer);
    if (paused || document.hidden) return;
    timer = setTimeout(ask, Math.min(EVERY_MS * Math.pow(2, failures), WAIT_MS_MAX));
  }

  document.addEventListener("visibilitychange", function () {
    if (document.hidden) { clearTimeout(timer); if (asking) asking.abort(); } else ask();
  });
  if (button) {
    button.hidden = false;
    button.addEventListener("click", function () {
      paused = !paused;
      button.setAttribute("aria-pressed", String(paused));
      if (paused) { clearTimeout(timer); say("paused"); } else { say("live"); ask(); }
    });
  }
  say("live");
  plan();
})();
