import "./diagram.js";

// <cb-docs> is around a page of documentation. It lets code be copied, has diagrams
// and formulas drawn by the scripts at data-mermaid and data-formula, which are loaded
// where there are any, and takes what is selected into an issue.

const longest = 1500; // characters of a selection that an issue quotes

class Docs extends HTMLElement {
  async connectedCallback() {
    const page = this.querySelector("article");
    if (navigator.clipboard) for (const code of page.querySelectorAll("div.highlight")) code.append(copyButton());
    for (const wide of page.querySelectorAll("pre, table")) scrolling.observe(wide);
    this.querySelector("[data-issue]")?.addEventListener("pointerdown", quote);
    this.querySelector("[data-issue]")?.addEventListener("focus", quote); // by key

    for (const source of page.querySelectorAll("pre.mermaid")) {
      const drawn = document.createElement("cb-diagram");
      drawn.dataset.mermaid = this.dataset.mermaid;
      source.replaceWith(drawn);
      drawn.append(source);
    }
    const formulas = page.querySelectorAll(".arithmatex");
    if (formulas.length) (await import(this.dataset.formula)).set(formulas);
  }
}

// What has to be scrolled is within reach of keys.
const scrolling = new ResizeObserver((all) => {
  for (const { target } of all) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});

// The portal's own script copies.
function copyButton() {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn sm";
  button.dataset.copy = "";
  button.append(Object.assign(document.createElement("span"), { textContent: "Copy" }));
  return button;
}

// quote puts what is selected on the page before what the issue says of the page.
function quote({ currentTarget: link }) {
  link.dataset.plain ??= link.href;
  const url = new URL(link.dataset.plain);
  const selection = getSelection();
  const text = selection.toString().trim();
  if (text && link.closest("cb-docs").querySelector("article").contains(selection.anchorNode)) {
    const lines = text.length > longest ? text.slice(0, longest) + "…" : text;
    const field = link.dataset.issue;
    url.searchParams.set(field, lines.replace(/^/gm, "> ") + "\n\n" + url.searchParams.get(field));
  }
  link.href = url;
}

customElements.define("cb-docs", Docs);
