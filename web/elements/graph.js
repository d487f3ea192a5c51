import { place, width, height } from "./layout.js";
import { Stage } from "./stage.js";
import style from "./graph.css";

// <cb-graph> draws what its table says: a row is an entity, with a list of what
// it has to others. It takes the place of the drawing that the server made. What
// to show is chosen by the links in .graph-tools: the element asks for the page
// that they lead to, and takes over what that has in its own <cb-graph>.
//
// data-root is the ref in the middle; data-query is added to the address of
// another entity's graph; data-whole says that the page is about nothing else,
// whose address then follows.

const sheet = new CSSStyleSheet();
sheet.replaceSync(style);

class Dependencies extends HTMLElement {
  #stop; // aborts what listens, and what is asked
  #stage;
  #nodes = [];
  #selected;

  connectedCallback() {
    if (!document.adoptedStyleSheets.includes(sheet)) document.adoptedStyleSheets.push(sheet);
    this.addEventListener("click", this.#choose);
    this.#draw();
  }

  disconnectedCallback() {
    this.removeEventListener("click", this.#choose);
    this.#stop?.abort();
  }

  // choose follows a link of the tools in place.
  #choose = async (event) => {
    const link = event.target.closest(".graph-tools a");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    this.#stop?.abort();
    const { signal } = (this.#stop = new AbortController());
    this.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(link.href, { signal });
      if (!answer.ok) throw new Error(answer.statusText);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      this.#take(page.querySelector("cb-graph"), link.textContent.trim());
      if ("whole" in this.dataset) history.replaceState(null, "", link.href);
      this.#say(page);
    } catch (error) {
      if (error.name !== "AbortError") location.assign(link.href); // the browser then says what is wrong
      return;
    }
    this.removeAttribute("aria-busy");
  };

  #take(next, chosen) {
    const open = [...this.querySelectorAll("details")].map((d) => d.open);
    this.dataset.query = next.dataset.query;
    this.replaceChildren(...next.childNodes);
    [...this.querySelectorAll("details")].forEach((d, i) => (d.open = open[i] ?? d.open));
    this.#draw();
    [...this.querySelectorAll(".graph-tools a")].find((a) => a.textContent.trim() === chosen)?.focus();
  }

