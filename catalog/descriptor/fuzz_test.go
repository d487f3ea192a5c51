package descriptor_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/catalog/descriptor"
)

func FuzzParse(f *testing.F) {
	paths, err := filepath.Glob("testdata/golden/*/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, seed := range []string{
		"", "\ufeff", "---", "...", "%YAML 1.2\n---\na: b", "a: &a [*a]", till + "---\n" + till, "a: {{ x }}", "? [a]\n: b", "<<: *x",
		"a: |\n\tx", "a: !!binary x", "\xff", "a: \x00", "a: \u2028\r", "#\n  - - {#\n", "a: 1\n\t\nb: 2", "a: 'x", "[[[[", "k: - -\n#x\n  #y\n", "- - - -\n -",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file := descriptor.Parse(data)
		lines := strings.Count(string(data), "\n") + 1
		check := func(problems []descriptor.Problem) {
			for _, p := range problems {
				if p.Line < 1 || p.Line > lines || p.Column < 1 || p.Message == "" {
					t.Errorf("problem %+v in a file of %d lines", p, lines)
				}
			}
		}
		check(file.Problems)
		for _, doc := range file.Documents {
			check(doc.Problems)
			if doc.Line < 1 || doc.Line > lines || !strings.Contains(string(data), doc.Text) {
				t.Errorf("document at line %d of %d, %q", doc.Line, lines, doc.Text)
			}
			if (doc.Entity == nil) != (len(doc.Problems) > 0) {
				t.Fatalf("entity %v with problems %v", doc.Entity, doc.Problems)
			}
			if doc.Entity == nil {
				continue
			}
			if doc.Ref != doc.Entity.Ref() {
				t.Errorf("document about %v holds %v", doc.Ref, doc.Entity.Ref())
			}
			again, problems := catalog.FromObject(doc.Entity.Object())
			if len(problems) > 0 {
				t.Fatalf("the entity has problems: %v", problems)
			}
			if diff := cmp.Diff(doc.Entity, again); diff != "" {
				t.Errorf("entity (-once +twice):\n%s", diff)
			}
			text, err := descriptor.Format(doc.Entity)
			if err != nil {
				t.Fatal(err)
			}
			formatted := descriptor.Parse(text)
			if len(formatted.Documents) != 1 {
				t.Fatalf("%q is read as %+v", text, formatted)
			}
			if diff := cmp.Diff(doc.Entity, formatted.Documents[0].Entity); diff != "" {
				t.Errorf("entity (-parsed +formatted and parsed):\n%s\n%q", diff, text)
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	data := []byte(`apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: till
  title: The till
  description: |
    Takes money at the counter.
    Sometimes gives change.
  annotations:
    backstage.io/techdocs-ref: dir:.
    github.com/project-slug: acme/till
    acme.example/tier: "1"
  tags: [go, payments, tier-1]
  links:
    - url: https://runbooks.acme.example/till
      title: Runbook
    - url: https://dash.acme.example/till
      title: Dashboard
      icon: dashboard
spec:
  type: service
  lifecycle: production
  owner: group:payments
  system: checkout
  providesApis:
    - till-api
    - refund-api
  dependsOn:
    - resource:till-db
    - component:ledger
`)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if f := descriptor.Parse(data); f.Documents[0].Entity == nil {
			b.Fatal(f)
		}
	}
}
