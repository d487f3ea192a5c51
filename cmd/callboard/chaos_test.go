package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/sqlitelog"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/ingest/github"
	"github.com/callboard/callboard/ingest/gitlab"
	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/internal/demoforge"
	"github.com/callboard/callboard/projections/entities"
)

// TestChaos plays an hour of an organisation with 50 repositories: of the
// deliveries 5 % are lost, 10 % come twice, and all are out of order; the portal is
// killed three times, the forge has trouble and limits for a while, and secrets
// change. In the end the catalog is what an undisturbed portal reads, everything
// that was missed was told and made up for, and nothing was removed that was there.
func TestChaos(t *testing.T) {
	c := newChaos(t)
	c.serve()
	c.hooks("hook-secret")
	const steps = 600 // every six seconds
	for step := range steps {
		switch step {
		case steps / 4, steps / 2, 3 * steps / 4:
			c.crash()
		case steps/4 + 20, steps/2 + 20, 3*steps/4 + 20:
			c.serve()
		case steps * 3 / 10:
			c.trouble.Store(true)
		case steps * 4 / 10:
			c.trouble.Store(false)
		case steps * 6 / 10:
			c.rotate("a new secret")
		}
		c.act()
		if step%7 == 6 {
			c.deliver()
		}
	}
	c.mend()
	c.forge.SetFates(nil)
	c.forge.Release()
	c.deliver()
	c.crash()
	began := time.Now()
	c.serve() // and looks at once for what was missed
	c.settled(began)
	c.stop()
	c.verify()
}

// chaos is the organisation, the portal that watches it, and what is true.
type chaos struct {
	t       *testing.T
	rand    *rand.Rand
	forge   *demoforge.Forge
	trouble atomic.Bool
	folder  string
	address string
	secret  string
	clock   time.Time
	repos   []*chaosRepo
	was     map[string]bool // refs that were declared and, for a while, not any more
	portal  *exec.Cmd
	made    int
}

type chaosRepo struct {
	*demoforge.Repository
	provider demoforge.Provider
	branch   string
	files    map[string]string // name of the component, by path
	broken   map[string]bool   // paths
	archived bool
	gone     bool
	commits  []map[string]string // files, by commit on the branch
	heads    []string
}

func newChaos(t *testing.T) *chaos {
	t.Helper()
	address, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address.Close()
	service := demoforge.Service{Token: "forge-token", Secret: "hook-secret", Limit: 1 << 30}
	forge, err := demoforge.Listen("127.0.0.1:0", demoforge.Options{GitHub: service, GitLab: service})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { forge.Close() })
	c := &chaos{
		t: t, rand: rand.New(rand.NewPCG(1, 2)), forge: forge, folder: t.TempDir(), address: address.Addr().String(),
		clock: time.Now().Add(-time.Hour).Truncate(time.Second), was: map[string]bool{},
	}
	c.configure("hook-secret", "")
	for i := range 50 {
		p := []demoforge.Provider{demoforge.GitHub, demoforge.GitLab}[i%2]
		repo, err := forge.Create(p, fmt.Sprintf("acme/repo-%02d", i), demoforge.Settings{DefaultBranch: "main", Created: c.clock})
		if err != nil {
			t.Fatal(err)
		}
		r := &chaosRepo{Repository: repo, provider: p, branch: "main", files: map[string]string{}, broken: map[string]bool{}}
		c.repos = append(c.repos, r)
		c.add(r)
	}
	dice := rand.New(rand.NewPCG(3, 4))
	forge.SetFates(func(demoforge.Outgoing) demoforge.Fate {
		f := demoforge.Fate{Lost: dice.IntN(100) < 5, After: dice.IntN(6)}
		if dice.IntN(100) < 10 {
			f.Copies = 2
		}
		return f
	})
	forge.SetFaults(func(*http.Request) demoforge.Fault {
		switch n := rand.IntN(10); { // asked by many at once
		case !c.trouble.Load() || n > 4:
			return demoforge.Fault{}
		case n > 1:
			return demoforge.Fault{Status: http.StatusInternalServerError}
		default:
			return demoforge.Fault{Status: http.StatusTooManyRequests, RetryAfter: time.Second}
		}
	})
	t.Cleanup(func() {
		if c.portal != nil {
			c.crash()
		}
	})
	return c
}

