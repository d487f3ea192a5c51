package markdown

import (
	"github.com/yuin/goldmark"
	emoji "github.com/yuin/goldmark-emoji"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/util"
)

// newParser lists all that is read. The numbers are goldmark's priorities: what is
// lower is asked first. CommonMark's own are 100 to 1000 for blocks, 100 to 500 for
// text.
func newParser(d Dialect) parser.Parser {
	blocks := append(parser.DefaultBlockParsers(),
		util.Prioritized(blockParser{signs: "*", open: openAbbreviation, interrupts: true}, 90),
		util.Prioritized(blockParser{signs: "=", open: openTab, next: indented, interrupts: true}, 91),
		util.Prioritized(extension.NewDefinitionListParser(), 101),
		util.Prioritized(extension.NewDefinitionDescriptionParser(), 102),
		util.Prioritized(blockParser{signs: "<", open: openHTML, next: nextHTML}, 890),
		util.Prioritized(footnoteLimit{extension.NewFootnoteBlockParser()}, 999),
	)
	if d.Blocks {
		blocks = append(blocks, util.Prioritized(blockParser{signs: "/", open: openSlashes, next: untilSlashes, close: closeSlashes, interrupts: true}, 93))
	} else {
		blocks = append(blocks, util.Prioritized(blockParser{signs: "!?", open: openAdmonition, next: indented, interrupts: true}, 93))
	}
	texts := []util.PrioritizedValue{
		util.Prioritized(parser.NewCodeSpanParser(), 100),
		util.Prioritized(newLinkParser(), 200),
		util.Prioritized(parser.NewAutoLinkParser(), 300),
		util.Prioritized(parser.NewRawHTMLParser(), 400),
		util.Prioritized(parser.NewEmphasisParser(), 500),
		util.Prioritized(inlineParser{"*_[]<`~^={}!+$\\:-&", limitSigns}, -1),
		util.Prioritized(extension.NewTaskCheckBoxParser(), 0),
		util.Prioritized(extension.NewFootnoteParser(), 101),
		util.Prioritized(inlineParser{"{", parseAttributes}, 102),
		util.Prioritized(inlineParser{"{+-~=<", parseCritic}, 103),
		util.Prioritized(emoji.NewParser(), 200),
		util.Prioritized(extension.NewLinkifyParser(), 999),
	}
	for _, p := range marks() {
		texts = append(texts, util.Prioritized(inlineParser{string(p.sign), p.parse}, 104))
	}
	if d.Keys {
		texts = append(texts, util.Prioritized(inlineParser{"+", parseKeys}, 105))
	}
	if d.Math {
		texts = append(texts, util.Prioritized(inlineParser{`$\`, parseMath}, 50))
		blocks = append(blocks, util.Prioritized(blockParser{signs: `$\`, open: openMath, next: nextMath, interrupts: true}, 94))
	}
	return parser.NewParser(
		parser.WithBlockParsers(blocks...),
		parser.WithInlineParsers(texts...),
		parser.WithParagraphTransformers(
			util.Prioritized(parser.LinkReferenceParagraphTransformer, 100),
			util.Prioritized(tableParser{extension.NewTableParagraphTransformer()}, 200),
		),
		parser.WithASTTransformers(
			util.Prioritized(extension.NewTableASTTransformer(), 0),
			util.Prioritized(extension.NewFootnoteASTTransformer(), 999),
			util.Prioritized(transformer{}, 1000),
		),
	)
}

// newHTML lists all that is written. Raw HTML is let through here: the sanitizer
// comes after.
func newHTML() renderer.Renderer {
	m := goldmark.New(goldmark.WithRenderer(renderer.NewRenderer(renderer.WithNodeRenderers(
		util.Prioritized(nodeRenderer{}, 100),
		util.Prioritized(extension.NewTableHTMLRenderer(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute)), 500),
		util.Prioritized(extension.NewDefinitionListHTMLRenderer(), 500),
		util.Prioritized(extension.NewFootnoteHTMLRenderer(extension.WithFootnoteBacklinkHTML("↩"),
			extension.WithFootnoteBacklinkClass("footnote-backref"), extension.WithFootnoteLinkClass("footnote-ref"),
			extension.WithFootnoteBacklinkTitle("Jump back to footnote ^^ in the text")), 500),
		util.Prioritized(html.NewRenderer(html.WithUnsafe()), 1000),
	))))
	return m.Renderer()
}
