package ingest_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/demoforge"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/entities"
)

// site is a host with files.
type site struct {
	*httptest.Server
	mu    sync.Mutex
	files files
	down  bool
	full  int // answers with content
}

func newSite() *site {
	s := &site{files: files{}}
	s.Server = httptest.NewServer(s)
	return s
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text, ok := s.files[strings.TrimPrefix(r.URL.Path, "/")]
	etag := fmt.Sprintf("%q", fmt.Sprintf("%x", sha256.Sum256([]byte(text))))
	switch {
	case s.down:
		w.WriteHeader(http.StatusBadGateway)
	case strings.HasPrefix(text, "goto "):
		http.Redirect(w, r, strings.TrimPrefix(text, "goto "), http.StatusFound)
	case !ok:
		w.WriteHeader(http.StatusNotFound)
	case r.Header.Get("If-None-Match") == etag:
		w.WriteHeader(http.StatusNotModified)
	default:
		s.full++
		w.Header().Set("ETag", etag)
		fmt.Fprint(w, text)
	}
}

func (s *site) put(path, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files[path] = text
}

func (s *site) drop(path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.files, path)
}

func (s *site) at(path string) string { return s.URL + "/" + path }

// places is a world whose locations are read by hand.
type places struct {
	*world
	site      *site
	locations *ingest.Locations
}

func newPlaces(t tester, o ingest.LocationsOptions) *places {
	p := &places{world: newWorld(t), site: newSite()}
	p.configure(o)
	return p
}

// configure starts anew with other options.
func (p *places) configure(o ingest.LocationsOptions) {
	p.restart()
	u, err := url.Parse(p.site.URL)
	if err != nil {
		p.t.Fatalf("%v", err)
	}
	o.Allow = append(o.Allow, ingest.AllowedHost{Host: u.Host})
	o.Registered, o.Logger = p, quiet()
	p.locations = ingest.NewLocations(p.translator, o)
	if err := p.locations.Configure(p.t.Context()); err != nil {
		p.t.Fatalf("%v", err)
	}
}

func (p *places) Locations(ctx context.Context, after eventlog.Position) ([]event.LocationRegistered, error) {
	if err := p.catchUp(ctx, after); err != nil {
		return nil, err
	}
	var all []event.LocationRegistered
	for _, l := range p.catalog.Snapshot().Locations() {
		all = append(all, l.LocationRegistered)
	}
	return all, nil
}

func (p *places) Standing(ctx context.Context, after eventlog.Position, ref string) (event.Origin, string, error) {
	if err := p.catchUp(ctx, after); err != nil {
		return event.Origin{}, "", err
	}
	e, ok := p.catalog.Snapshot().Get(ref)
	if !ok {
		return event.Origin{}, "", fault.New(fault.NotFound, "Entity %s not found", ref)
	}
	return e.Origin, e.Since.Cause.Delivery, nil
}

func (p *places) RefusedAt(ctx context.Context, after eventlog.Position, ref string) ([]event.Origin, error) {
	if err := p.catchUp(ctx, after); err != nil {
		return nil, err
	}
	var all []event.Origin
	for _, r := range p.catalog.Snapshot().Rejections() {
		if r.Ref == ref {
			all = append(all, r.Origin)
		}
	}
	return all, nil
}

// register registers a URL of the site, without reading it.
func (p *places) register(path string) event.LocationRegistered {
	p.t.Helper()
	l, err := p.locations.Register(p.t.Context(), "url", p.site.at(path), false, event.Cause{Request: "r"})
	if err != nil {
		p.t.Fatalf("%v", err)
	}
	return l
}

// read reads locations and returns what that added to the log.
func (p *places) read(ids ...string) []eventlog.Record {
	p.t.Helper()
	return p.added(func() error {
		for _, id := range ids {
			if err := p.locations.Read(p.t.Context(), id); err != nil {
				return err
			}
		}
		return nil
	})
}

// readAll reads every location, in their order.
func (p *places) readAll() []eventlog.Record {
	p.t.Helper()
	all, err := p.Locations(p.t.Context(), 0)
	if err != nil {
		p.t.Fatalf("%v", err)
	}
	var ids []string
	for _, l := range all {
		ids = append(ids, l.ID)
	}
	return p.read(ids...)
}

