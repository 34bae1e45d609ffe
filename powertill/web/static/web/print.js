// The print button of a sheet; a page opened with #print prints at once.
(function () {
  "use strict";
  document.querySelectorAll("[data-print]").forEach(function (button) {
    button.addEventListener("click", function () { window.print(); });
  });
  if (location.hash === "#print") window.addEventListener("load", function () { window.print(); });
})();
