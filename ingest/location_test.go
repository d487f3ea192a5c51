package ingest_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/event"
)

// led pushes a Location at a path, beside some components, and tells which of
// these it leads to, or what is wrong with it.
func led(tb testing.TB, at, spec string) (paths []string, problem event.Problem) {
	tb.Helper()
	w := newWorld(tb)
	tree := files{at: "apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata:\n  name: all\nspec:\n" + spec}
	for _, path := range []string{"one.yaml", "deep/two.yaml", "deep/er/three.yaml", "[odd].yaml", "a b.yaml"} {
		tree[path] = component("c"+digest(path)[:8], "a")
	}
	paths = []string{}
	for _, rec := range w.push("payments", "mossbank", tree) {
		d, err := rec.Decode()
		if err != nil {
			tb.Fatal(err)
		}
		switch d := d.(type) {
		case event.EntityRegistered:
			if d.Origin.Path != at {
				paths = append(paths, d.Origin.Path)
			}
		case event.EntityRejected:
			if d.Origin.Path == at {
				problem = d.Problems[0]
			}
		}
	}
	return paths, problem
}

func TestLocationTargets(t *testing.T) {
	tests := []struct {
		name    string
		spec    string
		want    []string
		problem string // part of the text
		line    int
	}{
		{name: "one", spec: "  target: ./two.yaml", want: []string{"deep/two.yaml"}},
		{name: "without a dot", spec: "  target: two.yaml", want: []string{"deep/two.yaml"}},
		{name: "up", spec: "  target: ../one.yaml", want: []string{"one.yaml"}},
		{name: "from the root", spec: "  target: /one.yaml", want: []string{"one.yaml"}},
		{name: "several, one twice", spec: "  target: ./two.yaml\n  targets: [../one.yaml, /deep/two.yaml]", want: []string{"deep/two.yaml", "one.yaml"}},
		{name: "a pattern", spec: "  target: ./*.yaml", want: []string{"deep/two.yaml"}},
		{name: "a deep pattern", spec: "  target: ./**/*.yaml", want: []string{"deep/er/three.yaml", "deep/two.yaml"}},
		{name: "a name that looks like a pattern", spec: `  target: "/[odd].yaml"`, want: []string{"[odd].yaml"}},
		{name: "as a file", spec: "  type: file\n  target: ./two.yaml", want: []string{"deep/two.yaml"}},
		{name: "this repository's page", spec: "  type: url\n  target: https://git.example/acme/payments/blob/main/a%20b.yaml?plain=1", want: []string{"a b.yaml"}},
		{name: "another branch of it", spec: "  target: https://git.example/acme/payments/blob/other/one.yaml", want: []string{}},
		{name: "another repository", spec: "  target: https://git.example/acme/ledger/blob/main/one.yaml", want: []string{}},
		{name: "of another type", spec: "  type: bucket\n  target: ./two.yaml", want: []string{}},
		{name: "nothing there", spec: "  targets:\n  - ./two.yaml\n  - ./nothing.yaml", want: []string{"deep/two.yaml"}, problem: "deep/nothing.yaml", line: 8},
		{name: "nothing there, which is fine", spec: "  presence: optional\n  target: ./nothing.yaml", want: []string{}},
		{name: "a pattern without a match", spec: "  target: ./no-*.yaml", want: []string{}, problem: "no such file", line: 6},
		{name: "out of the repository", spec: "  target: ../../etc/passwd", want: []string{}, problem: "out of the repository", line: 6},
		{name: "a folder", spec: "  target: ./er", want: []string{}, problem: "no such file", line: 6},
		{name: "no pattern", spec: `  target: "./[a"`, want: []string{}, problem: "brackets", line: 6},
		{name: "braces", spec: `  target: "/{one,deep/{two,x}}.yaml"`, want: []string{"deep/two.yaml", "one.yaml"}},
		{name: "braces without end", spec: `  target: "/` + strings.Repeat("{deep,dee}", 30) + `.yaml"`, want: []string{}, problem: "too many alternatives", line: 6},
		{name: "alternatives without end", spec: `  target: "/{` + strings.Repeat("deep,", 30) + `}.yaml"`, want: []string{}, problem: "too many alternatives", line: 6},
		{name: "targets without end", spec: "  targets:\n" + strings.Repeat("  - ./two.yaml\n", 1000) + "  - ../one.yaml", want: []string{"deep/two.yaml"}, problem: "1000", line: 1007},
		{name: "itself", spec: "  target: ./catalog-info.yaml", want: []string{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, problem := led(t, "deep/"+yaml, tt.spec+"\n")
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if !strings.Contains(problem.Message, tt.problem) || (tt.problem == "") != (problem.Message == "") || problem.Line != tt.line {
				t.Errorf("the problem is %+v, want %q in line %d", problem, tt.problem, tt.line)
			}
		})
	}
}

// FuzzLocationTarget follows a target that anybody may have written.
func FuzzLocationTarget(f *testing.F) {
	for _, s := range []string{"./two.yaml", "/**/*.yaml", "{a,b", "../../x", "https://git.example/acme/payments/blob/main/%2e%2e/x", "[", "\\", "a://b", "//", "/{a,a}{a,a}{a,a}{a,a}{a,a}{a,a}{a,a}{a,a}x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, target string) {
		quoted, err := json.Marshal(target)
		if err != nil {
			t.Skip()
		}
		paths, _ := led(t, "deep/"+yaml, "  target: "+string(quoted)+"\n")
		for _, path := range paths {
			if !strings.HasSuffix(path, ".yaml") {
				t.Errorf("%q leads to %q", target, path)
			}
		}
	})
}