func (p *places) added(do func() error) []eventlog.Record {
	p.t.Helper()
	before, err := p.log.Last(p.t.Context())
	if err != nil {
		p.t.Fatalf("%v", err)
	}
	if err := do(); err != nil {
		p.t.Fatalf("%v", err)
	}
	var added []eventlog.Record
	for r, err := range p.log.Read(p.t.Context(), before) {
		if err != nil {
			p.t.Fatalf("%v", err)
		}
		added = append(added, r)
	}
	return added
}

// catalogNow is the catalog with all that is in the log.
func (w *world) catalogNow() *entities.Snapshot {
	w.t.Helper()
	if err := w.catchUp(w.t.Context(), 0); err != nil {
		w.t.Fatalf("%v", err)
	}
	return w.catalog.Snapshot()
}

// names lists the entities that are no generated Locations.
func (p *places) names() []string {
	p.t.Helper()
	var all []string
	for _, e := range p.catalogNow().All() {
		if !strings.HasPrefix(e.Entity.Metadata.Name, "generated-") {
			all = append(all, e.Ref)
		}
	}
	return all
}

func (w *world) get(ref string) *entities.Entry {
	w.t.Helper()
	e, ok := w.catalogNow().Get(ref)
	if !ok {
		w.t.Fatalf("%s is not in the catalog", ref)
	}
	return e
}

func equal(t *testing.T, want, got []string) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func placesIn(t *testing.T, o ingest.LocationsOptions) *places {
	t.Helper()
	p := newPlaces(t, o)
	t.Cleanup(p.site.Close)
	return p
}

func TestURLLocation(t *testing.T) {
	p := placesIn(t, ingest.LocationsOptions{})
	p.site.put("root.yaml", location("./deep/a.yaml"))
	p.site.put("deep/a.yaml", docs(component("a", "x"), component("b", "x")))
	l := p.register("root.yaml")
	p.read(l.ID)

	a := p.get("component:default/a")
	want := map[string]string{
		catalog.AnnotationLocation:       "url:" + p.site.at("deep/a.yaml"),
		catalog.AnnotationOriginLocation: "url:" + p.site.at("root.yaml"),
		catalog.AnnotationViewURL:        p.site.at("deep/a.yaml"),
	}
	if d := cmp.Diff(want, a.Entity.Metadata.Annotations); d != "" {
		t.Error(d)
	}
	if a.Origin.Source != ingest.LocationsSource || a.Origin.RepositoryID != l.ID || a.Origin.Repository != l.Target || a.Origin.Parent != "location:default/all" {
		t.Errorf("origin is %+v", a.Origin)
	}
	if parent := p.get("location:default/all").Origin.Parent; parent != l.EntityRef {
		t.Errorf("the Location in the file comes of %s, not of %s", parent, l.EntityRef)
	}
	own := p.get(l.EntityRef)
	if d := cmp.Diff(map[string]any{"type": "url", "target": l.Target}, own.Entity.Spec); d != "" {
		t.Error(d)
	}
	if own.Origin.Parent != "" {
		t.Errorf("a root has the parent %s", own.Origin.Parent)
	}
}

func TestFileLocation(t *testing.T) {
	dir := t.TempDir()
	write := func(path, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, path)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, path), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("root.yaml", location("./sub/*.yaml"))
	write("sub/a.yaml", component("a", "x"))
	write("sub/b.yaml", component("b", "x"))
	p := placesIn(t, ingest.LocationsOptions{Configured: []ingest.ConfiguredLocation{{Type: "file", Target: filepath.Join(dir, "root.yaml")}}})
	p.readAll()
	equal(t, []string{"component:default/a", "component:default/b", "location:default/all"}, p.names())
	want := map[string]string{
		catalog.AnnotationLocation:       "file:" + filepath.Join(dir, "sub/a.yaml"),
		catalog.AnnotationOriginLocation: "file:" + filepath.Join(dir, "root.yaml"),
	}
	if d := cmp.Diff(want, p.get("component:default/a").Entity.Metadata.Annotations); d != "" {
		t.Error(d)
	}

	if err := os.Remove(filepath.Join(dir, "sub/b.yaml")); err != nil {
		t.Fatal(err)
	}
	equal(t, []string{"removed component:default/b: " + filepath.Join(dir, "root.yaml") + " does not lead to " + filepath.Join(dir, "sub/b.yaml") + " any more"}, tell(t, p.readAll()))
	if err := os.RemoveAll(filepath.Join(dir, "sub")); err != nil {
		t.Fatal(err)
	}
	equal(t, []string{"rejected location:default/all in " + filepath.Join(dir, "root.yaml") + " at 7:spec.targets[0]"}, tell(t, p.readAll()))
	equal(t, []string{"component:default/a", "location:default/all"}, p.names())
}

