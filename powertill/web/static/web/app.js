// Console behaviour: keyboard, menus, dialogs, theme button, htmx's CSRF header, toasts. No rule of the business lives here.
(function () {
  "use strict";
  var words = document.getElementById("shell-words");
  var waitingForGo = 0;
  var GO_MS_MAX = 1500;

  function typing(target) {
    return target.closest && target.closest("input, textarea, select, [contenteditable=true]");
  }

  function toast(text, tone) {
    var place = document.getElementById("toasts");
    if (!place || !text) return;
    var note = document.createElement("div");
    note.className = "toast-note tone-" + (tone || "info");
    note.textContent = text;
    place.append(note);
    while (place.children.length > 4) place.firstChild.remove();
    setTimeout(function () { note.remove(); }, 6000);
  }
  window.powertillToast = toast;

  function openDialog(id) {
    var dialog = document.getElementById(id);
    if (dialog && dialog.showModal && !dialog.open) dialog.showModal();
  }

  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.key === "Escape") {
      document.querySelectorAll("details.menu[open]").forEach(function (menu) {
        menu.open = false;
        menu.querySelector("summary").focus();
      });
      if (location.hash === "#menu") location.hash = "#main";
      return;
    }
    if (typing(event.target) || document.querySelector("dialog[open]")) return;
    var key = event.key.toLowerCase();
    if (key === "/") {
      var box = document.querySelector("[data-search]");
      if (box) { event.preventDefault(); box.focus(); box.select(); }
    } else if (key === "?") {
      openDialog("help");
    } else if (key === "g") {
      waitingForGo = event.timeStamp;
    } else {
      var afterGo = waitingForGo && event.timeStamp - waitingForGo < GO_MS_MAX;
      waitingForGo = 0;
      if (!afterGo && key !== "s") return;
      var link = document.querySelector('[data-hotkey="' + CSS.escape(key) + '"]');
      if (link) { event.preventDefault(); link.click(); }
    }
  });

  document.addEventListener("click", function (event) {
    var opener = event.target.closest("[data-open-dialog]");
    if (opener) openDialog(opener.dataset.openDialog);
    var closer = event.target.closest("[data-close-dialog]");
    if (closer) closer.closest("dialog").close();
    if (event.target.closest("[data-theme-toggle]")) window.powertillTheme.toggle();
    var copier = event.target.closest("[data-copy]");
    if (copier && navigator.clipboard) {
      navigator.clipboard.writeText(copier.dataset.copy).then(function () { toast(words && words.dataset.copied, "ok"); });
    }
    if (event.target.closest("[data-print]")) window.print();
    document.querySelectorAll("details.menu[open]").forEach(function (menu) {
      if (!menu.contains(event.target)) menu.open = false;
    });
  });

  document.querySelectorAll("[data-theme-toggle]").forEach(function (button) { button.hidden = false; });

  // A form with data-once cannot be sent twice by an impatient double click; the server's operation id is the real guard.
  document.addEventListener("submit", function (event) {
    if (!event.target.matches("form[data-once]")) return;
    if (event.target.dataset.sent) { event.preventDefault(); return; }
    event.target.dataset.sent = "1";
  });
  window.addEventListener("pageshow", function () {
    document.querySelectorAll("form[data-sent]").forEach(function (form) { delete form.dataset.sent; });
  });

  document.addEventListener("htmx:configRequest", function (event) {
    var token = document.querySelector('meta[name="csrf-token"]');
    if (token && event.detail.verb !== "get") event.detail.headers["X-CSRFToken"] = token.content;
  });
  ["htmx:sendError", "htmx:responseError", "htmx:timeout"].forEach(function (name) {
    document.addEventListener(name, function () { toast(words && words.dataset.failed, "bad"); });
  });
  document.addEventListener("powertill:toast", function (event) { toast(event.detail.text, event.detail.tone); });
})();
