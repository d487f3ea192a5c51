package ingest_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/internal/demoforge"

	"github.com/callboard/callboard/ingest"
)

func TestCutPage(t *testing.T) {
	words := []string{"-/blob", "blob", "tree"}
	for _, tt := range []struct{ name, address, fullName, rest string }{
		{"file", "https://git.example/acme/payments/blob/main/a/b.yaml", "acme/payments", "main/a/b.yaml"},
		{"subgroup", "https://git.example/acme/pay/ments/-/blob/main/b.yaml", "acme/pay/ments", "main/b.yaml"},
		{"line and query", "https://git.example/acme/payments/blob/main/b.yaml?plain=1#L3", "acme/payments", "main/b.yaml"},
		{"escaped", "https://git.example/acme/payments/blob/main/a%20b.yaml", "acme/payments", "main/a b.yaml"},
		{"pattern", "https://git.example/acme/payments/blob/main/**/x-*.yaml", "acme/payments", "main/**/x-*.yaml"},
		{"a folder called so", "https://git.example/acme/payments/blob/main/tree/b.yaml", "acme/payments", "main/tree/b.yaml"},
		{"elsewhere", "https://git.example.org/acme/payments/blob/main/b.yaml", "", ""},
		{"no file", "https://git.example/acme/payments", "", ""},
		{"nothing behind", "https://git.example/acme/payments/blob/", "", ""},
		{"no name", "https://git.example/blob/main/b.yaml", "", ""},
		{"broken escape", "https://git.example/acme/payments/blob/main/%zz", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fullName, rest, ok := ingest.CutPage(tt.address, "https://git.example/", words)
			if want := tt.fullName != ""; ok != want || ok && (fullName != tt.fullName || rest != tt.rest) {
				t.Errorf("got %q, %q, %v", fullName, rest, ok)
			}
		})
	}
}

func TestCutBranch(t *testing.T) {
	for _, tt := range []struct{ rest, branch, path string }{
		{"release/2026/a.yaml", "release/2026", "a.yaml"},
		{"main/deep/a.yaml", "main", "deep/a.yaml"},
		{"main", "", ""},
		{"main/", "", ""},
		{"release/2026/", "", ""},
	} {
		branch, path, ok := ingest.CutBranch(tt.rest, "release/2026")
		if want := tt.path != ""; ok != want || ok && (branch != tt.branch || path != tt.path) {
			t.Errorf("%s: got %q, %q, %v", tt.rest, branch, path, ok)
		}
	}
}

func FuzzCutPage(f *testing.F) {
	f.Add("https://git.example/acme/payments/-/blob/main/a%20b.yaml")
	f.Add("https://git.example//blob//")
	f.Fuzz(func(t *testing.T, address string) {
		fullName, rest, ok := ingest.CutPage(address, "https://git.example", []string{"-/blob", "blob"})
		if ok && (fullName == "" || rest == "" || !strings.HasPrefix(address, "https://git.example/"+fullName)) {
			t.Errorf("%q was cut into %q and %q", address, fullName, rest)
		}
		if branch, path, ok := ingest.CutBranch(rest, "main"); ok && branch+"/"+path != rest {
			t.Errorf("%q was cut into %q and %q", rest, branch, path)
		}
	})
}

func TestForgeFindsItsPages(t *testing.T) {
	eachForge(t, demoforge.Options{}, func(t *testing.T, f *forgeAt) {
		t.Helper()
		f.push(f.branch, write("deep/x y.yaml", "x"))
		finder := f.forge.(ingest.Finder)
		meant := f.meant()
		got, path, ok, err := finder.Find(t.Context(), meant.Pages.View+"deep/x%20y.yaml")
		if err != nil || !ok || path != "deep/x y.yaml" {
			t.Fatalf("got %q, %v, %v", path, ok, err)
		}
		if d := cmp.Diff(meant, got); d != "" {
			t.Error(d)
		}
		if _, _, ok, err := finder.Find(t.Context(), "https://elsewhere.example/acme/payments/blob/main/x.yaml"); ok || err != nil {
			t.Errorf("a page of another forge: %v, %v", ok, err)
		}
		if _, _, ok, err := finder.Find(t.Context(), strings.Replace(meant.Pages.View, "payments", "nothing", 1)+"x.yaml"); !ok || err == nil {
			t.Errorf("a repository that is not there: %v, %v", ok, err)
		}
	})
}