func TestNothingNewAppendsNothing(t *testing.T) {
	p := placesIn(t, ingest.LocationsOptions{})
	p.site.put("root.yaml", docs(location("./a.yaml", "./bad.yaml", "./gone.yaml"), component("c", "x")))
	p.site.put("a.yaml", component("a", "x"))
	p.site.put("bad.yaml", unreadable)
	l := p.register("root.yaml")
	p.read(l.ID)
	full := p.site.full
	for range 2 {
		if added := tell(t, p.read(l.ID)); len(added) > 0 {
			t.Errorf("reading the same again appends %v", added)
		}
	}
	if p.site.full != full {
		t.Errorf("%d answers with content were asked for again", p.site.full-full)
	}
}

// One target that cannot be read keeps a Location as it was.
func TestLocationIsReadAsAWhole(t *testing.T) {
	p := placesIn(t, ingest.LocationsOptions{})
	p.site.put("root.yaml", location("./a.yaml", "./b.yaml"))
	p.site.put("a.yaml", component("a", "x"))
	l := p.register("root.yaml")
	at := p.site.at("root.yaml")
	p.read(l.ID)
	equal(t, nil, p.names()) // b.yaml is not there

	p.site.put("b.yaml", docs(component("b", "x"), without("c")))
	p.read(l.ID)
	equal(t, []string{"component:default/a", "component:default/b", "location:default/all"}, p.names())

	// c is wrong in itself, which harms nobody; now b.yaml is wrong as a whole.
	p.site.put("a.yaml", component("a", "y"))
	p.site.put("b.yaml", unreadable)
	p.read(l.ID)
	equal(t, []string{"component:default/a", "component:default/b", "location:default/all"}, p.names())
	if owner := p.get("component:default/a").Entity.SpecString("owner"); owner != "x" {
		t.Errorf("a was changed beside a broken file: its owner is %s", owner)
	}
	if r := p.get("component:default/b").Rejection; r == nil || r.Problems[0].Line != 3 {
		t.Errorf("b says nothing of its broken file: %+v", r)
	}
	if r := p.get("location:default/all").Rejection; r == nil || !strings.Contains(r.Problems[0].Message, p.site.at("b.yaml")) {
		t.Errorf("the Location says nothing of its broken target: %+v", r)
	}

	p.site.put("b.yaml", component("b", "y"))
	equal(t, []string{
		"changed component:default/a in " + p.site.at("a.yaml") + " owner y",
		"changed component:default/b in " + p.site.at("b.yaml") + " owner y",
		"changed location:default/all in " + at + " owner ",
		"removed component:default/c: " + p.site.at("b.yaml") + " does not declare it any more",
	}, tell(t, p.read(l.ID)))
}

