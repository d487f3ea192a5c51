import { layout, Graph } from "@dagrejs/dagre";
customElements.define("cb-graph", class extends HTMLElement {});
console.log(layout, Graph);
