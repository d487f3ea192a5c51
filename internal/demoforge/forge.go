// Package demoforge is a working Git host inside the process. It holds real Git
// repositories, which can be cloned, answers the parts of GitHub's and GitLab's REST
// APIs that our clients call as the real ones answer them, shows simple pages for the
// links that it gives out, and sends signed webhooks. The demo plays the sample
// organisation through it; the integration tests use it as their fake.
//
// Start with [Listen] or [New], then [Forge.Create] and [Repository.Push].
// [Forge.Play] plays a whole scripted [History]. Whatever changes a repository,
// an owner or a team returns the [Delivery] that the forge sends of it;
// [Repository.Emit] tells of what the forge does not keep, such as runs and
// alerts. Hooks that are registered through the APIs are sent theirs by
// [Forge.Deliver] or in the background, with [Forge.SetFates] choosing what
// becomes of each. What a forge does wrong now and then as an API is made to
// happen with [Forge.SetFaults].
//
// [Repository.Propose] opens pull requests, which programs set statuses of and comment on.
//
// Left out, because no client of ours asks: writing through the API other than
// these and webhooks, pushing to it, line counts and patches, issues and everything around them.
package demoforge

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/storage/memory"
)

// Provider is a kind of forge. One Forge is both at once, under different paths.
type Provider string

// The providers.
const (
	GitHub Provider = "github"
	GitLab Provider = "gitlab"
)

// Options are the settings of a forge. The zero value works.
type Options struct {
	// URL is where the forge is reached from outside, without a slash at the
	// end. Listen fills it in.
	URL string
	// Now is the clock; nil is time.Now. It moves quotas and dates signatures;
	// commits and payloads carry only times that they are given.
	Now func() time.Time

	GitHub Service
	GitLab Service

	// Background: deliveries to registered hooks are sent as they come up.
	// Otherwise they wait for Deliver. Needs Close.
	Background bool
	// Client sends them; nil is one that gives up after ten seconds and follows
	// no redirects.
	Client *http.Client

	// TreeEntries is how many entries GitHub's recursive tree lists before it
	// says truncated. Zero is 100,000, as there.
	TreeEntries int
	// PushCommits is how many commits GitHub's push payload lists. Zero is
	// 2048, as there. GitLab's lists 20, always.
	PushCommits int
}

// Service is how one of the providers treats its callers.
type Service struct {
	// Token opens private repositories; every other token is refused. Empty:
	// all callers see everything.
	Token string
	// Secret signs GitHub's webhooks and is sent along with GitLab's. Empty: unsigned.
	Secret string
	// SigningToken (whsec_…) signs GitLab's webhooks, beside the secret or
	// without it.
	SigningToken string
	// Limit is how many requests a caller with a token has: an hour on GitHub
	// (zero: 5000, and more for large installations of apps), a minute on GitLab
	// (zero: 2000).
	Limit int
	// Exhausted is what GitHub answers then: 403 (or zero) or 429. GitLab
	// answers 429.
	Exhausted int
}

// Forge is a Git host. Its methods are safe for concurrent use.
type Forge struct {
	options Options
	mux     *http.ServeMux
	server  *http.Server // with served, only after Listen
	served  chan error
	page    *template.Template

	dialects map[Provider]*dialect
	posting  sync.Mutex         // one sends at a time
	work     chan struct{}      // wakes the sender in the background
	idle     chan struct{}      // closed when that has ended
	stop     context.CancelFunc // ends it

	// mu guards all below, and all repositories: go-git's stores allow no
	// concurrent reads, and no answer takes long.
	mu               sync.Mutex
	repositories     []*Repository
	byID             map[int64]*Repository
	nextID           int64
	names            map[string]*Repository // current and former names
	owners           map[string]*owner      // by current path, as nameKey
	people           map[string]Person      // by e-mail, to find logins
	logins           map[string]Person      // accounts by login, in lower case
	deliveries       []Delivery
	sent             map[string]int // deliveries by what they are about, to tell them apart
	quotas           map[quotaKey]*quota
	answers          map[Provider]map[int]int // how many by status
	hooks            []*hook
	nextHook         int64
	outbox           []*Outgoing
	nextAttempt      int64
	nextTest         int64
	fates            func(Outgoing) Fate
	teams            []*team
	apps             []*App
	installed        []*installation
	nextInstallation int64
	tokens           map[string]*installationToken
	manifests        map[string]*App // by code, until it is converted
	faults           func(*http.Request) Fault
	nextComment      int64
	readOnly         bool // nobody's token writes statuses and comments
}