// What cannot be read removes nothing; what is listed no more does.
func TestLocationRemoves(t *testing.T) {
	p := placesIn(t, ingest.LocationsOptions{})
	p.site.put("root.yaml", location("./a.yaml", "./b.yaml"))
	p.site.put("a.yaml", component("a", "x"))
	p.site.put("b.yaml", docs(strings.Replace(location("./c.yaml"), "name: all", "name: more", 1), component("b", "x")))
	p.site.put("c.yaml", component("c", "x"))
	l := p.register("root.yaml")
	p.read(l.ID)
	all := []string{"component:default/a", "component:default/b", "component:default/c", "location:default/all", "location:default/more"}
	equal(t, all, p.names())

	p.site.drop("b.yaml")
	p.read(l.ID)
	equal(t, all, p.names())
	p.site.down = true
	p.read(l.ID)
	equal(t, all, p.names())
	if p.get(l.EntityRef).Rejection == nil {
		t.Error("the root says nothing of a host that is down")
	}
	p.site.down = false

	p.site.put("root.yaml", location("./a.yaml"))
	equal(t, []string{
		"changed location:default/all in " + p.site.at("root.yaml") + " owner ",
		"changed " + l.EntityRef + " in registration owner ",
		"removed component:default/b: " + p.site.at("root.yaml") + " does not lead to " + p.site.at("b.yaml") + " any more",
		"removed component:default/c: " + p.site.at("b.yaml") + " does not lead to " + p.site.at("c.yaml") + " any more",
		"removed location:default/more: " + p.site.at("root.yaml") + " does not lead to " + p.site.at("b.yaml") + " any more",
	}, tell(t, p.read(l.ID)))
}

func TestRegisteredLocation(t *testing.T) {
	p := placesIn(t, ingest.LocationsOptions{})
	p.site.put("a.yaml", component("a", "x"))
	p.site.put("b.yaml", component("b", "x"))
	l := p.register("a.yaml")
	p.read(l.ID)

	if _, err := p.locations.Register(t.Context(), "url", p.site.at("a.yaml"), false, event.Cause{}); fault.KindOf(err) != fault.Conflict {
		t.Errorf("registering it twice: %v", err)
	}
	if again, err := p.locations.Register(t.Context(), "url", p.site.at("a.yaml"), true, event.Cause{}); err != nil || again != l {
		t.Errorf("registering it twice, to refresh: %+v, %v", again, err)
	}

	moved, err := p.locations.Update(t.Context(), l.ID, "url", p.site.at("b.yaml"), event.Cause{})
	if err != nil || moved.EntityRef != l.EntityRef || moved.Target != p.site.at("b.yaml") {
		t.Fatalf("moving it: %+v, %v", moved, err)
	}
	p.read(l.ID)
	equal(t, []string{"component:default/b"}, p.names())
	if origin := p.get(l.EntityRef).Entity.Metadata.Annotations[catalog.AnnotationOriginLocation]; origin != "url:"+p.site.at("b.yaml") {
		t.Errorf("after moving, the origin is %s", origin)
	}

	removed := p.added(func() error { return p.locations.Remove(t.Context(), l.ID, event.Cause{Request: "by hand"}) })
	equal(t, []string{
		"removed component:default/b: the location was removed",
		"removed " + l.EntityRef + ": the location was removed",
	}, tell(t, removed[1:]))
	for _, rec := range removed {
		if rec.Cause.Request != "by hand" {
			t.Errorf("%s does not name the request", rec.Type)
		}
	}
	if n := p.catalogNow().Len(); n > 0 {
		t.Errorf("%d entities are left", n)
	}
	for name, err := range map[string]error{
		"removing it again": p.locations.Remove(t.Context(), l.ID, event.Cause{}),
		"moving it then": func() error {
			_, err := p.locations.Update(t.Context(), l.ID, "url", "http://x.example", event.Cause{})
			return err
		}(),
	} {
		if fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	if added := p.read(l.ID); len(added) > 0 {
		t.Errorf("reading it then appends %v", tell(t, added))
	}
}

func TestConfiguredLocations(t *testing.T) {
	p := placesIn(t, ingest.LocationsOptions{})
	p.site.put("a.yaml", component("same", "a"))
	p.site.put("b.yaml", component("same", "b"))
	a, b := ingest.ConfiguredLocation{Type: "url", Target: p.site.at("a.yaml")}, ingest.ConfiguredLocation{Type: "url", Target: p.site.at("b.yaml")}
	p.configure(ingest.LocationsOptions{Configured: []ingest.ConfiguredLocation{a, b}})
	p.readAll()
	if owner := p.get("component:default/same").Entity.SpecString("owner"); owner != "a" {
		t.Errorf("the first does not keep it: %s does", owner)
	}
	last := p.catalogNow().Position()
	p.configure(ingest.LocationsOptions{Configured: []ingest.ConfiguredLocation{a, b}})
	if now := p.catalogNow().Position(); now != last {
		t.Errorf("the same configuration appends up to %d behind %d", now, last)
	}

	all := p.catalogNow().Locations()
	if err := p.locations.Remove(t.Context(), all[0].ID, event.Cause{}); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a configured location can be removed: %v", err)
	}
	p.configure(ingest.LocationsOptions{Configured: []ingest.ConfiguredLocation{b}})
	equal(t, nil, p.names())
	p.readAll()
	if owner := p.get("component:default/same").Entity.SpecString("owner"); owner != "b" {
		t.Errorf("the other does not get it: %s has", owner)
	}
}

