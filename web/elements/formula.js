import temml from "temml";
import style from "temml/dist/Temml-Local.css";

const sheet = new CSSStyleSheet();
sheet.replaceSync(style.replace(/@font-face\s*{[^}]*}/g, "")); // a font that is not served

// set has formulas, as arithmatex marks them, become MathML. One that cannot be read
// stays as it is written, and says why.
export function set(formulas) {
  document.adoptedStyleSheets.push(sheet);
  for (const formula of formulas) {
    const written = formula.textContent.trim();
    const display = written.startsWith("\\[");
    try {
      const drawn = document.createElement("span");
      temml.render(written.slice(2, -2), drawn, { displayMode: display, annotate: true, throwOnError: true, trust: false, strict: false });
      formula.replaceChildren(...drawn.childNodes);
    } catch (error) {
      formula.title = `This formula cannot be set: ${error.message}`;
      formula.dataset.failed = "";
    }
  }
}
