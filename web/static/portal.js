// What the portal adds where there is a script: search as you type, stars without
// another page, and keys to find anything. Every page works without it.
//
// A form marked data-live is asked again while one types, at its own address.
// Of the answer, which is the whole page, the parts marked data-part replace
// their namesakes, and the address bar follows. A form marked data-inplace is
// sent when one says so, and the same parts show what became of it.

const pause = 150; // milliseconds without a key before asking
const slow = 300; // milliseconds after which waiting is shown
const copied = 2000; // milliseconds for which a button says that it did
const rarest = 60; // seconds between two looks of a page that waits, at most

const waiting = document.querySelector(".page[data-again]");
if (waiting) lookAgain(waiting, waiting.innerHTML, waiting.dataset.again);
equip(document);
for (const tail of document.querySelectorAll("[data-tail]")) follow(tail.dataset.tail);
document.addEventListener("keydown", find);
document.addEventListener("click", copy);
const palette = document.querySelector("cb-palette");
if (palette) offer();

function equip(part) {
  for (const form of part.querySelectorAll("form[data-live]")) live(form);
  for (const form of part.querySelectorAll("form[data-inplace]")) inplace(form);
  if (navigator.clipboard) for (const button of part.querySelectorAll("button[data-copy]")) button.hidden = false;
  for (const button of part.querySelectorAll("button[data-print]")) printable(button);
}

// printable has a button print the page: browsers do so by their own menu, too.
function printable(button) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}

// follow asks for the page again when the feed tells of something new, once for all
// that comes in a moment.
function follow(feed) {
  let timer;
  const again = async () => {
    timer = undefined;
    const answer = await fetch(location);
    if (answer.ok) show(await answer.text());
  };
  new EventSource(feed).addEventListener("message", () => (timer ??= setTimeout(again, pause)));
}

// lookAgain asks for a page that waits for something until it waits no more, and puts
// in its place what has changed since it was. The longer nothing does, the less it
// asks; not at all while nobody sees it.
function lookAgain(page, was, seconds) {
  const later = () => lookAgain(page, was, Math.min(rarest, seconds * 1.5));
  setTimeout(async () => {
    if (document.hidden) await new Promise((seen) => document.addEventListener("visibilitychange", seen, { once: true }));
    const answer = await fetch(location).catch(() => undefined);
    if (answer?.redirected) return location.assign(answer.url);
    if (!answer?.ok) return later();
    const next = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = next.querySelector(".page");
    const is = fresh?.innerHTML;
    const typing = Array.from(page.querySelectorAll("input, textarea")).some((f) => f === document.activeElement || f.value !== f.defaultValue);
    if (!fresh || is === was || typing) return later();
    const focused = Array.from(page.querySelectorAll("a, button")).indexOf(document.activeElement);
    keepOpen(page, fresh);
    page.replaceWith(fresh);
    equip(fresh);
    document.title = next.title;
    fresh.querySelectorAll("a, button")[focused]?.focus();
    if (fresh.dataset.again) lookAgain(fresh, is, fresh.dataset.again);
  }, seconds * 1000);
}

function live(form) {
  let timer, asked;

  async function ask() {
    asked?.abort();
    const ours = (asked = new AbortController());
    const url = address(form);
    const waiting = setTimeout(() => busy(true), slow);
    try {
      const answer = await fetch(url, { signal: ours.signal });
      if (!answer.ok) return form.submit();
      show(await answer.text());
      history.replaceState(null, "", url);
    } catch (error) {
      if (error.name !== "AbortError") form.submit(); // the browser then says what is wrong
    } finally {
      clearTimeout(waiting);
      if (asked === ours) busy(false);
    }
  }

  form.addEventListener("input", (event) => {
    clearTimeout(timer);
    timer = setTimeout(ask, event.target.matches("select") ? 0 : pause);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(timer);
    ask();
  });
}

// address is where the form leads, without the fields that say nothing.
function address(form) {
  const url = new URL(form.action);
  url.search = "";
  for (const [name, value] of new FormData(form)) {
    if (value !== "") url.searchParams.append(name, value);
  }
  return url;
}

function inplace(form) {
  let asBefore = false;
  form.addEventListener("submit", async (event) => {
    if (asBefore) return;
    event.preventDefault();
    const button = event.submitter;
    try {
      const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form, button)) });
      if (!answer.ok) throw new Error(answer.statusText);
      show(await answer.text());
      document.querySelector(`button[form="${form.id}"][value="${CSS.escape(button.value)}"]`)?.focus();
    } catch {
      asBefore = true; // the browser then says what is wrong
      form.requestSubmit(button);
    }
  });
}

function show(text) {
  const page = new DOMParser().parseFromString(text, "text/html");
  for (const part of document.querySelectorAll("[data-part]")) {
    const next = page.querySelector(`[data-part="${part.dataset.part}"]`);
    if (!next) continue;
    keepOpen(part, next);
    if (part.getAttribute("role") === "status") {
      part.textContent = next.textContent; // the region must stay for its change to be read out
    } else {
      part.replaceWith(next);
    }
  }
  document.title = page.title;
}

// keepOpen carries over what the reader has opened and closed.
function keepOpen(part, next) {
  const before = new Map(Array.from(part.querySelectorAll("details[data-name]"), (d) => [d.dataset.name, d.open]));
  for (const d of next.querySelectorAll("details[data-name]")) {
    if (before.has(d.dataset.name)) d.open = before.get(d.dataset.name);
  }
}

function busy(on) {
  for (const part of document.querySelectorAll("[data-part]")) part.setAttribute("aria-busy", String(on));
}

// copy copies the code beside a button, which is shown where the browser lets a page
// do that.
async function copy({ target }) {
  const button = target.closest("button[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.parentElement.querySelector("code").textContent);
  const says = button.querySelector("span");
  const before = (button.dataset.copy ||= says.textContent);
  says.textContent = "Copied";
  setTimeout(() => (says.textContent = before), copied);
}

// find opens the palette on Ctrl-K, and on "/" where the page has no list to search.
function find(event) {
  const command = (event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k";
  if (command && palette) {
    event.preventDefault();
    return open();
  }
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const field = document.querySelector("main input[type=search]") ?? document.querySelector("input[type=search]");
  if (!field) return;
  event.preventDefault();
  if (palette?.contains(field)) return open();
  field.focus();
  field.select();
}

// offer makes the box in the bar open the palette.
function offer() {
  const [input, keys] = [palette.querySelector("input"), palette.querySelector(".keys")];
  keys.innerHTML = `<kbd>${navigator.platform.startsWith("Mac") ? "⌘" : "Ctrl"}</kbd><kbd>K</kbd>`;
  input.addEventListener("click", open);
}

// open loads the palette's script the first time. What is typed until then, and
// if it does not come, goes into the box in the bar.
async function open() {
  const input = palette.querySelector("input");
  input.focus();
  await import(palette.dataset.src);
  palette.open(input.value);
  input.value = "";
}