// A file that two locations lead to is no conflict with itself.
func TestFileOfTwoLocations(t *testing.T) {
	p := placesIn(t, ingest.LocationsOptions{})
	p.site.put("a.yaml", component("a", "x"))
	p.site.put("root.yaml", location("./a.yaml"))
	direct, root := p.register("a.yaml"), p.register("root.yaml")
	p.read(direct.ID, root.ID)
	equal(t, []string{"component:default/a", "location:default/all"}, p.names())
	if rs := p.catalogNow().Rejections(); len(rs) > 0 {
		t.Errorf("it is refused: %s", rs[0].Problems[0].Message)
	}
	if err := p.locations.Remove(t.Context(), direct.ID, event.Cause{}); err != nil {
		t.Fatal(err)
	}
	equal(t, []string{"location:default/all"}, p.names())
	p.read(root.ID)
	if parent := p.get("component:default/a").Origin.Parent; parent != "location:default/all" {
		t.Errorf("its parent is %q", parent)
	}
}

func TestRules(t *testing.T) {
	p := placesIn(t, ingest.LocationsOptions{})
	group := func(name string) string {
		return "apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {name: " + name + "}\nspec: {type: team, children: []}\n"
	}
	p.site.put("org.yaml", docs(group("g"), component("a", "g")))
	p.site.put("root.yaml", location("./org.yaml"))
	root := ingest.ConfiguredLocation{Type: "url", Target: p.site.at("root.yaml")}
	for _, tt := range []struct {
		name  string
		rules ingest.Rules
		want  []string
	}{
		{"default", nil, nil},
		{"everywhere", ingest.Rules{{Allow: []ingest.Allow{{Kind: "group"}, {Kind: "Component"}, {Kind: "Location"}}}}, []string{"component:default/a", "group:default/g", "location:default/all"}},
		{"type", ingest.Rules{{Allow: []ingest.Allow{{Kind: "Group", Type: "squad"}, {Kind: "Component"}, {Kind: "Location"}}}}, nil},
		{"this root", append(ingest.DefaultRules(), ingest.Rule{Allow: []ingest.Allow{{Kind: "Group"}}, Locations: []ingest.RuleLocation{{Type: "url", Exact: root.Target}}}), []string{"component:default/a", "group:default/g", "location:default/all"}},
		{"by pattern", append(ingest.DefaultRules(), ingest.Rule{Allow: []ingest.Allow{{Kind: "Group"}}, Locations: []ingest.RuleLocation{{Type: "url", Pattern: "http://**/ROOT.yaml"}}}), []string{"component:default/a", "group:default/g", "location:default/all"}},
		{"another root", append(ingest.DefaultRules(), ingest.Rule{Allow: []ingest.Allow{{Kind: "Group"}}, Locations: []ingest.RuleLocation{{Type: "url", Exact: p.site.at("org.yaml")}}}), nil},
		{"another type", append(ingest.DefaultRules(), ingest.Rule{Allow: []ingest.Allow{{Kind: "Group"}}, Locations: []ingest.RuleLocation{{Type: "file"}}}), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			q := placesIn(t, ingest.LocationsOptions{})
			q.site.Close()
			q.site = p.site
			q.configure(ingest.LocationsOptions{Configured: []ingest.ConfiguredLocation{root}, Rules: tt.rules})
			q.readAll()
			equal(t, tt.want, slices.DeleteFunc(q.names(), func(ref string) bool { return tt.want == nil && ref == "location:default/all" }))
		})
	}
}

