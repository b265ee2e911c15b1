/* Keys, clocks, toasts and busy buttons. Every page works without this file.

   What pages mark for it:
   data-list, data-item, data-open   a list, its rows, and the link that opens a row: J K move, X selects
   data-key="a"                      what this letter presses, or the field it goes to: in the current row, else on
                                     the page
   data-go="t"                       where G and this letter lead
   data-live, with an id             is brought up to date every minute, as a fresh page shows it
   data-minutes, data-about          business minutes left on a clock, and whose it is
   data-seconds, data-left           how long a toast stays, and where its countdown stands
   data-busy="Signing…"              what a button says while its form is on its way
   data-say                          is read aloud when it is swapped in
   data-who                          who is signed in: whose typed words outlive a session that ended */
"use strict";
(() => {
  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const isSeen = (element) => element.checkVisibility();

  function say(words) {
    one("#said").textContent = words;
  }

  /* -- rows of a list */

  const rows = () => all("[data-list] [data-item]").filter(isSeen);
  const currentRow = () =>
    document.activeElement.closest("[data-item]") || one("[data-list] [data-item][aria-current]");

  function moveTo(row) {
    if (!row) return;
    rows().forEach((each) => each.removeAttribute("aria-current"));
    row.setAttribute("aria-current", "true");
    (one("[data-open]", row) || row).focus();
    row.scrollIntoView({ block: "nearest" });
  }

  function move(by) {
    const every = rows();
    const at = every.indexOf(currentRow());
    moveTo(every[at < 0 ? 0 : Math.min(every.length - 1, Math.max(0, at + by))]);
  }

  let lastSelected = -1;
  const box = (row) => row && one("input[type=checkbox]", row);

  function select(isRange) {
    const every = rows();
    const at = every.indexOf(currentRow());
    if (!box(every[at])) return;
    if (isRange && lastSelected >= 0) {
      const [from, to] = [Math.min(at, lastSelected), Math.max(at, lastSelected)];
      every.slice(from, to + 1).map(box).filter((each) => each && !each.checked).forEach((each) => each.click());
    } else {
      box(every[at]).click();
    }
    lastSelected = at;
  }

  /* -- keys */

  const TYPING = "input:not([type=checkbox],[type=radio],[type=button],[type=submit]),textarea,select,[contenteditable]";
  let isGoing = false;
  let asking = null; // what a letter is fetching a choice for
  let typedAhead = null; // keys that were pressed before the choice came

  function press(letter) {
    const row = currentRow();
    const sought = `[data-key="${letter}"]`;
    const button =
      (row && all(sought, row).find(isSeen)) ||
      all(sought).find((each) => isSeen(each) && !each.closest("[data-item]"));
    asking = button;
    if (button && button.matches(TYPING)) button.focus();
    else if (button) button.click();
    asking = null;
    return Boolean(button);
  }

  function go(letter) {
    const link = one(`[data-go="${letter}"]`);
    if (link) location.assign(link.href);
  }

  function choose(popover, digit) {
    const option = all("input[type=radio]", popover)[digit - 1];
    if (!option) return;
    option.click();
    option.focus();
  }

  function confirm(popover) {
    const form = one("form", popover);
    if (form) form.requestSubmit(one("button:not([type=button])", form));
  }

  function catchUp() {
    const keys = typedAhead || [];
    typedAhead = null;
    for (const key of keys) {
      const open = one("[popover]:popover-open");
      if (!open) return;
      if (/^[1-9]$/.test(key)) choose(open, Number(key));
      if (key === "Enter") confirm(open);
      if (key === "Escape") open.hidePopover();
    }
  }

  function find() {
    const field = one("[data-search]");
    if (field && isSeen(field)) field.select();
    else location.assign(one("form[role=search]").action);
  }

  const KEYS = {
    "/": find,
    "?": () => one("#keys").showPopover(),
    j: () => move(1),
    k: () => move(-1),
    x: () => select(false),
    X: () => select(true),
    g: () => {
      isGoing = true;
      setTimeout(() => (isGoing = false), 1500);
    },
  };

  function onKey(event) {
    if (event.key === "Escape" && event.target.matches("[data-search]")) event.target.blur();
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest(TYPING) || "shortcuts" in document.body.dataset) return;
    if (typedAhead) {
      typedAhead.push(event.key);
      event.preventDefault();
      return;
    }
    const open = one("[popover]:popover-open, dialog[open]");
    if (open) {
      if (/^[1-9]$/.test(event.key)) choose(open, Number(event.key));
      return;
    }
    if (isGoing) {
      isGoing = false;
      go(event.key.toLowerCase());
    } else if (Object.hasOwn(KEYS, event.key)) {
      KEYS[event.key]();
    } else if (!/^[a-z]$/.test(event.key) || !press(event.key)) {
      return;
    }
    event.preventDefault();
  }
  document.addEventListener("keydown", onKey);

  /* -- once a minute everything that is marked live stands as on a fresh page; nothing is worked out here */

  const MINUTE = 60000;
  let refreshedAt = Date.now();

  async function refresh() {
    refreshedAt = Date.now();
    document.body.dispatchEvent(new Event("minute"));
    if (!one("[data-live]")) return;
    const answer = await fetch(location.href, { credentials: "same-origin" }).catch(() => null);
    if (answer && answer.redirected) {
      keep(document.forms);
      return location.reload();
    }
    if (!answer || !answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    all("[data-live][id]").forEach((old) => renew(old, fresh.getElementById(old.id)));
    all("#toasts > *", fresh).forEach((toast) => one("#toasts").append(toast));
    tellLastMinutes();
  }

  function renew(old, fresh) {
    if (!fresh || old.outerHTML === fresh.outerHTML || old.contains(document.activeElement)) return;
    old.replaceWith(fresh);
    if (window.htmx) htmx.process(fresh);
  }

  function onTime() {
    if (!document.hidden && Date.now() - refreshedAt >= MINUTE) refresh();
  }
  setInterval(onTime, 1000);
  document.addEventListener("visibilitychange", onTime);

  function tellLastMinutes() {
    all(".clock[id][data-minutes]").forEach((clock) => {
      const left = Number(clock.dataset.minutes);
      const isLast = left >= 0 && left <= 10;
      if (isLast && !sessionStorage.getItem(clock.id)) {
        say(`${left} minutes left: ${clock.dataset.about || clock.textContent}`);
      }
      if (isLast) sessionStorage.setItem(clock.id, "told");
      else sessionStorage.removeItem(clock.id);
    });
  }

  /* -- toasts */

  function countDown(toast) {
    const left = one("[data-left]", toast);
    const step = () => {
      const seconds = Number(toast.dataset.seconds);
      if (seconds <= 0) return toast.remove();
      if (left) left.textContent = `${seconds} s`;
      const isHeld = !left && toast.matches(":hover, :focus-within");
      toast.dataset.seconds = isHeld ? seconds : seconds - 1;
      setTimeout(step, 1000);
    };
    step();
  }

  function complain(words) {
    const toast = document.createElement("div");
    toast.className = "toast";
    toast.dataset.seconds = "12";
    toast.textContent = words;
    one("#toasts").append(toast);
  }

  all("#toasts [data-seconds]").forEach(countDown);
  new MutationObserver((changes) =>
    changes.forEach((change) =>
      [...change.addedNodes].filter((node) => node.dataset && node.dataset.seconds).forEach(countDown),
    ),
  ).observe(one("#toasts"), { childList: true });

  /* -- forms are sent once */

  const onTheWay = new Map();

  function hold(event) {
    const form = event.target;
    if (form.method !== "post") return;
    if (onTheWay.has(form)) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    const button = event.submitter;
    onTheWay.set(form, button && { button, said: button.innerHTML });
    if (!button) return;
    button.setAttribute("aria-busy", "true");
    if (button.dataset.busy) button.textContent = button.dataset.busy;
  }

  function release(form) {
    const held = onTheWay.get(form);
    onTheWay.delete(form);
    if (!held) return;
    held.button.removeAttribute("aria-busy");
    if (held.button.dataset.busy) held.button.innerHTML = held.said;
  }
  document.addEventListener("submit", hold, true);
  window.addEventListener("pageshow", () => [...onTheWay.keys()].forEach(release));

  /* -- words that were typed outlive a session that ended: they stay in this tab, for whoever typed them, until they
     arrived. Never passwords, and nothing of a form that asks for one. */

  const KEPT = "accord-typed";
  const WORDS = "textarea,input:is(:not([type]),[type=text],[type=email],[type=url],[type=tel],[type=date])";
  const who = document.body.dataset.who;
  const sentTo = (form) => new URL(form.getAttribute("hx-post") || form.getAttribute("action") || "", location.href).pathname;
  const words = (form) => [...form.elements].filter((each) => each.name && each.matches(WORDS));
  const keeps = (form) => form.method === "post" && !one("[type=password],[autocomplete=one-time-code]", form);

  function kept() {
    const found = JSON.parse(sessionStorage.getItem(KEPT) || "null");
    return found && found.who === who ? found.forms : [];
  }

  function store(forms) {
    if (forms.length) sessionStorage.setItem(KEPT, JSON.stringify({ who, forms }));
    else sessionStorage.removeItem(KEPT);
  }

  function keep(forms) {
    if (!who) return;
    const typed = (form) => words(form).filter((each) => each.value !== each.defaultValue);
    const found = [...forms].filter((form) => keeps(form) && typed(form).length);
    store(found.map((form) => ({ to: sentTo(form), typed: typed(form).map(({ name, value }) => [name, value]) })));
  }

  function giveBack(within) {
    const forms = kept();
    const given = forms.filter(({ to, typed }) => {
      const form = all("form", within).find((each) => keeps(each) && sentTo(each) === to);
      if (form) typed.forEach(([name, value]) => fill(words(form).find((each) => each.name === name), value));
      return Boolean(form);
    });
    if (!given.length) return;
    store(forms.filter((each) => !given.includes(each)));
    complain("What you typed is here again. It is not sent yet.");
  }

  function fill(field, value) {
    if (field && field.value === field.defaultValue) field.value = value;
  }

  const cameFrom = document.referrer && new URL(document.referrer).pathname;
  if (/^\/(account|demo)\//.test(cameFrom) && kept().length) giveBack(document);
  else store([]);
  document.addEventListener("submit", ({ target }) => keep([target]), true);
  document.addEventListener("htmx:afterSettle", ({ detail }) => kept().length && giveBack(detail.elt));
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    const isRefused = !detail.successful || detail.xhr.getResponseHeader("HX-Redirect");
    if (detail.requestConfig.verb === "post" && !isRefused) store([]);
  });

  /* -- htmx: what is on its way is busy, focus stays where it was, what is said is read aloud */

  const SETTLED = 50;
  let focusedRow = -1;
  let hadFocus = false;

  document.addEventListener("htmx:beforeRequest", ({ detail }) => {
    if (detail.elt.matches("button")) detail.elt.setAttribute("aria-busy", "true");
    if (detail.elt === asking && detail.requestConfig.verb === "get") typedAhead = [];
  });
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    if (detail.elt.matches("button")) detail.elt.removeAttribute("aria-busy");
    if (detail.elt.matches("form")) release(detail.elt);
    setTimeout(() => {
      settle(detail.target);
      if (detail.requestConfig.verb === "get") catchUp();
    }, SETTLED);
  });
  document.addEventListener("htmx:beforeSwap", () => {
    hadFocus = document.activeElement !== document.body;
    focusedRow = rows().indexOf(document.activeElement.closest("[data-item]"));
  });
  document.addEventListener("htmx:afterSettle", ({ detail }) => {
    const words = detail.elt.matches("[data-say]") ? detail.elt : one("[data-say]", detail.elt);
    if (words) say(words.dataset.say);
  });
  ["htmx:sendError", "htmx:timeout"].forEach((name) =>
    document.addEventListener(name, () => complain("The server cannot be reached. Nothing was changed; try again in a moment.")),
  );

  function settle(target) {
    tellLastMinutes();
    if (!hadFocus || document.activeElement !== document.body) return;
    const every = rows();
    if (focusedRow >= 0 && every.length) moveTo(every[Math.min(focusedRow, every.length - 1)]);
    else focusOn(target.isConnected && target.closest("main") ? target : one("#main"));
  }

  function focusOn(place) {
    if (!place.hasAttribute("tabindex")) place.setAttribute("tabindex", "-1");
    place.focus({ preventScroll: true });
  }

  tellLastMinutes();
})();