// New makes a forge for a caller with an HTTP server of its own.
func New(o Options) *Forge {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.TreeEntries == 0 {
		o.TreeEntries = 100_000
	}
	if o.PushCommits == 0 {
		o.PushCommits = 2048
	}
	if o.Client == nil {
		o.Client = &http.Client{
			Timeout:       10 * time.Second,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	f := &Forge{
		options: o,
		mux:     http.NewServeMux(),
		page:    viewTemplate(),
		nextID:  firstID,
		byID:    map[int64]*Repository{},
		names:   map[string]*Repository{},
		owners:  map[string]*owner{},
		people:  map[string]Person{},
		logins:  map[string]Person{},
		sent:    map[string]int{},
		quotas:  map[quotaKey]*quota{},
		answers: map[Provider]map[int]int{GitHub: {}, GitLab: {}},
		tokens:  map[string]*installationToken{},

		manifests: map[string]*App{},
		dialects:  map[Provider]*dialect{},
		work:      make(chan struct{}, 1),
	}
	f.know(Person{Name: "Callboard Bot", Login: accountLogin})
	f.mux.HandleFunc("GET /{$}", f.tellHome)
	f.routeGitHub()
	f.routeGitLab()
	if o.Background {
		var ctx context.Context
		ctx, f.stop = context.WithCancel(context.Background())
		f.idle = make(chan struct{})
		go f.deliverAlways(ctx)
	}
	return f
}

// firstID is what repositories are numbered from: as long as ids are out there.
const firstID = 700_000_000

// Listen makes a forge and serves it at a TCP address until Close. Port 0
// chooses a free one; URL tells which.
func Listen(address string, o Options) (*Forge, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("serve the forge: %w", err)
	}
	if o.URL == "" {
		o.URL = "http://" + l.Addr().String()
	}
	f := New(o)
	f.server = &http.Server{Handler: f, ReadHeaderTimeout: 10 * time.Second}
	f.served = make(chan error, 1)
	go func() { f.served <- f.server.Serve(l) }()
	return f, nil
}

// Close ends what Listen and Options.Background started. What has not been sent
// then is not sent.
func (f *Forge) Close() error {
	if f.stop != nil {
		f.stop()
		<-f.idle
	}
	if f.server == nil {
		return nil
	}
	err := f.server.Close()
	if served := <-f.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, fmt.Errorf("serve the forge: %w", served))
	}
	f.served <- http.ErrServerClosed // for whoever closes it again
	return err
}

// URL is where the forge is reached, without a slash at the end.
func (f *Forge) URL() string { return f.options.URL }

// APIURL is the base that a provider's client library is configured with.
// GitHub's also answers under api/v3/, as GitHub Enterprise Server does.
func (f *Forge) APIURL(p Provider) string { return f.webURL(p) + "/" }

// ServeHTTP answers API requests and shows pages.
func (f *Forge) ServeHTTP(w http.ResponseWriter, r *http.Request) { f.mux.ServeHTTP(w, r) }

// tellHome says what this is to whoever opens its address.
func (f *Forge) tellHome(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintf(w, "This is a sample Git host.\n\nAs GitHub it is at %s, as GitLab at %s: these are the addresses to connect.\n\nRepositories:\n", f.webURL(GitHub), f.webURL(GitLab))
	for _, r := range f.Repositories() {
		fmt.Fprintf(w, "  %s/%s\n", f.webURL(r.Provider()), r.Name())
	}
}

// webURL is the home page of a provider.
func (f *Forge) webURL(p Provider) string { return f.options.URL + "/" + string(p) }

// Create makes an empty repository. Name is the full path, "acme/ledger" or,
// on GitLab, "acme/data/lake".
func (f *Forge) Create(p Provider, name string, s Settings) (*Repository, error) {
	return f.add(p, name, s, memory.NewStorage(), nil)
}

// Import serves an existing Git repository, bare or with a work tree, with its
// branches and tags as they are. The folder is only read.
func (f *Forge) Import(p Provider, name, folder string, s Settings) (*Repository, error) {
	from, err := git.PlainOpenWithOptions(folder, &git.PlainOpenOptions{EnableDotGitCommonDir: true})
	if err != nil {
		return nil, fmt.Errorf("import %s from %s: %w", name, folder, err)
	}
	if head, err := from.Reference(plumbing.HEAD, false); err == nil && s.DefaultBranch == "" {
		s.DefaultBranch = head.Target().Short()
	}
	refs := map[plumbing.ReferenceName]plumbing.Hash{}
	all, err := from.References()
	if err != nil {
		return nil, fmt.Errorf("import %s from %s: %w", name, folder, err)
	}
	err = all.ForEach(func(r *plumbing.Reference) error {
		if r.Type() == plumbing.HashReference && (r.Name().IsBranch() || r.Name().IsTag()) {
			refs[r.Name()] = r.Hash()
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("import %s from %s: %w", name, folder, err)
	}
	return f.add(p, name, s, from.Storer, refs)
}

func (f *Forge) add(p Provider, name string, s Settings, store storer.EncodedObjectStorer, refs map[plumbing.ReferenceName]plumbing.Hash) (*Repository, error) {
	if err := checkName(p, name); err != nil {
		return nil, fmt.Errorf("create repository: %w", err)
	}
	if refs == nil {
		refs = map[plumbing.ReferenceName]plumbing.Hash{}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if old := f.names[nameKey(p, name)]; old != nil && old.name == name {
		return nil, fmt.Errorf("create repository %s on %s: there is one already", name, p)
	}
	f.nextID++
	r := &Repository{
		forge:    f,
		provider: p,
		id:       f.nextID,
		name:     name,
		settings: s.filled(),
		objects:  newObjects(store),
		refs:     refs,
		encoded:  map[string][]byte{},
	}
	f.repositories = append(f.repositories, r)
	f.byID[r.id] = r
	f.names[nameKey(p, name)] = r
	f.ownerAt(p, r.owner())
	if len(f.hooks) > 0 {
		return r, r.announce()
	}
	return r, nil
}

func checkName(p Provider, name string) error {
	if p != GitHub && p != GitLab {
		return fmt.Errorf("there is no forge %q; it must be github or gitlab", p)
	}
	if parts := strings.Split(name, "/"); !fs.ValidPath(name) || len(parts) < 2 || p == GitHub && len(parts) != 2 {
		return fmt.Errorf("%q cannot be a repository on %s: it must be owner/name", name, p)
	}
	return nil
}

func nameKey(p Provider, name string) string { return string(p) + ":" + strings.ToLower(name) }

// Repositories returns the repositories in the order in which they were made.
func (f *Forge) Repositories() []*Repository {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.repositories)
}

// Deliveries returns every delivery so far in the order in which things
// happened, whether or not anybody sent it.
func (f *Forge) Deliveries() []Delivery {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.deliveries)
}