func TestWhatMustNotBeRead(t *testing.T) {
	inside := newSite()
	t.Cleanup(inside.Close)
	inside.put("secret.yaml", component("secret", "x"))
	for _, tt := range []struct{ name, text, says string }{
		{"another host", location(inside.at("secret.yaml")), "must not be read"},
		{"redirected to another host", location("./redirect.yaml"), "must not be read"},
		{"a file", strings.Replace(location("/etc/hostname"), "targets:", "type: file\n  targets:", 1), "must not lead to one of type file"},
		{"another scheme", location("ftp://elsewhere.example/a.yaml"), "no http or https URL"},
		{"a pattern", location("./*.yaml"), "is a pattern"},
		{"too long", location("./long.yaml"), "bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := placesIn(t, ingest.LocationsOptions{})
			p.site.put("root.yaml", tt.text)
			p.site.put("redirect.yaml", "goto "+inside.at("secret.yaml"))
			p.site.put("long.yaml", component("long", strings.Repeat("x", 1<<20)))
			p.read(p.register("root.yaml").ID)
			equal(t, nil, p.names())
			var texts []string
			for _, r := range p.catalogNow().Rejections() {
				texts = append(texts, r.Problems[0].Message)
			}
			if !strings.Contains(strings.Join(texts, "\n"), tt.says) {
				t.Errorf("want %q in %q", tt.says, texts)
			}
		})
	}
}

// An entity that was deleted comes back as a new one.
func TestDeletedEntity(t *testing.T) {
	p := placesIn(t, ingest.LocationsOptions{})
	p.site.put("a.yaml", docs(component("a", "x"), component("b", "x")))
	l := p.register("a.yaml")
	p.read(l.ID)
	before := p.get("component:default/a").Entity.Metadata.UID

	deleted := p.added(func() error {
		return p.locations.DeleteEntity(t.Context(), "component:default/a", event.Cause{Request: "r1"})
	})
	equal(t, []string{"removed component:default/a: it was deleted by hand"}, tell(t, deleted))
	if deleted[0].Cause.Request != "r1" {
		t.Errorf("the cause is %+v", deleted[0].Cause)
	}
	equal(t, []string{"component:default/b"}, p.names())
	if added := p.read(l.ID); len(added) > 0 {
		t.Errorf("it is back at once: %v", tell(t, added))
	}
	p.now = p.now.Add(time.Minute)
	equal(t, []string{"registered component:default/a in " + p.site.at("a.yaml") + " owner x"}, tell(t, p.read(l.ID)))
	if now := p.get("component:default/a").Entity.Metadata.UID; now == before || now == "" {
		t.Errorf("its uid was %q and is %q", before, now)
	}
	if err := p.locations.DeleteEntity(t.Context(), "component:default/nobody", event.Cause{}); fault.KindOf(err) != fault.NotFound {
		t.Errorf("one that is not there: %v", err)
	}
}

// A location shows a repository's file through its forge, patterns too.
func TestLocationInARepository(t *testing.T) {
	eachForge(t, demoforge.Options{}, func(t *testing.T, f *forgeAt) {
		t.Helper()
		f.push(f.branch, write("root.yaml", location("./services/*.yaml")), write("services/a.yaml", component("a", "x")), write("services/b.yaml", component("b", "x")))
		w := newWorld(t)
		w.sources = []ingest.Source{f.source}
		p := &places{world: w, site: newSite()}
		t.Cleanup(p.site.Close)
		p.configure(ingest.LocationsOptions{})
		pages := f.meant().Pages
		l, err := p.locations.Register(t.Context(), "url", pages.View+"root.yaml", false, event.Cause{})
		if err != nil {
			t.Fatal(err)
		}
		p.read(l.ID)
		equal(t, []string{"component:default/a", "component:default/b", "location:default/all"}, p.names())
		want := map[string]string{
			catalog.AnnotationLocation:       "url:" + pages.View + "services/a.yaml",
			catalog.AnnotationOriginLocation: "url:" + pages.View + "root.yaml",
			catalog.AnnotationViewURL:        pages.View + "services/a.yaml",
			catalog.AnnotationEditURL:        pages.Edit + "services/a.yaml",
			catalog.AnnotationSourceLocation: "url:" + pages.Dir + "services/",
		}
		if d := cmp.Diff(want, p.get("component:default/a").Entity.Metadata.Annotations); d != "" {
			t.Error(d)
		}
		if added := p.read(l.ID); len(added) > 0 {
			t.Errorf("reading the same again appends %v", tell(t, added))
		}
		f.push(f.branch, write("services/c.yaml", component("c", "x")))
		equal(t, []string{"registered component:default/c in " + pages.View + "services/c.yaml owner x"}, tell(t, p.read(l.ID)))
	})
}

