package ingest_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
)

func registered(t *testing.T, w *world, ref string) event.Declaration {
	t.Helper()
	for _, rec := range stored(t, w.log) {
		if rec.Subject == ref && rec.Type == event.TypeEntityRegistered {
			d, err := event.DecodeAs[event.EntityRegistered](rec.Event)
			if err != nil {
				t.Fatal(err)
			}
			return d.Declaration
		}
	}
	t.Fatalf("%s was never registered", ref)
	return event.Declaration{}
}

func TestDeclaration(t *testing.T) {
	w := newWorld(t)
	text := "# ours\n" + component("x", "a")
	w.push("payments", "mossbank", files{yaml: location("deep folder/two.yaml"), "deep folder/two.yaml": location("./x.yaml"), "deep folder/x.yaml": "---\n" + text})
	got := registered(t, w, "component:default/x")
	head := w.forge.repo("payments").head
	want := event.Origin{
		Source: "github", Repository: "acme/payments", RepositoryID: "payments", Branch: "main", Commit: head,
		Path: "deep folder/x.yaml", Blob: digest("---\n" + text), Line: 2, Entities: 1, Followed: "deep folder/two.yaml", Parent: "location:default/all",
		URL: "https://git.example/acme/payments/blob/main/deep%20folder/x.yaml",
	}
	if diff := cmp.Diff(want, got.Origin); diff != "" {
		t.Errorf("origin (-want +got):\n%s", diff)
	}
	if got.Document != text {
		t.Errorf("the document is %q", got.Document)
	}
	m := got.Entity.Metadata
	if m.UID == "" || m.ETag == "" || m.ETag != catalog.ETag(&got.Entity) {
		t.Errorf("uid %q, etag %q", m.UID, m.ETag)
	}
	annotations := map[string]string{
		"backstage.io/managed-by-location":        "url:https://git.example/acme/payments/blob/main/deep%20folder/x.yaml",
		"backstage.io/managed-by-origin-location": "url:https://git.example/acme/payments/blob/main/catalog-info.yaml",
		"backstage.io/view-url":                   "https://git.example/acme/payments/blob/main/deep%20folder/x.yaml",
		"backstage.io/edit-url":                   "https://git.example/acme/payments/edit/main/deep%20folder/x.yaml",
		"backstage.io/source-location":            "url:https://git.example/acme/payments/tree/main/deep%20folder/",
	}
	if diff := cmp.Diff(annotations, m.Annotations); diff != "" {
		t.Errorf("annotations (-want +got):\n%s", diff)
	}
}

func TestAnnotationsThatTheFileSets(t *testing.T) {
	set := func(key, value string) string {
		return strings.Replace(component("x", "a"), "metadata:\n", "metadata:\n  annotations:\n    backstage.io/"+key+": "+value+"\n", 1)
	}
	w := newWorld(t)
	w.push("payments", "mossbank", files{yaml: set("source-location", "url:https://git.example/acme/monorepo/")})
	got := registered(t, w, "component:default/x").Entity.Metadata.Annotations
	if got["backstage.io/source-location"] != "url:https://git.example/acme/monorepo/" {
		t.Errorf("the file's source-location became %s", got["backstage.io/source-location"])
	}
	if added := w.push("payments", "mossbank", files{yaml: set("source-location", "url:https://git.example/acme/elsewhere/")}); len(added) != 1 {
		t.Errorf("another source-location added %v", tell(t, added))
	}
	w.push("payments", "mossbank", files{"a/" + yaml: set("managed-by-location", "url:https://evil.example/")})
	for _, rec := range stored(t, w.log) {
		if strings.Contains(string(rec.Data), `"backstage.io/managed-by-location":"url:https://evil.example/"`) {
			t.Error("the file's managed-by-location was kept")
		}
	}
}

func TestUID(t *testing.T) {
	w := newWorld(t)
	uid := func(recs []string) string {
		if err := w.catchUp(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		e, ok := w.catalog.Snapshot().Get("component:default/x")
		if !ok {
			t.Fatalf("x is not there after %v", recs)
		}
		return e.Entity.Metadata.UID
	}
	first := uid(tell(t, w.push("payments", "mossbank", files{yaml: component("x", "a")})))
	if changed := uid(tell(t, w.push("payments", "mossbank", files{"b/" + yaml: component("x", "b")}))); changed != first {
		t.Errorf("the uid changed from %s to %s", first, changed)
	}
	w.push("payments", "mossbank", files{})
	if again := uid(tell(t, w.push("payments", "mossbank", files{yaml: component("x", "a")}))); again == first {
		t.Error("an entity that was gone has its old uid")
	}
}

func TestExcerptOfAnUnreadableFile(t *testing.T) {
	w := newWorld(t)
	text := strings.Repeat("# a line of words\n", 40) + "kind: 'a' b\nspec: {}\n" + strings.Repeat("# more\n", 40)
	recs := w.push("payments", "mossbank", files{yaml: text})
	r, err := event.DecodeAs[event.EntityRejected](recs[0].Event)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(text, "\n")
	at := r.Problems[0].Line
	if at < 40 || r.Origin.Line != at-5 || !strings.HasPrefix(r.Document, lines[r.Origin.Line-1]+"\n") || strings.Count(r.Document, "\n") != 11 {
		t.Errorf("the problem is in line %d, and the excerpt begins at line %d:\n%s", at, r.Origin.Line, r.Document)
	}
	if recs[0].Subject != "acme/payments/catalog-info.yaml" {
		t.Errorf("it is about %q", recs[0].Subject)
	}

	long := "a: [" + strings.Repeat("ü", 1<<18)
	recs = w.push("ledger", "mossbank", files{yaml: long})
	if r, err = event.DecodeAs[event.EntityRejected](recs[0].Event); err != nil || len(r.Document) > 8<<10 || !strings.HasPrefix(long, r.Document) {
		t.Errorf("an excerpt of %d bytes, %v", len(r.Document), err)
	}
}
