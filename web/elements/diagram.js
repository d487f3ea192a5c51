import style from "./diagram.css";

// <cb-diagram> draws the source in Mermaid that stands in it, in the colours of the
// page. Mermaid, the script at data-mermaid, runs in a frame, and the drawing is in a
// shadow tree: neither has a part in the page's style, nor the page in theirs. The
// source stays within reach, and stays in sight where it cannot be drawn.

const sheet = new CSSStyleSheet();
sheet.replaceSync(style);

let frame; // a promise of the window that Mermaid is in
let turn = Promise.resolve(); // it has one configuration, and draws one after the other
let drawings = 0;

class Diagram extends HTMLElement {
  #tree = this.attachShadow({ mode: "open" });
  #dark = matchMedia("(prefers-color-scheme: dark)");

  connectedCallback() {
    this.#tree.adoptedStyleSheets = [sheet];
    this.#tree.replaceChildren(make("slot")); // the source, until there is more
    this.#dark.addEventListener("change", this.#draw);
    this.#draw();
  }

  disconnectedCallback() {
    this.#dark.removeEventListener("change", this.#draw);
  }

  #draw = () => {
    turn = turn.then(async () => {
      try {
        const { mermaid, frameElement } = await (frame ??= load(this.dataset.mermaid));
        frameElement.style.width = `${this.closest("cb-docs").clientWidth}px`;
        const look = looks(this.#tree);
        mermaid.initialize({ ...look, startOnLoad: false, securityLevel: "strict", suppressErrorRendering: true, secure });
        this.#show(await mermaid.render(`diagram-${++drawings}`, this.querySelector("code").textContent), look);
      } catch (error) {
        this.#fail(error.message);
      }
    });
  };

  #show({ svg, diagramType }, look) {
    const { background, darkMode } = look.themeVariables;
    const drawing = make("div", { class: darkMode ? "drawing dark" : "drawing", tabindex: "0", role: "group" });
    drawing.style.background = background;
    drawing.innerHTML = svg; // which Mermaid has made safe
    const picture = drawing.firstElementChild;
    const { width, height } = picture.viewBox.baseVal;
    picture.style.setProperty("--width", `${width}px`);
    picture.style.setProperty("--height", `${height}px`);
    const title = picture.querySelector("title")?.textContent || `Diagram (${diagramType.replace(/-.*/, "")})`;
    drawing.setAttribute("aria-label", title);
    picture.setAttribute("role", picture.querySelector("a") ? "group" : "img");
    picture.setAttribute("aria-label", title);

    const source = make("slot", { hidden: "" });
    const open = make("button", { type: "button", "aria-expanded": "false" }, "Source");
    open.addEventListener("click", () => {
      source.hidden = !source.hidden;
      open.ariaExpanded = String(!source.hidden);
    });
    const large = make("button", { type: "button" }, "Enlarge");
    large.addEventListener("click", () => this.#enlarge(drawing, title));
    this.#tree.replaceChildren(drawing, make("p", { class: "tools" }, open, large), source);
  }

  // enlarge shows the drawing over the page, in its own size or larger, until that is closed.
  #enlarge(drawing, title) {
    const close = make("button", { type: "button" }, "Close");
    const back = document.createComment("");
    drawing.replaceWith(back);
    const dialog = make("dialog", { "aria-label": title }, make("p", { class: "tools" }, close), drawing);
    close.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => {
      back.replaceWith(drawing);
      dialog.remove();
    });
    this.#tree.append(dialog);
    dialog.showModal();
  }

  #fail(why) {
    this.#tree.replaceChildren(make("p", { class: "failed" }, "This diagram cannot be drawn."), make("pre", {}, why), make("slot"));
  }
}

customElements.define("cb-diagram", Diagram);

// What a source must not choose by a directive: how safe it is, and style of its own.
const secure = ["secure", "securityLevel", "startOnLoad", "maxTextSize", "maxEdges", "suppressErrorRendering", "themeCSS", "fontFamily", "altFontFamily"];

// load has Mermaid run in a frame that nobody sees.
function load(script) {
  const element = make("iframe", { class: "docs-measure", title: "Where diagrams are measured", "aria-hidden": "true", tabindex: "-1" });
  document.body.append(element);
  return new Promise((resolve, reject) => {
    const loading = make("script", { type: "module", src: script });
    loading.addEventListener("load", () => resolve(element.contentWindow));
    loading.addEventListener("error", () => reject(new Error("The script that draws did not come.")));
    element.contentDocument.head.append(loading);
  });
}

// looks reads the page's colours, as Mermaid can use them.
function looks(tree) {
  const probe = make("i");
  tree.append(probe);
  const computed = getComputedStyle(probe);
  const token = (name) => {
    probe.style.color = `var(--${name})`;
    return hex(computed.color);
  };
  const [ink, ground] = [token("ink"), token("surface")];
  const look = {
    theme: "base",
    fontFamily: computed.fontFamily,
    themeVariables: {
      darkMode: light(ink),
      background: ground,
      fontSize: "14px",
      primaryColor: token("accent-soft"),
      primaryTextColor: ink,
      primaryBorderColor: token("accent-line"),
      secondaryColor: token("surface-2"),
      secondaryTextColor: ink,
      secondaryBorderColor: token("line-strong"),
      tertiaryColor: token("surface-3"),
      tertiaryTextColor: ink,
      tertiaryBorderColor: token("line-strong"),
      lineColor: token("ink-3"),
      textColor: ink,
      titleColor: ink,
      edgeLabelBackground: ground,
      noteBkgColor: token("warn-soft"),
      noteTextColor: ink,
      noteBorderColor: token("warn-line"),
      clusterBkg: token("surface-2"),
      clusterBorder: token("line-strong"),
      pie1: token("accent-line"),
      pie2: token("surface-3"),
      pie3: token("good-line"),
      pie4: token("warn-line"),
      pie5: token("bad-line"),
      pie6: token("accent-soft"),
      pieStrokeColor: ground,
      pieOuterStrokeColor: ground,
    },
  };
  probe.remove();
  return look;
}

// hex writes a colour that the browser has worked out, such as rgb(1, 2, 3).
function hex(color) {
  return "#" + color.match(/\d+/g).slice(0, 3).map((n) => Number(n).toString(16).padStart(2, "0")).join("");
}

// light reports whether a colour is nearer to white: ink is, on dark pages.
function light(color) {
  return Number.parseInt(color.slice(1, 3), 16) > 128;
}

function make(name, attributes = {}, ...children) {
  const e = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value);
  e.append(...children);
  return e;
}