// configure writes the portal's configuration.
func (c *chaos) configure(secret, before string) {
	c.t.Helper()
	c.secret = secret
	text := fmt.Sprintf(`server: {listen: %q}
sources:
  - {name: github, type: github, url: %q, organizations: [acme], token: forge-token, webhookSecret: %q, previousWebhookSecret: %q, reconcile: "@every 5s", grace: 1ms, people: false}
  - {name: gitlab, type: gitlab, url: %q, groups: [acme], token: forge-token, webhookSecret: %q, previousWebhookSecret: %q, reconcile: "@every 5s", grace: 1ms, people: false}
`, c.address, c.forge.APIURL(demoforge.GitHub), secret, before, c.forge.APIURL(demoforge.GitLab), secret, before)
	if err := os.WriteFile(filepath.Join(c.folder, "callboard.yaml"), []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

func (c *chaos) serve() {
	c.t.Helper()
	c.portal = exec.Command("callboard", "serve", "--config", "callboard.yaml", "--data", "data", "--listen", c.address)
	c.portal.Dir = c.folder
	log, err := os.OpenFile(filepath.Join(c.folder, "log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		c.t.Fatal(err)
	}
	defer log.Close()
	c.portal.Stderr = log
	stdout, err := c.portal.StdoutPipe()
	if err != nil {
		c.t.Fatal(err)
	}
	if err := c.portal.Start(); err != nil {
		c.t.Fatal(err)
	}
	if line, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		b, _ := os.ReadFile(filepath.Join(c.folder, "log"))
		c.t.Fatalf("the portal did not start: %q, %v\n%s", line, err, b)
	}
}

func (c *chaos) crash() {
	c.t.Helper()
	c.portal.Process.Kill()
	c.portal.Wait() // killed, it says so
	c.portal = nil
}

func (c *chaos) stop() {
	c.t.Helper()
	if err := c.portal.Process.Signal(syscall.SIGTERM); err != nil {
		c.t.Fatal(err)
	}
	if err := c.portal.Wait(); err != nil {
		c.t.Fatalf("the portal did not end well: %v", err)
	}
	c.portal = nil
}

// hooks makes the webhooks, or gives those that are there another secret.
func (c *chaos) hooks(secret string) {
	c.t.Helper()
	hub, lab := c.sources(secret)
	if _, err := hub.EnsureHook(c.t.Context(), "acme", "http://"+c.address+"/hooks/github"); err != nil {
		c.t.Fatal(err)
	}
	if h, err := lab.EnsureHooks(c.t.Context(), "acme", "http://"+c.address+"/hooks/gitlab", func(int) {}); err != nil || !h.Group {
		c.t.Fatalf("%+v, %v", h, err)
	}
}

func (c *chaos) sources(secret string) (*github.Source, *gitlab.Source) {
	c.t.Helper()
	hub, err := github.New(github.Options{Name: "github", URL: c.forge.APIURL(demoforge.GitHub), Token: "forge-token", WebhookSecret: secret, Organizations: []string{"acme"}, Payload: func() string { return "http://" + c.address + "/hooks/github" }})
	if err != nil {
		c.t.Fatal(err)
	}
	lab, err := gitlab.New(gitlab.Options{Name: "gitlab", URL: c.forge.APIURL(demoforge.GitLab), Token: "forge-token", WebhookSecret: secret, Groups: []string{"acme"}, Payload: func() string { return "http://" + c.address + "/hooks/gitlab" }})
	if err != nil {
		c.t.Fatal(err)
	}
	return hub, lab
}

// rotate changes the secret first at the portal, then at the forge.
func (c *chaos) rotate(secret string) {
	c.t.Helper()
	c.configure(secret, c.secret)
	if err := c.portal.Process.Signal(syscall.SIGHUP); err != nil {
		c.t.Fatal(err)
	}
	c.hooks(secret)
}

func (c *chaos) deliver() {
	c.t.Helper()
	if err := c.forge.Deliver(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
}

// act does what somebody in the organisation does next.
func (c *chaos) act() {
	c.t.Helper()
	r := c.repos[c.rand.IntN(len(c.repos))]
	if r.gone {
		return
	}
	n := c.rand.IntN(100)
	if r.archived { // nobody can push to it
		if n < 30 {
			c.told(r.Unarchive(pebbledash))
			r.archived = false
		}
		return
	}
	switch {
	case n < 55:
		c.push(r, "another owner", func() {})
	case n < 65:
		c.add(r)
	case n < 72 && len(r.files) > 1:
		c.push(r, "one component less", func() { delete(r.files, r.path(c.rand)) })
	case n < 76:
		c.push(r, "a mistake", func() { r.broken[r.path(c.rand)] = true })
	case n < 80:
		c.made++
		c.told(r.Rename(fmt.Sprintf("acme/renamed-%03d", c.made)))
	case n < 83:
		c.told(r.Archive(pebbledash))
		r.archived = true
		c.ended(slices.Collect(maps.Values(r.files))...)
	case n < 86:
		c.made++
		r.branch = fmt.Sprintf("release/%03d", c.made) // with a slash
		c.push(r, "a branch", func() {})
		c.told(r.SetDefaultBranch(r.branch, pebbledash))
	case n < 89 && len(r.heads) > 2:
		c.back(r)
	case n < 93:
		c.made++
		c.told(r.Tag(fmt.Sprintf("v0.%d.0", c.made), r.Head(r.branch), pebbledash))
	case n > 96 && r.provider == demoforge.GitHub: // GitLab keeps no record of what it would have told a webhook that it switched off
		c.told(r.Delete(pebbledash))
		r.gone = true
		c.ended(slices.Collect(maps.Values(r.files))...)
	default:
		c.push(r, "nothing for the catalog", func() {})
	}
}

func (c *chaos) told(_ demoforge.Delivery, err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// ended notes that components may be removed.
func (c *chaos) ended(names ...string) {
	for _, name := range names {
		c.was["component:default/"+name] = true
	}
}

func (r *chaosRepo) path(rand *rand.Rand) string {
	paths := slices.Sorted(maps.Keys(r.files))
	return paths[rand.IntN(len(paths))]
}

// add adds a component.
func (c *chaos) add(r *chaosRepo) {
	c.t.Helper()
	c.made++
	name := fmt.Sprintf("component-%03d", c.made)
	c.push(r, "a component", func() { r.files[name+"/catalog-info.yaml"] = name })
}

// push commits a change, and lets somebody else own something.
func (c *chaos) push(r *chaosRepo, message string, change func()) {
	c.t.Helper()
	before := maps.Clone(r.files)
	change()
	c.clock = c.clock.Add(6 * time.Second)
	commit := demoforge.Change{Author: pebbledash, Time: c.clock, Message: message, Files: map[string]string{"README.md": c.clock.String()}}
	for path, name := range before {
		if r.files[path] == "" {
			commit.Remove = append(commit.Remove, path)
			delete(r.broken, path)
			c.ended(name)
		}
	}
	for path, name := range r.files {
		switch {
		case r.broken[path]:
			commit.Files[path] = "kind: [Component\n"
		case before[path] == "" || c.rand.IntN(3) == 0:
			commit.Files[path] = strings.Replace(service(name), "owner: a", fmt.Sprintf("owner: team-%d", c.rand.IntN(20)), 1)
		}
	}
	c.told(r.Push(r.branch, commit))
	r.commits, r.heads = append(r.commits, maps.Clone(r.files)), append(r.heads, r.Head(r.branch))
}

// back moves the branch to where it was two commits before, by force.
func (c *chaos) back(r *chaosRepo) {
	c.t.Helper()
	if len(r.broken) > 0 {
		return
	}
	n := len(r.heads) - 3
	now := r.commits[n]
	for path, name := range r.files {
		if now[path] == "" {
			c.ended(name)
		}
	}
	c.told(r.Move(r.branch, r.heads[n], pebbledash))
	r.files, r.commits, r.heads = maps.Clone(now), r.commits[:n+1], r.heads[:n+1]
}

// mend leaves no broken descriptor.
func (c *chaos) mend() {
	c.t.Helper()
	for _, r := range c.repos {
		if r.gone {
			continue
		}
		if r.archived {
			c.told(r.Unarchive(pebbledash))
			r.archived = false
		}
		c.push(r, "all is well", func() {
			for path := range r.broken {
				name := r.files[path]
				delete(r.files, path)
				delete(r.broken, path)
				r.files["mended/"+path] = name
			}
		})
	}
}

// settled waits until nothing is pending, every delivery that the forges have on
// record is stored, no gap is open, and all repositories were compared twice since: what
// the first time found to be otherwise is handled by the second.
func (c *chaos) settled(since time.Time) {
	c.t.Helper()
	hub, lab := c.sources(c.secret)
	deadline := time.Now().Add(2 * time.Minute)
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	var first time.Time
	for {
		missing := c.missing(hub) + c.missing(lab)
		compared, pending, open := c.pending()
		if first.IsZero() && compared.After(since) {
			first = compared
		}
		again := !first.IsZero() && compared.After(first)
		if again && missing == 0 && pending == 0 && open == 0 && c.matches() == "" {
			return
		}
		if time.Now().After(deadline) {
			log, _ := os.ReadFile(filepath.Join(c.folder, "log"))
			c.t.Fatalf("%d deliveries are missing, %d are not handled, %d gaps are open; %s\n%s", missing, pending, open, c.matches(), log[max(0, len(log)-4000):])
		}
		<-tick.C
	}
}

func (c *chaos) get(path string, into any) {
	c.t.Helper()
	resp, err := http.Get("http://" + c.address + path)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		c.t.Fatalf("GET %s answered %s", path, resp.Status)
	}
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		c.t.Fatal(err)
	}
}

// record is a forge's own record of what it sent.
type record interface {
	Name() string
	Since(ctx context.Context, since time.Time) iter.Seq2[ingest.Attempt, error]
}

// missing counts the deliveries on a forge's record that the portal does not have.
func (c *chaos) missing(r record) int {
	c.t.Helper()
	has := map[string]bool{}
	for cursor := ""; ; {
		var page struct {
			Items      []struct{ ID string }
			NextCursor string
		}
		c.get("/api/deliveries?limit=500&source="+r.Name()+"&after="+cursor, &page)
		for _, d := range page.Items {
			has[d.ID] = true
		}
		if cursor = page.NextCursor; cursor == "" {
			break
		}
	}
	missing := map[string]bool{}
	for a, err := range r.Since(c.t.Context(), time.Now().Add(-24*time.Hour)) {
		if err != nil {
			c.t.Fatal(err)
		}
		if id := event.DeliveryID(r.Name(), a.ID); !has[id] {
			missing[id] = true
		}
	}
	return len(missing)
}

// pending counts what is not handled, and the gaps that are open, and tells when the forges'
// repositories were compared with the catalog.
func (c *chaos) pending() (compared time.Time, pending, open int) {
	c.t.Helper()
	var sources struct {
		Items []struct {
			Pending int
			Survey  struct{ Compared time.Time }
		}
	}
	c.get("/api/sources", &sources)
	for i, s := range sources.Items {
		pending += s.Pending
		if i == 0 || s.Survey.Compared.Before(compared) {
			compared = s.Survey.Compared
		}
	}
	var found, closed struct{ TotalItems int }
	c.get("/api/history/events?limit=1&type=source.gap.found", &found)
	c.get("/api/history/events?limit=1&type=source.gap.closed", &closed)
	return compared, pending, found.TotalItems - closed.TotalItems
}

// want are the refs that the heads declare.
func (c *chaos) want() map[string]bool {
	want := map[string]bool{}
	for _, r := range c.repos {
		for _, name := range r.files {
			if !r.gone {
				want["component:default/"+name] = true
			}
		}
	}
	return want
}

// matches says how the catalog differs from what the heads declare; "" if it does not.
func (c *chaos) matches() string {
	c.t.Helper()
	var all []struct{ Metadata struct{ Name string } }
	c.get("/api/catalog/entities?filter=kind=component&fields=metadata.name", &all)
	want := c.want()
	for _, e := range all {
		ref := "component:default/" + e.Metadata.Name
		if !want[ref] {
			return ref + " is there and should not be"
		}
		delete(want, ref)
	}
	for _, ref := range slices.Sorted(maps.Keys(want)) {
		return fmt.Sprintf("%s and %d more are missing", ref, len(want)-1)
	}
	return ""
}

// verify reads the portal's log, and compares what it says with an undisturbed
// portal that reads the same forge.
func (c *chaos) verify() {
	c.t.Helper()
	log, err := sqlitelog.Open(c.t.Context(), filepath.Join(c.folder, "data", fileEvents))
	if err != nil {
		c.t.Fatal(err)
	}
	defer log.Close()
	disturbed := entities.New()
	found, closed, removed := map[string]bool{}, map[string]bool{}, 0
	for rec, err := range log.Read(c.t.Context(), 0) {
		if err != nil {
			c.t.Fatal(err)
		}
		before := disturbed.Snapshot()
		if err := disturbed.Apply(c.t.Context(), []eventlog.Record{rec}); err != nil {
			c.t.Fatal(err)
		}
		data, err := rec.Decode()
		if err != nil {
			c.t.Fatal(err)
		}
		switch d := data.(type) {
		case event.SourceGapFound:
			found[d.Gap] = true
		case event.SourceGapClosed:
			closed[d.Gap] = true
		case event.EntityRemoved:
			_, had := before.Get(d.Ref)
			_, has := disturbed.Snapshot().Get(d.Ref)
			if !had || has { // else it ends a refusal
				continue
			}
			removed++
			if !c.was[d.Ref] {
				c.t.Errorf("%s was removed (%s) although it was always there", d.Ref, d.Reason)
			}
		}
	}
	if len(found) == 0 || !maps.Equal(found, closed) {
		c.t.Errorf("%d gaps were found, %d closed", len(found), len(closed))
	}
	c.trouble.Store(false)
	undisturbed := runPortal(c.t, c.undisturbed())
	r := &running{portal: undisturbed, forge: c.forge, base: undisturbed.url(), inbox: handledWatch{log: undisturbed.inbox}}
	for _, p := range []demoforge.Provider{demoforge.GitHub, demoforge.GitLab} {
		r.mustSurvey(c.t, p)
	}
	said := func(s *entities.Snapshot) map[string]any {
		all := map[string]any{}
		for _, e := range s.All() {
			all[e.Ref] = []any{e.Entity.Spec, e.Origin.Path, e.Origin.Repository, e.Origin.Branch, e.Origin.Blob}
		}
		return all
	}
	if diff := cmp.Diff(said(undisturbed.catalog.Snapshot()), said(disturbed.Snapshot())); diff != "" {
		c.t.Errorf("the catalog differs from that of an undisturbed portal (-undisturbed +disturbed):\n%s", diff)
	}
	c.t.Logf("%d entities, %d gaps found and closed, %d entities removed on purpose", disturbed.Snapshot().Len(), len(found), removed)
}

func (c *chaos) undisturbed() config.Config {
	conf := config.Default()
	conf.Sources = []config.Source{
		{Name: "github", Type: "github", URL: c.forge.APIURL(demoforge.GitHub), Organizations: []string{"acme"}, Token: "forge-token", WebhookSecret: "s", Reconcile: "@every 24h", People: "false"},
		{Name: "gitlab", Type: "gitlab", URL: c.forge.APIURL(demoforge.GitLab), Groups: []string{"acme"}, Token: "forge-token", WebhookSecret: "s", Reconcile: "@every 24h", People: "false"},
	}
	return conf
}
