/* The queue: opening a row beside the list, and asking for a reason. Every part of it works without this file. */
"use strict";
(() => {
  const phone = matchMedia("(max-width:48rem)");
  const one = (selector) => document.querySelector(selector);

  function focusReason(popover) {
    const choice = popover.querySelector("textarea") || popover.querySelector("input:checked") || popover.querySelector("input:not([type=hidden]),select");
    if (choice) choice.focus();
  }

  /* on phones the detail is its own page, so that its part is not put where nobody sees it */
  document.addEventListener("htmx:beforeRequest", (event) => {
    const link = event.detail.elt;
    if (!phone.matches || !link.matches("[data-open]")) return;
    event.preventDefault();
    location.assign(link.href);
  });

  /* shown once it is settled, so that a key pressed at once finds everything wired */
  document.addEventListener("htmx:afterSettle", ({ detail }) => {
    if (detail.target.id === "asked" && detail.xhr.status === 200) one("#asked").showPopover({ source: detail.requestConfig.elt });
  });

  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (detail.target.id !== "detail") return;
    document.querySelectorAll("[popover]:popover-open").forEach((open) => open.hidePopover());
  });

  document.addEventListener("htmx:afterSettle", () => {
    const shown = one("#detail[data-handoff]");
    if (!shown || phone.matches) return;
    document.querySelectorAll("[data-list] > li").forEach((row) => {
      const item = row.firstElementChild;
      if (row.id === `row-${shown.dataset.handoff}`) item.setAttribute("aria-current", "true");
      else item.removeAttribute("aria-current");
    });
    const asks = shown.querySelector("[popover][data-show]");
    if (asks) asks.showPopover();
  });

  document.addEventListener("toggle", ({ target, newState }) => {
    if (newState === "open" && target.matches(".ask")) focusReason(target);
  }, true);
})();
