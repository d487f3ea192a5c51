import mermaid from "mermaid";

// Loaded by <cb-diagram> into a frame: Mermaid measures text in the document that it
// runs in, and names of classes in its drawings are also names in the portal's
// stylesheet.
window.mermaid = mermaid;
