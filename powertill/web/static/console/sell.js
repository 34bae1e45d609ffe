// Sell desk keys: arrows and Enter choose, 1-4 amounts, F2-F4 tenders, Ctrl+Enter sells. Prices and change come from the server.
(function () {
  "use strict";
  var desk = document.getElementById("desk");
  var who = document.getElementById("who");
  if (!desk || !who) return;
  var KEPT = "powertill.sale", PRINT = "powertill.print";

  function id(name) { return document.getElementById(name); }
  function options() { return Array.from(document.querySelectorAll("#hits [role=option]")); }
  function selected() { return document.querySelector('#hits [aria-selected="true"]'); }

  function select(option) {
    options().forEach(function (other) { other.setAttribute("aria-selected", other === option ? "true" : "false"); });
    who.setAttribute("aria-activedescendant", option ? option.id : "");
    if (option) option.scrollIntoView({ block: "nearest" });
  }

  function move(step) {
    var all = options();
    if (!all.length) return;
    select(all[(all.indexOf(selected()) + step + all.length) % all.length]);
  }

  // --- typing ahead: a fast cashier presses the amount and Ctrl+Enter before the customer's form has come ---------------
  var ahead = null; // keys since Enter, while the form is under way
  document.addEventListener("keydown", function (event) {
    if (ahead === null || event.target !== who) return;
    var sells = event.key === "Enter" && (event.ctrlKey || event.metaKey);
    if (sells || /^[0-9.]$/.test(event.key) || /^F[2-4]$/.test(event.key)) {
      event.preventDefault();
      event.stopImmediatePropagation();
      if (ahead.length < 16) ahead.push(sells ? "sell" : event.key);
    } else if (event.key !== "Control" && event.key !== "Shift") {
      ahead = null;
    }
  }, true);

  function replay() {
    var keys = ahead || [];
    ahead = null;
    keys.forEach(function (key) {
      if (key === "sell") sellWhenQuoted();
      else if (key[0] === "F") way(key);
      else if (document.activeElement.closest("#quick")) quickKey(key);
      else setAmount(id("amount").value + key);
    });
  }

  // --- choosing -------------------------------------------------------------------------------------------------
  var wanted = false; // Enter came before the hits did
  who.addEventListener("keydown", function (event) {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      move(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter" && !event.ctrlKey) {
      event.preventDefault();
      if (who.value !== shown) { wanted = true; ahead = []; } else if (selected()) { ahead = []; selected().click(); }
    }
  });
  var shown = who.value;
  who.addEventListener("input", function () { wanted = false; });
  document.addEventListener("htmx:beforeRequest", function (event) {
    if (event.detail.elt === who) asked = who.value;
  });
  var asked = who.value;
  document.addEventListener("htmx:afterSettle", function (event) {
    var place = event.detail.target;
    if (!place) return;
    if (place.id === "found") {
      shown = asked;
      who.setAttribute("aria-expanded", options().length ? "true" : "false");
      select(selected());
      if (wanted && selected()) selected().click(); else if (wanted) ahead = null;
      wanted = false;
    } else if (place.id === "how" && id("amount")) {
      chosen();
    } else if (place.id === "gets") {
      pressed();
      showPrint();
    }
  });

  function chosen() {
    var first = document.querySelector("#quick button");
    if (first) first.focus();
    tender();
    replay();
  }

  // --- amounts --------------------------------------------------------------------------------------------------
  function setAmount(text) {
    id("amount").value = text;
    pressed();
    window.htmx.trigger(id("amount"), "quote");
  }

  function pressed() {
    var amount = id("amount");
    document.querySelectorAll("#quick button").forEach(function (button) {
      button.setAttribute("aria-pressed", amount && button.dataset.amount === amount.value ? "true" : "false");
    });
  }

  // On the quick buttons one digit chooses a quick amount, and typing on turns what was typed into any other amount.
  var typed = "";
  function quickKey(key) {
    typed += key;
    var quick = typed.length === 1 && document.querySelector('#quick [data-key="' + typed + '"]');
    if (quick) {
      quick.focus();
      setAmount(quick.dataset.amount);
    } else {
      var amount = id("amount");
      amount.focus();
      setAmount(typed);
    }
  }

  document.addEventListener("focusin", function (event) { if (!event.target.closest("#quick, #amount")) typed = ""; });
  document.addEventListener("click", function (event) {
    var quick = event.target.closest("#quick button");
    if (quick) { typed = ""; setAmount(quick.dataset.amount); }
  });
  document.addEventListener("input", function (event) { if (event.target.id === "amount") pressed(); });

  // --- tenders --------------------------------------------------------------------------------------------------
  function tender() {
    var cash = document.querySelector('#sale [name=tender][value=cash]');
    if (cash && id("cash")) id("cash").hidden = !cash.checked;
  }
  document.addEventListener("change", function (event) {
    if (event.target.name === "tender") {
      tender();
      if (id("amount").value) window.htmx.trigger(id("amount"), "quote");
    } else if (event.target.id === "print-at-once") {
      localStorage.setItem(PRINT, event.target.checked ? "1" : "");
      showPrint();
    }
  });

  function showPrint() {
    var on = localStorage.getItem(PRINT) === "1";
    desk.classList.toggle("prints", on);
    if (id("print-at-once")) id("print-at-once").checked = on;
  }

  // --- keys of the whole page -----------------------------------------------------------------------------------
  document.addEventListener("keydown", function (event) {
    if (document.querySelector("dialog[open]")) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      sellWhenQuoted();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (/^F[2-4]$/.test(event.key) && id("sale")) {
      event.preventDefault();
      way(event.key);
    } else if (event.key === "Escape" && !document.querySelector("details[open].menu")) {
      who.focus();
      who.select();
    } else if (event.target.closest("#quick") && /^[0-9.]$/.test(event.key)) {
      event.preventDefault();
      quickKey(event.key);
    }
  });

  function way(key) {
    var radio = document.querySelector('#sale [name=tender][data-key="' + key + '"]');
    if (!radio) return;
    radio.checked = true;
    radio.dispatchEvent(new Event("change", { bubbles: true }));
  }

  var sellNext = false; // Ctrl+Enter came before the quote did
  function sellWhenQuoted() {
    var button = id("sell-button"), form = id("sale");
    if (!form) return;
    if (form.dataset.quoting) { sellNext = true; } else if (button && !button.disabled) { form.requestSubmit(button); }
  }
  document.addEventListener("htmx:beforeRequest", function (event) {
    var form = id("sale");
    if (!form || event.detail.target !== id("gets") || event.detail.requestConfig.verb !== "get") return;
    form.dataset.quoting = "1";
    if (id("sell-button")) id("sell-button").disabled = true;
  });
  document.addEventListener("htmx:afterSettle", function (event) {
    var form = id("sale");
    if (!form || !event.detail.target || event.detail.target.id !== "gets") return;
    delete form.dataset.quoting;
    if (sellNext) { sellNext = false; sellWhenQuoted(); }
  });
  document.addEventListener("input", function (event) {
    // Between a digit and its quote nothing may be sold: the old quote is for another amount.
    if ((event.target.id === "amount" || event.target.id === "given") && id("sell-button")) id("sell-button").disabled = true;
    if (event.target.id === "amount" && id("sale")) id("sale").dataset.quoting = "1";
  });

  // --- a quote that waits renews itself before it expires ---------------------------------------------------------
  var RENEW_MS = 60000, renewed = Date.now();
  function renew() {
    var form = id("sale"), amount = id("amount");
    if (!form || !amount || !amount.value || form.dataset.quoting || sending || document.hidden) return;
    renewed = Date.now();
    window.htmx.trigger(amount, "quote");
  }
  window.setInterval(renew, RENEW_MS);
  document.addEventListener("visibilitychange", function () { if (Date.now() - renewed >= RENEW_MS) renew(); });

  // --- sending once, and asking when the answer is lost ----------------------------------------------------------
  var sending = null; // the request that carries the sale
  document.addEventListener("htmx:beforeRequest", function (event) {
    if (event.detail.elt.id !== "sale" || event.detail.requestConfig.verb !== "post") return;
    sending = event.detail.xhr;
    sessionStorage.setItem(KEPT, event.detail.elt.querySelector("[name=op]").value);
    if (id("sell-button")) id("sell-button").disabled = true;
  });
  document.addEventListener("htmx:afterRequest", function (event) {
    if (!sending || event.detail.xhr !== sending) return;
    sending = null;
    var status = event.detail.xhr.status;
    if (status >= 200 && status < 500) sessionStorage.removeItem(KEPT);
    else lost();
  });

  // Looking again must not take away what somebody is reading or typing in the last sale's block.
  document.addEventListener("htmx:beforeRequest", function (event) {
    if (event.detail.elt.id === "last-sale" && event.detail.elt.querySelector("details[open]")) event.preventDefault();
  });

  function lost() {
    var place = id("lost"), note = document.createElement("p"), ask = document.createElement("button");
    note.textContent = desk.dataset.lost;
    ask.textContent = desk.dataset.ask;
    ask.type = "button";
    ask.className = "btn btn-primary";
    ask.addEventListener("click", function () {
      window.htmx.ajax("POST", desk.dataset.outcome, { target: "#last", values: { op: sessionStorage.getItem(KEPT) } })
        .then(function () {
          sessionStorage.removeItem(KEPT);
          place.hidden = true;
          place.textContent = "";
        });
    });
    place.className = "refusal";
    place.setAttribute("role", "alert");
    place.replaceChildren(note, ask);
    place.hidden = false;
  }

  document.addEventListener("powertill:sold", function () {
    who.value = "";
    shown = asked = "";
    window.htmx.ajax("GET", who.getAttribute("hx-get"), { target: "#found" });
    who.focus();
    if (localStorage.getItem(PRINT) === "1") {
      var fold = document.querySelector("#last .slip-fold");
      if (fold) { fold.open = true; window.print(); }
    }
  });

  showPrint();
  if (sessionStorage.getItem(KEPT)) lost();
  if (id("amount")) chosen();
})();
