package web_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every component that ui exports is on the page of components.
func TestEveryComponentIsShown(t *testing.T) {
	shown, err := os.ReadFile("components.templ")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("ui/*_templ.go")
	if err != nil || len(files) == 0 {
		t.Fatal(err, files)
	}
	n := 0
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv != nil || !f.Name.IsExported() {
				continue
			}
			n++
			name := f.Name.Name
			// The frame stands around this page as around every other; an icon, a
			// menu and a list's rows stand within what is shown.
			if name == "Shell" || name == "Icon" {
				continue
			}
			if !strings.Contains(string(shown), "ui."+name+"(") {
				t.Errorf("ui.%s (%s) is not on the page of components", name, filepath.Base(file))
			}
		}
	}
	if n < 40 {
		t.Errorf("only %d components were found", n)
	}
}

func TestComponentsInTheirStates(t *testing.T) {
	got := acme(t).ok("/settings/components")
	for _, selector := range []string{
		".btn.primary", ".btn.is-busy", ".btn[disabled]", ".btn.quiet", ".btn.danger", ".btn-group", ".star[aria-pressed=true]", ".input[aria-invalid]", ".input[readonly]", ".input[disabled]",
		".check", ".switch", ".copy", ".level[data-level=gold]", ".level.bare", ".delta.up", ".delta.down", ".delta.same", ".badge.good", ".badge.warn", ".badge.bad", ".badge.info",
		".life.production", ".life.experimental", ".life.deprecated", ".tag", ".chip", ".chip.add", ".count.hot", "kbd", ".cue.on", ".sha", ".who .face.team", ".who .face.bot",
		".kind.lg", ".ref", ".ref.unknown", ".list-bar", ".facet.one", ".facet-more", ".views", ".tabs", ".pager", ".meter", ".steps li[aria-current]", ".truth.late", ".truth .gap",
		".mix", ".bone", ".waiting", ".checks .bad", ".strip.bad", ".strip.warn", ".strip.info", ".strip.good", ".source-line .hit", ".toast", ".pinned", ".dialog", ".menu .menu-sep",
		".table .is-selected", "th[aria-sort]", ".timeline .here", ".changes del", ".changes ins", ".chain .here", ".source", ".json .k", ".empty", ".swatches",
	} {
		if len(got.all("main "+selector)) == 0 {
			t.Errorf("nothing is drawn for %s", selector)
		}
	}
}
