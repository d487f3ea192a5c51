package ingest_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const yaml = "catalog-info.yaml"

// A story is pushed to one repository, tree by tree; each push says what it
// must add to the log.
type step struct {
	tree files
	want []string
}

func TestStories(t *testing.T) {
	x, y := component("x", "a"), component("y", "a")
	stories := map[string][]step{
		"life of an entity": {
			{files{"README.md": "hello"}, nil},
			{files{yaml: x}, []string{"registered component:default/x in catalog-info.yaml owner a"}},
			{files{yaml: x, "README.md": "more"}, nil},
			{files{yaml: component("x", "b")}, []string{"changed component:default/x in catalog-info.yaml owner b"}},
			{files{}, []string{"removed component:default/x: catalog-info.yaml was deleted"}},
			{files{yaml: x}, []string{"registered component:default/x in catalog-info.yaml owner a"}},
		},
		"only the text changes": {
			{files{yaml: x}, []string{"registered component:default/x in catalog-info.yaml owner a"}},
			{files{yaml: "# a comment\n" + x}, nil},
			{files{yaml: "---\n" + x + "\n\n"}, nil},
		},
		"several documents": {
			{files{yaml: docs(x, y)}, []string{"registered component:default/x in catalog-info.yaml owner a", "registered component:default/y in catalog-info.yaml owner a"}},
			{files{yaml: docs(component("x", "b"), y)}, []string{"changed component:default/x in catalog-info.yaml owner b"}},
			{files{yaml: docs(y)}, []string{"removed component:default/x: catalog-info.yaml does not declare it any more"}},
			{files{yaml: docs(component("y", "b"), component("Y", "c"))}, []string{"changed component:default/y in catalog-info.yaml owner c"}}, // the last wins
		},
		"broken and mended": {
			{files{yaml: x}, []string{"registered component:default/x in catalog-info.yaml owner a"}},
			{files{yaml: without("x")}, []string{"rejected component:default/x in catalog-info.yaml at 5:spec.owner"}},
			{files{yaml: without("x"), "README.md": "still"}, nil},
			{files{yaml: x}, []string{"changed component:default/x in catalog-info.yaml owner a"}},
			{files{yaml: x, "README.md": "again"}, nil},
		},
		"one bad document harms no other": {
			{files{yaml: docs(x, without("y"))}, []string{
				"registered component:default/x in catalog-info.yaml owner a",
				"rejected component:default/y in catalog-info.yaml at 14:spec.owner",
			}},
			{files{yaml: docs(component("x", "b"), without("y"))}, []string{"changed component:default/x in catalog-info.yaml owner b"}},
			{files{yaml: docs(component("x", "b"), y)}, []string{"registered component:default/y in catalog-info.yaml owner a"}},
		},
		"an unreadable file keeps what it declared": {
			{files{yaml: docs(x, y)}, []string{"registered component:default/x in catalog-info.yaml owner a", "registered component:default/y in catalog-info.yaml owner a"}},
			{files{yaml: unreadable}, []string{
				"rejected component:default/x in catalog-info.yaml at 3:",
				"rejected component:default/y in catalog-info.yaml at 3:",
			}},
			{files{yaml: unreadable, "README.md": "still"}, nil},
			{files{yaml: docs(x)}, []string{
				"changed component:default/x in catalog-info.yaml owner a",
				"removed component:default/y: catalog-info.yaml does not declare it any more",
			}},
		},
		"a document without an envelope spoils the file": {
			{files{yaml: docs(x, "kind: Component\n")}, []string{"rejected  in catalog-info.yaml at 10:apiVersion 10:metadata"}},
			{files{yaml: docs(x, y)}, []string{"registered component:default/x in catalog-info.yaml owner a", "registered component:default/y in catalog-info.yaml owner a"}},
		},
		"an unreadable file in which nothing was known": {
			{files{yaml: unreadable}, []string{"rejected  in catalog-info.yaml at 3:"}},
			{files{yaml: unreadable, "README.md": "still"}, nil},
			{files{yaml: "# nothing\n"}, []string{"removed : catalog-info.yaml can be read again"}},
			{files{yaml: unreadable}, []string{"rejected  in catalog-info.yaml at 3:"}},
			{files{}, []string{"removed : catalog-info.yaml was deleted"}},
			{files{"README.md": "empty"}, nil},
		},
		"a refused document that never was any good": {
			{files{yaml: without("x")}, []string{"rejected component:default/x in catalog-info.yaml at 5:spec.owner"}},
			{files{yaml: component("z", "a")}, []string{
				"registered component:default/z in catalog-info.yaml owner a",
				"removed component:default/x: catalog-info.yaml does not declare it any more",
			}},
		},
		"moved": {
			{files{"a/" + yaml: docs(x, y)}, []string{"registered component:default/x in a/catalog-info.yaml owner a", "registered component:default/y in a/catalog-info.yaml owner a"}},
			{files{"b/" + yaml: docs(x, y)}, []string{"changed component:default/x in b/catalog-info.yaml owner a", "changed component:default/y in b/catalog-info.yaml owner a"}},
			{files{"a/" + yaml: y, "b/" + yaml: x}, []string{"changed component:default/y in a/catalog-info.yaml owner a"}},
		},
		"moved and broken at once": {
			{files{"a/" + yaml: x}, []string{"registered component:default/x in a/catalog-info.yaml owner a"}},
			{files{"b/" + yaml: without("x")}, []string{"rejected component:default/x in b/catalog-info.yaml at 5:spec.owner"}},
			{files{"b/" + yaml: x}, []string{"changed component:default/x in b/catalog-info.yaml owner a"}},
		},
		"moved out of an unreadable file": {
			{files{"a/" + yaml: docs(x, y)}, []string{"registered component:default/x in a/catalog-info.yaml owner a", "registered component:default/y in a/catalog-info.yaml owner a"}},
			{files{"a/" + yaml: unreadable}, []string{
				"rejected component:default/x in a/catalog-info.yaml at 3:",
				"rejected component:default/y in a/catalog-info.yaml at 3:",
			}},
			{files{"a/" + yaml: unreadable, "b/" + yaml: x}, []string{"changed component:default/x in b/catalog-info.yaml owner a"}},
			{files{"a/" + yaml: unreadable, "b/" + yaml: docs(x, y)}, []string{
				"changed component:default/y in b/catalog-info.yaml owner a",
				"rejected  in a/catalog-info.yaml at 3:",
			}},
			{files{"b/" + yaml: docs(x, y)}, []string{"removed : a/catalog-info.yaml was deleted"}},
		},
		"two files of one name for it": {
			{files{"b/" + yaml: x}, []string{"registered component:default/x in b/catalog-info.yaml owner a"}},
			{files{"a/" + yaml: component("x", "b"), "b/" + yaml: x}, []string{"rejected component:default/x in a/catalog-info.yaml at 1:metadata.name"}},
			{files{"a/" + yaml: component("x", "b"), "b/" + yaml: x, "README.md": "still"}, nil},
			{files{"a/" + yaml: component("x", "b"), "b/" + yaml: component("x", "c")}, []string{"changed component:default/x in b/catalog-info.yaml owner c"}},
			{files{"a/" + yaml: component("x", "b")}, []string{"changed component:default/x in a/catalog-info.yaml owner b"}},
		},
		"two files, and the second gives way": {
			{files{"a/" + yaml: x, "b/" + yaml: x}, []string{
				"registered component:default/x in a/catalog-info.yaml owner a",
				"rejected component:default/x in b/catalog-info.yaml at 1:metadata.name",
			}},
			{files{"a/" + yaml: x, "b/" + yaml: y}, []string{
				"registered component:default/y in b/catalog-info.yaml owner a",
				"removed component:default/x: b/catalog-info.yaml does not declare it any more",
			}},
			{files{"a/" + yaml: component("x", "b"), "b/" + yaml: y}, []string{"changed component:default/x in a/catalog-info.yaml owner b"}},
		},
		"a Location leads on": {
			{files{"catalog-info.yml": location("./x.yaml", "/deep/*.yaml"), "x.yaml": x, "deep/y.yaml": y, "deep/deeper/z.yaml": "no descriptor"}, []string{
				"registered location:default/all in catalog-info.yml owner ",
				"registered component:default/y in deep/y.yaml owner a",
				"registered component:default/x in x.yaml owner a",
			}},
			{files{"catalog-info.yml": location("./x.yaml", "/deep/*.yaml"), "x.yaml": component("x", "b"), "deep/y.yaml": y}, []string{
				"changed component:default/x in x.yaml owner b",
			}},
			{files{"catalog-info.yml": location("./x.yaml"), "x.yaml": component("x", "b"), "deep/y.yaml": y}, []string{
				"changed location:default/all in catalog-info.yml owner ",
				"removed component:default/y: catalog-info.yml does not lead to deep/y.yaml any more",
			}},
			{files{"catalog-info.yml": location("./x.yaml"), "deep/y.yaml": y}, []string{
				"removed component:default/x: x.yaml was deleted",
				"rejected location:default/all in catalog-info.yml at 7:spec.targets[0]",
			}},
			{files{"catalog-info.yml": location("./x.yaml"), "x.yaml": x}, []string{
				"changed location:default/all in catalog-info.yml owner ",
				"registered component:default/x in x.yaml owner a",
			}},
			{files{"catalog-info.yml": unreadable, "x.yaml": component("x", "b")}, []string{ // it leads where it led before
				"changed component:default/x in x.yaml owner b",
				"rejected location:default/all in catalog-info.yml at 3:",
			}},
			{files{"x.yaml": component("x", "b")}, []string{
				"removed component:default/x: catalog-info.yml does not lead to x.yaml any more",
				"removed location:default/all: catalog-info.yml was deleted",
			}},
		},
	}
	for name, story := range stories {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			for i, s := range story {
				got := tell(t, w.push("payments", "mossbank", s.tree))
				if s.want == nil {
					s.want = []string{}
				}
				if diff := cmp.Diff(s.want, got); diff != "" {
					t.Fatalf("push %d (-want +got):\n%s", i+1, diff)
				}
				w.restart() // nothing may depend on what a process remembers
			}
		})
	}
}
