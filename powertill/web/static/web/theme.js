// Sets light or dark before the first paint: the remembered choice, else what the system asks for.
(function () {
  "use strict";
  var root = document.documentElement;
  var system = window.matchMedia("(prefers-color-scheme: dark)");
  function chosen() {
    var found = document.cookie.match(/(?:^|; )powertill_theme=(light|dark)/);
    return found ? found[1] : "";
  }
  function apply() { root.dataset.bsTheme = chosen() || (system.matches ? "dark" : "light"); }
  apply();
  system.addEventListener("change", apply);
  window.powertillTheme = {
    toggle: function () {
      var next = root.dataset.bsTheme === "dark" ? "light" : "dark";
      // A year; what the system asks for needs no cookie.
      var same = next === (system.matches ? "dark" : "light");
      document.cookie = "powertill_theme=" + next + ";path=/;samesite=strict;max-age=" + (same ? 0 : 31536000);
      apply();
      document.dispatchEvent(new CustomEvent("powertill:theme"));
    },
  };
})();
