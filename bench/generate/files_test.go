package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/bench/population"
	"github.com/callboard/callboard/catalog/descriptor"
)

// The root leads to every file, and the files hold every entity, in order.
func TestFiles(t *testing.T) {
	p, err := population.New(1100, 1)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := writeFiles(t.Context(), p, folder); err != nil {
		t.Fatal(err)
	}
	read := func(name string) []descriptor.Document {
		t.Helper()
		b, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		f := descriptor.Parse(b)
		if len(f.Problems) > 0 {
			t.Fatalf("%s: %v", name, f.Problems)
		}
		return f.Documents
	}
	var got, want []string
	for _, location := range read("root.yaml") {
		for _, target := range location.Entity.Spec["targets"].([]any) {
			for _, d := range read(target.(string)) {
				if d.Entity == nil {
					t.Fatalf("%s: %v", d.Ref, d.Problems)
				}
				got = append(got, d.Ref.String())
			}
		}
	}
	for i := range p.Len() {
		want = append(want, p.Ref(i))
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
