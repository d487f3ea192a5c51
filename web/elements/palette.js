customElements.define("cb-palette", class extends HTMLElement {});
