package ingest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/demoforge"
	"github.com/callboard/callboard/internal/fault"
)

// bringing is a component whose owner another file says.
func bringing(name, target string) string { return component(name, fmt.Sprintf("{$json: %q}", target)) }

// problems are those that rejections among records tell.
func problems(t *testing.T, recs []eventlog.Record) []string {
	t.Helper()
	var all []string
	for _, rec := range recs {
		if rec.Type != event.TypeEntityRejected {
			continue
		}
		r, err := event.DecodeAs[event.EntityRejected](rec.Event)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range r.Problems {
			all = append(all, r.Describe(p))
		}
	}
	return all
}

func TestIncludedFileAlone(t *testing.T) {
	w := newWorld(t)
	tree := files{yaml: docs(bringing("x", "./owner.json"), component("y", "a")), "owner.json": `"a"`}
	push := func(author string, change func()) []eventlog.Record {
		change()
		next := files{}
		for path, text := range tree {
			next[path] = text
		}
		return w.push("payments", author, next)
	}
	push("mossbank", func() {})

	// Whoever changed that file is who changed the entity.
	recs := push("tamarisk", func() { tree["owner.json"] = `"b"` })
	equal(t, []string{"changed component:default/x in catalog-info.yaml owner b"}, tell(t, recs))
	sha := w.forge.repo("payments").head
	if diff := cmp.Diff([]blame{w.by(compX, sha)}, blames(recs)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	d, err := event.DecodeAs[event.EntityChanged](recs[0].Event)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]event.Include{{Path: "owner.json", Blob: digest(`"b"`)}}, d.Origin.Includes); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !strings.Contains(d.Document, `owner: {$json: "./owner.json"}`) {
		t.Errorf("the document is not as written: %s", d.Document)
	}

	equal(t, []string{}, tell(t, push("tamarisk", func() { tree["owner.json"] = ` "b"` }))) // says the same

	recs = push("saltmarsh", func() { delete(tree, "owner.json") })
	equal(t, []string{"catalog-info.yaml:8:18 spec.owner placeholder $json could not read location ./owner.json: acme/payments has no file owner.json"}, problems(t, recs))
	if got := blames(recs)[0].Login; got != "saltmarsh" {
		t.Errorf("%s is blamed for the deletion", got)
	}
	if err := w.catchUp(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	e, ok := w.catalog.Snapshot().Get(compX)
	if !ok || e.Entity.SpecString("owner") != "b" || e.Rejection == nil {
		t.Errorf("owner %s with rejection %v, want the last good version and the problem", e.Entity.SpecString("owner"), e.Rejection)
	}
	equal(t, []string{}, tell(t, push("tamarisk", func() { tree["README.md"] = "more" })))

	recs = push("kestrel-7", func() { tree["owner.json"] = ` "b"` })
	equal(t, []string{"changed component:default/x in catalog-info.yaml owner b"}, tell(t, recs))
	if got := blames(recs)[0].Login; got != "kestrel-7" {
		t.Errorf("%s is thanked for the file", got)
	}
	equal(t, []string{"rejected component:default/x in catalog-info.yaml at 8:spec.owner"}, tell(t, push("tamarisk", func() { tree["owner.json"] = "{" })))
}