func TestPreview(t *testing.T) {
	p := placesIn(t, ingest.LocationsOptions{})
	p.site.put("root.yaml", location("./a.yaml"))
	p.site.put("a.yaml", docs(component("a", "x"), without("b")))
	p.site.put("broken.yaml", unreadable)
	v, err := p.locations.Preview(t.Context(), "url", p.site.at("root.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var refs []string
	for _, d := range v.Declared {
		refs = append(refs, d.Entity.Ref().String())
		if d.Entity.Metadata.UID != "" || d.Entity.Metadata.ETag != "" {
			t.Errorf("%s has a uid or etag", d.Entity.Ref())
		}
	}
	equal(t, []string{v.EntityRef, "location:default/all", "component:default/a"}, refs)
	if len(v.Rejected) != 1 || v.Rejected[0].Ref != "component:default/b" || v.Exists {
		t.Errorf("got %+v", v)
	}
	if n := p.catalogNow().Position(); n != 0 {
		t.Errorf("a preview appended %d events", n)
	}
	for path, kind := range map[string]ingest.FailureKind{"broken.yaml": ingest.FailureUnusable, "nothing.yaml": ingest.FailureMissing} {
		v, err := p.locations.Preview(t.Context(), "url", p.site.at(path))
		if err != nil || len(v.Failures) != 1 || v.Failures[0].Kind != kind || v.Failures[0].Location != "url:"+p.site.at(path) {
			t.Errorf("%s: %+v, %v", path, v.Failures, err)
		}
	}
}

// Run reads what is configured in its order, and what is asked for when it is.
func TestRun(t *testing.T) {
	p := placesIn(t, ingest.LocationsOptions{})
	for _, name := range []string{"a", "b", "c", "d"} {
		p.site.put(name+".yaml", component("same", name))
	}
	o := ingest.LocationsOptions{Interval: time.Hour}
	for _, name := range []string{"c", "a", "d", "b"} {
		o.Configured = append(o.Configured, ingest.ConfiguredLocation{Type: "url", Target: p.site.at(name + ".yaml")})
	}
	p.configure(o)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.locations.Run(ctx) }()
	await := func(what string, done func() bool) {
		t.Helper()
		for rec, err := range p.log.Follow(ctx, 0) {
			if err != nil || rec.Position > 1000 {
				t.Fatalf("%s does not come: %v", what, err)
			}
			if done() {
				return
			}
		}
	}
	await("what is configured", func() bool { return len(p.catalogNow().Rejections()) == 3 })
	if owner := p.get("component:default/same").Entity.SpecString("owner"); owner != "c" {
		t.Errorf("%s keeps it, not the first", owner)
	}
	p.site.put("e.yaml", component("e", "x"))
	p.register("e.yaml")
	await("what is registered", func() bool { _, ok := p.catalogNow().Get("component:default/e"); return ok })
	p.site.put("e.yaml", component("e", "y"))
	if err := p.locations.Refresh(t.Context(), "component:default/e"); err != nil {
		t.Fatal(err)
	}
	await("what is refreshed", func() bool { return p.get("component:default/e").Entity.SpecString("owner") == "y" })
	if err := p.locations.Refresh(t.Context(), "component:default/nobody"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("refreshing nothing: %v", err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("the end of ctx is an error: %v", err)
	}
}
