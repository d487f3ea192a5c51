import style from "./palette.css";

// <cb-palette> finds anything: data-find is asked for options with what was
// typed, and answers with the rows of a list box. A row leads somewhere
// (data-href), presses a button of the page (data-press, data-value), or copies
// the page's address (data-copy).

const pause = 90; // milliseconds without a key before asking

const sheet = new CSSStyleSheet();
sheet.replaceSync(style);

class Palette extends HTMLElement {
  #dialog;
  #input;
  #list;
  #says;
  #nothing;
  #timer;
  #asked; // aborts the question before the last
  #answered = Promise.resolve();

  // open shows the palette with a text to begin with.
  open(text = "") {
    this.#dialog ?? this.#build();
    if (this.#dialog.open) return this.#input.select();
    this.#input.value = text;
    this.#list.replaceChildren();
    this.#dialog.showModal();
    this.#input.select();
    this.#ask();
  }

  #build() {
    document.adoptedStyleSheets.push(sheet);
    const icon = this.querySelector("use").getAttribute("href");
    const command = navigator.platform.startsWith("Mac") ? "⌘" : "Ctrl";
    // Nothing in it comes from outside.
    this.insertAdjacentHTML(
      "beforeend",
      `<dialog class="palette" aria-label="Find anything">
        <div class="ask"><svg class="icon lg faint" aria-hidden="true"><use></use></svg>
          <input type="text" role="combobox" aria-label="Find anything" aria-expanded="true" aria-controls="palette-list" aria-autocomplete="list"
            autocomplete="off" autocapitalize="off" spellcheck="false" enterkeyhint="go" placeholder="Find a service, team, API or page">
          <kbd>esc</kbd></div>
        <div class="list" id="palette-list" role="listbox" aria-label="Results"></div>
        <p class="nothing" hidden></p>
        <p class="vh" role="status"></p>
        <footer role="none"><span><kbd>↑</kbd><kbd>↓</kbd> choose</span><span><kbd>↵</kbd> open</span><span><kbd>${command}</kbd><kbd>↵</kbd> in a new tab</span>
          <span class="push"><kbd>&gt;</kbd> actions <kbd>@</kbd> teams <kbd>#</kbd> events</span></footer>
      </dialog>`,
    );
    this.#dialog = this.querySelector("dialog");
    this.#input = this.#dialog.querySelector("input");
    this.#list = this.#dialog.querySelector("[role=listbox]");
    this.#says = this.#dialog.querySelector("[role=status]");
    this.#nothing = this.#dialog.querySelector(".nothing");
    this.#dialog.querySelector("use").setAttribute("href", icon);

    this.#input.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#answered = new Promise((done) => {
        this.#timer = setTimeout(() => done(this.#ask()), pause);
      });
    });
    this.#input.addEventListener("keydown", this.#key);
    this.#dialog.addEventListener("click", this.#click);
    this.#dialog.addEventListener("close", () => {
      clearTimeout(this.#timer);
      this.#asked?.abort();
    });
    this.#list.addEventListener("pointermove", (event) => {
      const option = event.target.closest("[role=option]");
      if (option && option.ariaSelected !== "true") this.#select(option, false);
    });
  }

  #ask() {
    return (this.#answered = this.#fetch());
  }

  async #fetch() {
    this.#asked?.abort();
    const { signal } = (this.#asked = new AbortController());
    const url = new URL(this.dataset.find, location);
    const asked = new URLSearchParams({ q: this.#input.value, on: location.pathname });
    const here = new URLSearchParams(location.search);
    for (const clock of ["at", "known"]) if (here.has(clock)) asked.set(clock, here.get(clock));
    url.search = asked;
    let nothing = "Nothing here is called that.";
    try {
      const answer = await fetch(url, { signal });
      if (!answer.ok) throw new Error(answer.statusText);
      const found = new DOMParser().parseFromString(await answer.text(), "text/html");
      this.#list.replaceChildren(...found.body.childNodes);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.#list.replaceChildren();
      nothing = "Callboard does not answer. Press Enter to search the catalog instead.";
    }
    const options = this.#options();
    this.#says.textContent = options.length === 1 ? "1 result" : `${options.length} results`;
    this.#nothing.textContent = nothing;
    this.#nothing.hidden = options.length > 0;
    this.#list.scrollTop = 0;
    this.#select(options[0]);
  }

  #options() {
    return [...this.#list.querySelectorAll("[role=option]")];
  }

  #select(option, reveal = true) {
    for (const other of this.#options()) other.ariaSelected = String(other === option);
    if (!option) return this.#input.removeAttribute("aria-activedescendant");
    this.#input.setAttribute("aria-activedescendant", option.id);
    if (reveal) option.scrollIntoView({ block: "nearest" });
  }

  #key = async (event) => {
    if (event.isComposing) return;
    const options = this.#options();
    const at = options.findIndex((o) => o.ariaSelected === "true");
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && options.length) this.#select(options[(at + step + options.length) % options.length]);
    else if (event.key === "Enter") {
      event.preventDefault();
      await this.#answered; // of what was typed last
      return this.#choose(this.#options().find((o) => o.ariaSelected === "true"), event.ctrlKey || event.metaKey);
    } else if (event.key !== "Tab") return; // nothing else in it takes the focus
    event.preventDefault();
  };

  #click = (event) => {
    if (event.target === this.#dialog) return this.#dialog.close(); // beside it
    const option = event.target.closest("[role=option]");
    if (option) this.#choose(option, event.ctrlKey || event.metaKey);
  };

  async #choose(option, apart) {
    if (!option) return this.querySelector("form").requestSubmit();
    const { href, press, value } = option.dataset;
    if (href && apart) return window.open(href, "_blank", "noopener");
    this.#dialog.close();
    if (href) return location.assign(href);
    if (press) return document.querySelector(`button[name="${press}"][value="${CSS.escape(value)}"]`)?.click();
    await navigator.clipboard?.writeText(location.href);
  }
}

customElements.define("cb-palette", Palette);