// Of several commits the one is to blame that changed the file.
func TestBlameOfIncludedFile(t *testing.T) {
	w := newWorld(t)
	w.push("payments", "mossbank", files{yaml: bringing("x", "./owner.json"), "owner.json": `"a"`})
	sha := w.forge.push("payments", "tamarisk", files{yaml: bringing("x", "./owner.json"), "owner.json": `"b"`})
	w.forge.push("payments", "saltmarsh", files{yaml: bringing("x", "./owner.json"), "owner.json": `"b"`, "README.md": "more"})
	got := blames(w.handle(w.delivery("payments", w.forge.repo("payments").head)))
	if diff := cmp.Diff([]blame{w.by(compX, sha)}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestIncludesAreReadOnce(t *testing.T) {
	w := newWorld(t)
	tree := files{"owner.json": `"a"`, "same.json": `"a" `}
	for i := range 20 {
		tree[fmt.Sprintf("s%d/%s", i, yaml)] = docs(bringing(fmt.Sprint("a-", i), "../owner.json"), bringing(fmt.Sprint("b-", i), "/owner.json"))
	}
	w.push("payments", "mossbank", tree)
	read := 0
	for _, q := range w.forge.asked {
		if q == "blob owner.json" {
			read++
		}
	}
	if read != 1 {
		t.Errorf("the file was read %d times", read)
	}
	if n := len(stored(t, w.log)); n != 40 {
		t.Errorf("%d entities", n)
	}
	// A restart forgets contents; ids are enough to know that all is as it was.
	w.restart()
	w.forge.asked = nil
	w.push("payments", "mossbank", tree)
	if diff := cmp.Diff([]string{"head", "tree"}, w.forge.asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}

func TestWhatCanBeIncluded(t *testing.T) {
	for target, want := range map[string]string{
		"../owner.json":  "",
		"/owner.json":    "",
		"/../owner.json": "",
		"https://git.example/acme/payments/blob/main/owner.json":     "",
		"https://git.example/acme/payments/blob/main/with%20sp.json": "",
		"https://git.example/acme/payments/blob/main/owner.json?a=b": "",
		"../../owner.json":          `could not form a URL out of a/catalog-info.yaml and ../../owner.json: the latter is "../../owner.json", which leads out of the repository`,
		"../../../../../etc/passwd": `could not form a URL out of a/catalog-info.yaml and ../../../../../etc/passwd: the latter is "../../../../../etc/passwd", which leads out of the repository`,
		"https://git.example/acme/payments/blob/side/owner.json": "could not form a URL out of a/catalog-info.yaml and https://git.example/acme/payments/blob/side/owner.json: a placeholder may only reference files from the same repository as the entity, which is acme/payments on branch main",
		"https://git.example/acme/ledger/blob/main/owner.json":   "could not form a URL out of a/catalog-info.yaml and https://git.example/acme/ledger/blob/main/owner.json: a placeholder may only reference files from the same repository as the entity, which is acme/payments on branch main",
		"http://169.254.169.254/x":                               "could not form a URL out of a/catalog-info.yaml and http://169.254.169.254/x: a placeholder may only reference files from the same repository as the entity, which is acme/payments on branch main",
		"owner.json":                                             "could not read location owner.json: acme/payments has no file a/owner.json",
		"..":                                                     "could not read location ..: acme/payments has no file .",
		"*.json":                                                 "could not read location *.json: acme/payments has no file a/*.json",
	} {
		w := newWorld(t)
		recs := w.push("payments", "mossbank", files{"a/" + yaml: bringing("x", target), "owner.json": `"a"`, "with sp.json": `"a"`})
		var all []string
		if want != "" {
			all = []string{"a/catalog-info.yaml:8:18 spec.owner placeholder $json " + want}
		}
		if diff := cmp.Diff(all, problems(t, recs)); diff != "" || len(recs) != 1 {
			t.Errorf("%s: %d events (-want +got):\n%s", target, len(recs), diff)
		}
	}
}

// A forge that has trouble with a file is asked again, unless it says that the
// file is too large for it.
func TestIncludedFileCannotBeRead(t *testing.T) {
	w := newWorld(t)
	answer := fault.New(fault.Unavailable, "the forge answers 502")
	w.forge.fail = func(question string) error {
		if question == "blob owner.json" {
			return answer
		}
		return nil
	}
	d := w.delivery("payments", w.forge.push("payments", "mossbank", files{yaml: docs(bringing("x", "./owner.json"), component("y", "a")), "owner.json": `"a"`}))
	if err := w.try(d); fault.KindOf(err) != fault.Unavailable || len(stored(t, w.log)) > 0 {
		t.Fatalf("got %v", err)
	}
	answer = fault.New(fault.Invalid, "the forge says that it is too large")
	equal(t, []string{"registered component:default/y in catalog-info.yaml owner a", "rejected component:default/x in catalog-info.yaml at 8:spec.owner"}, tell(t, w.handle(d)))
}

// A Location's targets may be brought in as well.
func TestIncludedTargets(t *testing.T) {
	w := newWorld(t)
	all := "apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata: {name: all}\nspec: {targets: {$yaml: ./targets.yaml}}\n"
	w.push("payments", "mossbank", files{yaml: all, "targets.yaml": "- ./x.yaml\n", "x.yaml": component("x", "a"), "y.yaml": component("y", "a")})
	got := tell(t, w.push("payments", "mossbank", files{yaml: all, "targets.yaml": "- ./y.yaml\n", "x.yaml": component("x", "a"), "y.yaml": component("y", "a")}))
	slices.Sort(got)
	equal(t, []string{
		"changed location:default/all in catalog-info.yaml owner ",
		"registered component:default/y in y.yaml owner a",
		"removed component:default/x: catalog-info.yaml does not lead to x.yaml any more",
	}, got)
	// While they cannot be read, what they led to stays.
	equal(t, []string{"rejected location:default/all in catalog-info.yaml at 4:spec.targets"},
		tell(t, w.push("payments", "mossbank", files{yaml: all, "x.yaml": component("x", "a"), "y.yaml": component("y", "a")})))
}

func TestIncludesOfAHost(t *testing.T) {
	p := placesIn(t, ingest.LocationsOptions{Allow: []ingest.AllowedHost{{Host: "elsewhere.example"}}})
	p.site.put("deep/root.yaml", docs(bringing("x", "../owner.json?a=b"), bringing("y", "/owner.json"), component("z", "a")))
	p.site.put("owner.json", `"a"`)
	l := p.register("deep/root.yaml")
	p.read(l.ID)
	equal(t, []string{"component:default/x", "component:default/y", "component:default/z"}, p.names())
	if p.site.full != 2 {
		t.Errorf("%d files were read, want 2", p.site.full)
	}
	equal(t, []string{}, tell(t, p.read(l.ID)))
	if p.site.full != 2 {
		t.Errorf("what has not changed is asked for again")
	}

	p.site.put("owner.json", `"b"`)
	equal(t, []string{"changed component:default/x in " + p.site.at("deep/root.yaml") + " owner b", "changed component:default/y in " + p.site.at("deep/root.yaml") + " owner b"}, tell(t, p.read(l.ID)))
	p.site.drop("owner.json")
	gone := p.read(l.ID)
	if got := problems(t, gone); len(got) != 2 || !strings.HasSuffix(got[1], ":17:18 spec.owner placeholder $json could not read location /owner.json: "+p.site.at("owner.json")+" does not exist: the host answers 404") {
		t.Errorf("got %q", got)
	}
	if e := p.get(compX); e.Entity.SpecString("owner") != "b" || e.Rejection == nil {
		t.Errorf("owner %s with rejection %v", e.Entity.SpecString("owner"), e.Rejection)
	}
	equal(t, []string{}, tell(t, p.read(l.ID)))
	p.site.put("owner.json", `"b"`)
	if got := tell(t, p.read(l.ID)); len(got) != 2 || p.get(compX).Rejection != nil {
		t.Errorf("it does not heal: %v", got)
	}

	p.site.put("large", strings.Repeat("x", 1<<20+1))

	// Neither another host, though it may be read, nor one by way of this.
	p.site.put("away", "goto http://127.0.0.1:1/secret")
	for target, want := range map[string]string{
		"https://elsewhere.example/owner.json": "a placeholder may only reference files from the same host as the entity",
		"file:///etc/passwd":                   "a placeholder may only reference files from the same host as the entity",
		"/away":                                "could not read location /away: " + p.site.at("away") + " cannot be read: http://127.0.0.1:1/secret must not be read",
		"/large":                               "could not read location /large: " + p.site.at("large") + " has more than the 1048576 bytes",
	} {
		p.site.put("bad.yaml", bringing("w", target))
		v, err := p.locations.Preview(t.Context(), "url", p.site.at("bad.yaml"))
		if err != nil || len(v.Rejected) != 1 || !strings.Contains(v.Rejected[0].Problems[0].Message, want) {
			t.Errorf("%s: %+v, %v", target, v.Rejected, err)
		}
	}
}

func TestIncludesOfAPreview(t *testing.T) {
	p := placesIn(t, ingest.LocationsOptions{})
	p.site.put("root.yaml", docs(bringing("x", "owner.json"), bringing("y", "gone.json")))
	p.site.put("owner.json", `"a"`)
	v, err := p.locations.Preview(t.Context(), "url", p.site.at("root.yaml"))
	if err != nil || len(v.Declared) != 2 || len(v.Rejected) != 1 {
		t.Fatalf("%+v, %v", v, err)
	}
	if owner := v.Declared[1].Entity.SpecString("owner"); owner != "a" {
		t.Errorf("the owner is %q", owner)
	}
}

func TestFileLocationIncludesNothing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.yaml")
	if err := os.WriteFile(file, []byte(bringing("x", "./owner.json")), 0o600); err != nil {
		t.Fatal(err)
	}
	p := placesIn(t, ingest.LocationsOptions{Configured: []ingest.ConfiguredLocation{{Type: "file", Target: file}}})
	got := problems(t, p.readAll())
	equal(t, []string{file + ":8:18 spec.owner placeholder $json could not form a URL out of " + file + " and ./owner.json: a location of type file brings in nothing; register it by URL, or let a source follow its repository"}, got)
}

// A url location in a repository of a source brings in files of the same commit.
func TestIncludesOfALocationInARepository(t *testing.T) {
	eachForge(t, demoforge.Options{}, func(t *testing.T, f *forgeAt) {
		t.Helper()
		f.push(f.branch, write("deep/root.yaml", bringing("x", "/owner.json")), write("owner.json", `"a"`))
		p := placesIn(t, ingest.LocationsOptions{})
		p.sources = []ingest.Source{f.source}
		p.configure(ingest.LocationsOptions{})
		l, err := p.locations.Register(t.Context(), "url", f.meant().Pages.View+"deep/root.yaml", false, event.Cause{})
		if err != nil {
			t.Fatal(err)
		}
		p.read(l.ID)
		if e := p.get(compX); e.Entity.SpecString("owner") != "a" || e.Origin.Includes[0].Path != "owner.json" {
			t.Errorf("%+v", e.Origin)
		}
		equal(t, []string{}, tell(t, p.read(l.ID)))
		f.push(f.branch, write("owner.json", `"b"`))
		equal(t, []string{"changed component:default/x in " + f.meant().Pages.View + "deep/root.yaml owner b"}, tell(t, p.read(l.ID)))
	})
}