  // say repeats the page's sentence about what is shown, where this page has it.
  #say(page) {
    const [here, there] = [this.closest(".card"), page.querySelector("cb-graph").closest(".card")].map((c) => c?.querySelector(".card-head .sub"));
    if (here && there) here.textContent = there.textContent;
  }

  // read takes nodes and edges from the table.
  #read() {
    const rows = [...this.querySelectorAll("tr[data-ref]")];
    this.#nodes = rows.map((row) => {
      const name = row.querySelector(".ref");
      return {
        ref: row.dataset.ref,
        label: name.textContent.trim(),
        brief: name.nextElementSibling.textContent.trim(),
        icon: name.querySelector("use").getAttribute("href"),
        href: name.getAttribute("href"),
      };
    });
    return rows.flatMap((row) =>
      [...row.querySelectorAll("li[data-target]")].map((li) => ({
        source: row.dataset.ref,
        target: li.dataset.target,
        label: li.querySelector(".faint").textContent,
      })),
    );
  }

  #draw() {
    this.#stop?.abort();
    const { signal } = (this.#stop = new AbortController());
    this.#selected = undefined;
    const edges = this.#read();
    const size = place(this.#nodes, edges);

    const world = shape("g");
    const dense = this.#nodes.length > 60; // then only what is selected says its relation
    for (const frame of size.frames) world.append(shape("rect", { class: "frame", rx: 8, ...frame }));
    for (const e of edges) {
      e.line = shape("g", { class: e.second ? "line quiet" : "line" }, shape("path", { class: "edge", d: e.path }), shape("path", { class: "tip", d: e.tip }));
      world.append(e.line);
    }
    for (const e of edges) {
      if (!e.labelAt) continue;
      e.name = shape("text", { class: dense ? "rel quiet" : "rel", x: e.labelAt.x, y: e.labelAt.y, "text-anchor": "middle" }, e.label);
      world.append(e.name);
    }
    for (const n of this.#nodes) {
      n.lines = edges.filter((e) => e.source === n.ref || e.target === n.ref);
      n.shape = this.#node(n);
      world.append(n.shape);
    }
    const svg = shape("svg", { role: "group", "aria-label": "Entities and what they have to one another" }, world);
    const canvas = element("div", { class: "graph canvas", role: "region", tabindex: "0", "aria-label": "Graph" }, svg, this.#buttons(), this.#about());
    if (!("whole" in this.dataset)) canvas.style.height = `${Math.min(420, Math.max(180, size.height + 24))}px`;
    this.querySelector(":scope > .graph")?.remove(); // the server's, or our last one
    this.prepend(canvas);

    this.#stage = new Stage(svg, world, size, signal);
    const root = this.#nodes[0];
    this.#stage.show(root);
    const fitted = new ResizeObserver(() => this.#stage.touched || this.#stage.show(root));
    fitted.observe(canvas);
    signal.addEventListener("abort", () => fitted.disconnect());
    canvas.addEventListener("keydown", this.#key, { signal });
    svg.addEventListener("click", (event) => event.target.closest(".node") || this.#select(undefined), { signal });
  }

  #node(n) {
    const root = n.ref === this.dataset.root;
    const [x, y] = [n.x - width / 2, n.y - height / 2];
    const node = shape(
      n.href ? "a" : "g",
      { class: ["node", root && "self", !n.href && "unknown"].filter(Boolean).join(" "), tabindex: root ? "0" : "-1" },
      shape("title", {}, `${n.label}, ${n.brief}`),
      shape("rect", { class: "box", x, y, width, height, rx: 6 }),
      shape("svg", { x: x + 11, y: y + 14, width: 16, height: 16 }, shape("use", { class: "glyph", href: n.icon })),
      shape("text", { x: x + 36, y: y + 19 }, short(n.label, 18)),
      shape("text", { class: "sub", x: x + 36, y: y + 34 }, short(n.brief, 20)),
    );
    if (n.href) node.setAttribute("href", n.href);
    else node.setAttribute("role", "img");
    node.addEventListener("focus", () => this.#select(n));
    node.addEventListener("pointerenter", () => this.#selected || this.#light(n));
    node.addEventListener("pointerleave", () => this.#selected || this.#light(undefined));
    node.addEventListener("click", (event) => {
      // A key opens it, as any link; so does a click with Ctrl, or a second one.
      if (event.detail !== 1 || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.#select(n);
    });
    return node;
  }

  // select puts a node before the others, and says what can be done with it.
  #select(n) {
    this.#selected = n;
    this.#light(n);
    const about = this.querySelector(".graph-about");
    about.hidden = !n;
    if (!n) return;
    for (const other of this.#nodes) other.shape.setAttribute("tabindex", other === n ? "0" : "-1");
    this.#stage.reveal(n, width / 2 + 16, height / 2 + 80);
    const start = n.href && n.ref !== this.dataset.root && element("a", { class: "btn sm", href: `${n.href}/graph${this.dataset.query}` }, "Start from here");
    const open = n.href && element("a", { class: "btn sm", href: n.href }, "Open");
    about.replaceChildren(element("b", {}, n.label), element("span", { class: "faint" }, n.brief), ...[open, start].filter(Boolean));
  }

  // light shows a node with its neighbours, and the rest faintly.
  #light(n) {
    this.querySelector(".canvas").classList.toggle("lit", Boolean(n));
    const near = new Set(n?.lines.flatMap((e) => [e.source, e.target]));
    if (n) near.add(n.ref);
    for (const other of this.#nodes) {
      other.shape.classList.toggle("near", near.has(other.ref));
      for (const e of other.lines) for (const part of [e.line, e.name]) part?.classList.toggle("near", Boolean(n) && n.lines.includes(e));
    }
  }

  #key = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const node = event.target.closest(".node") && this.#selected;
    const arrow = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (arrow && node) this.#towards(node, ...arrow)?.shape.focus({ preventScroll: true });
    else if (arrow && event.target.matches(".canvas")) this.#stage.pan(-60 * arrow[0], -60 * arrow[1]);
    else if (event.key === "+" || event.key === "=") this.#stage.zoom(1.25);
    else if (event.key === "-") this.#stage.zoom(0.8);
    else if (event.key === "0") this.#stage.show();
    else if (event.key === " " && node) this.querySelector(".graph-about [href*='/graph?']")?.click();
    else if (event.key === "Escape" && this.#selected) {
      this.#select(undefined);
      this.querySelector(".canvas").focus({ preventScroll: true });
    } else return;
    event.preventDefault();
  };

  // towards is the next node in a direction: as straight ahead as there is one.
  #towards(from, dx, dy) {
    const cost = (n) => {
      const [ahead, aside] = [(n.x - from.x) * dx + (n.y - from.y) * dy, Math.abs((n.x - from.x) * dy) + Math.abs((n.y - from.y) * dx)];
      return ahead > 1 ? ahead + 3 * aside : Infinity;
    };
    const best = this.#nodes.reduce((a, b) => (cost(b) < cost(a) ? b : a));
    return cost(best) < Infinity ? best : undefined;
  }

  #buttons() {
    const button = (label, sign, act) => {
      const b = element("button", { class: "btn sm square", type: "button", "aria-label": label, title: label }, sign);
      b.addEventListener("click", act);
      return b;
    };
    return element(
      "div",
      { class: "btn-group graph-zoom", role: "group", "aria-label": "Zoom" },
      button("Larger", "+", () => this.#stage.zoom(1.25)),
      button("Smaller", "−", () => this.#stage.zoom(0.8)),
      button("Show all", "⤢", () => this.#stage.show()),
    );
  }

  #about() {
    const about = element("p", { class: "graph-about" });
    about.hidden = true;
    return about;
  }
}

customElements.define("cb-graph", Dependencies);

function element(name, attributes, ...children) {
  const e = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value);
  e.append(...children);
  return e;
}

function shape(name, attributes = {}, ...children) {
  const e = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value);
  e.append(...children);
  return e;
}

function short(text, most) {
  const letters = [...text];
  return letters.length > most ? letters.slice(0, most - 1).join("").trimEnd() + "…" : text;
}
