package ingest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/callboard/callboard/catalog/descriptor"
	"github.com/callboard/callboard/internal/fault"
)

const (
	fetchTimeout = 20 * time.Second
	fetchMemory  = 64 << 20 // bytes of answers that are remembered for the sake of their ETags
	maxMatches   = maxFiles // of one pattern
)

// AllowedHost is a host that may be read from besides the sources' own, as in
// Backstage's `backend.reading.allow`.
type AllowedHost struct {
	Host  string   // with its port if it has one; "*.example.com" is every host below it
	Paths []string // how the paths begin that may be read; empty = all
}

// Allows reports whether a URL may be read.
func (a AllowedHost) Allows(u *url.URL) bool {
	if suffix, any := strings.CutPrefix(a.Host, "*"); u.Host != a.Host && !(any && strings.HasSuffix(u.Host, suffix)) {
		return false
	}
	return len(a.Paths) == 0 || slices.ContainsFunc(a.Paths, func(p string) bool { return strings.HasPrefix(path.Clean(u.Path), p) })
}

// Finder is a [Forge] that knows its own pages.
type Finder interface {
	// Find returns the repository whose page an address is, with the branch that
	// the page shows as its default branch, and the path of the file on it, which
	// may be a pattern. Ok is false when the address is of another forge.
	Find(ctx context.Context, address string) (repo Repository, path string, ok bool, err error)
}

// fetched is a file that a target leads to.
type fetched struct {
	File           // its path is a URL or an absolute path
	at   address   //
	text []byte    //
	in   *checkout // nil if it is in no repository of a source
	name string    // its path in that
}

// fetcher reads what locations lead to: local files, files in the repositories of
// sources, and pages of the hosts that may be read from.
type fetcher struct {
	client *http.Client
	allow  []AllowedHost
	forges []Forge
	blobs  blobs // of the forges

	mu    sync.Mutex
	pages map[string]page // by URL
	size  int
}

// page is an answer of a host with the ETag that it came with.
type page struct {
	etag string
	text []byte
}

// newFetcher makes a fetcher; a nil transport is Go's own.
func newFetcher(transport http.RoundTripper, allow []AllowedHost, forges []Forge) *fetcher {
	f := &fetcher{allow: allow, forges: forges, pages: map[string]page{}}
	f.client = &http.Client{Transport: transport, Timeout: fetchTimeout, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if len(via) > 5 {
			return fault.New(fault.Unavailable, "%s leads from page to page", via[0].URL)
		}
		return f.mayRead(r.URL)
	}}
	return f
}

// mayRead returns an error of kind fault.Denied for an address that must not be read.
func (f *fetcher) mayRead(u *url.URL) error {
	if (u.Scheme == "http" || u.Scheme == "https") && slices.ContainsFunc(f.allow, func(a AllowedHost) bool { return a.Allows(u) }) {
		return nil
	}
	return fault.New(fault.Denied, "%s must not be read: add its host to catalog.reading.allow, or connect its forge as a source", u)
}

// visit is one reading of a location: within it, a branch is read at one commit.
type visit struct {
	*fetcher
	mu        sync.Mutex
	checkouts map[string]*checkout // by repository page and branch
	read      once                 // pages, by URL
	offline   bool                 // nothing is read that is at a URL
}

func (f *fetcher) visit() *visit { return &visit{fetcher: f, checkouts: map[string]*checkout{}} }

func (v *visit) page(ctx context.Context, address string) ([]byte, error) {
	return v.read.get(address, func() ([]byte, error) { return v.get(ctx, address) })
}

// checkout is a branch of a repository at the commit that it is at.
type checkout struct {
	once sync.Once
	sha  string
	tree tree
	err  error
}

// files returns the files that a target leads to, which has been made absolute.
// The error is of kind fault.NotFound if there is none, fault.Denied if it must
// not be read, fault.Invalid if it cannot be a target, and else fault.Unavailable.
func (v *visit) files(ctx context.Context, typ, target string) ([]fetched, error) {
	switch typ {
	case "file":
		return v.local(target)
	case "url":
		return v.remote(ctx, target)
	default:
		return nil, fault.New(fault.Invalid, "%q is no type of location that can be read; write url", typ)
	}
}

func (v *visit) local(target string) ([]fetched, error) {
	paths := []string{target}
	if strings.ContainsAny(target, `*?[{`) {
		var err error
		if paths, err = doublestar.FilepathGlob(target, doublestar.WithFilesOnly(), doublestar.WithFailOnIOErrors()); err != nil {
			return nil, fault.New(fault.Unavailable, "%s cannot be listed: %w", target, plain(err))
		}
		slices.Sort(paths)
	}
	if len(paths) > maxMatches {
		return nil, fault.New(fault.Invalid, "%s leads to more than %d files", target, maxMatches)
	}
	var all []fetched
	for _, p := range paths {
		text, err := readFile(p)
		if err != nil {
			return nil, err
		}
		all = append(all, fetched{File: File{Path: p, Blob: contentID(text)}, at: address{ref: "file:" + p}, text: text})
	}
	if len(all) == 0 {
		return nil, fault.New(fault.NotFound, "%s leads to no file", target)
	}
	return all, nil
}

func readFile(name string) ([]byte, error) {
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fault.New(fault.NotFound, "%s does not exist", name)
	case err != nil:
		return nil, fault.New(fault.Unavailable, "%s cannot be read: %w", name, plain(err))
	case !info.Mode().IsRegular():
		return nil, fault.New(fault.Invalid, "%s is no file", name)
	case info.Size() > descriptor.MaxSize:
		return nil, tooLong(name)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "%s cannot be read: %w", name, plain(err))
	}
	return b, nil
}

// plain takes the path off an error, which is said beside it.
func plain(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

func tooLong(name string) error {
	return fault.New(fault.Invalid, "%s has more than the %d bytes that a descriptor may have", name, descriptor.MaxSize)
}

func contentID(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func (v *visit) remote(ctx context.Context, target string) ([]fetched, error) {
	u, err := url.Parse(target)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fault.New(fault.Invalid, "%q is no http or https URL", target)
	}
	if v.offline {
		return nil, nil
	}
	for _, forge := range v.forges {
		finder, ok := forge.(Finder)
		if !ok {
			continue
		}
		repo, file, ok, err := finder.Find(ctx, target)
		if err != nil {
			return nil, err
		}
		if ok {
			return v.inRepository(ctx, forge, repo, file)
		}
	}
	if err := v.mayRead(u); err != nil {
		return nil, err
	}
	if strings.ContainsAny(u.Path, "*?") {
		return nil, fault.New(fault.Invalid, "%s is a pattern, which works for files and the repositories of sources only; list the addresses", target)
	}
	text, err := v.page(ctx, u.String())
	if err != nil {
		return nil, err
	}
	return []fetched{{File: File{Path: target, Blob: contentID(text)}, at: address{ref: "url:" + target, view: target}, text: text}}, nil
}

// inRepository returns the files of a name, or else of a pattern, on a branch.
func (v *visit) inRepository(ctx context.Context, forge Forge, repo Repository, pattern string) ([]fetched, error) {
	c := v.checkout(ctx, forge, repo)
	if c.err != nil {
		return nil, c.err
	}
	found, err := match(ctx, pattern, "", c.tree.files)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fault.New(fault.NotFound, "%s has no file %s on branch %s", repo.FullName, pattern, repo.DefaultBranch)
	}
	if len(found) > maxMatches {
		return nil, fault.New(fault.Invalid, "%s leads to more than %d files", pattern, maxMatches)
	}
	all := make([]fetched, len(found))
	for i, f := range found {
		text, err := v.blobs.get(f.Blob, func() ([]byte, error) { return forge.Blob(ctx, repo, f) })
		if err != nil {
			return nil, err
		}
		at := addressIn(repo, f.Path)
		all[i] = fetched{File: File{Path: at.view, Blob: f.Blob}, at: at, text: text, in: c, name: f.Path}
	}
	return all, nil
}

func (v *visit) checkout(ctx context.Context, forge Forge, repo Repository) *checkout {
	v.mu.Lock()
	c := v.checkouts[repo.Pages.View]
	if c == nil {
		c = &checkout{tree: tree{forge: forge, repo: repo, blobs: &v.blobs, once: &once{}}}
		v.checkouts[repo.Pages.View] = c
	}
	v.mu.Unlock()
	c.once.Do(func() {
		head, err := forge.Head(ctx, repo, repo.DefaultBranch)
		if err != nil {
			c.err = err
			return
		}
		c.sha = head.SHA
		c.tree.files, c.err = forge.Tree(ctx, repo, head.SHA)
		slices.SortFunc(c.tree.files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	})
	return c
}

// get reads a page, or takes the one that it had before if that is still it.
// What went wrong is said in words that stay the same as long as it does.
func (f *fetcher) get(ctx context.Context, address string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fault.New(fault.Invalid, "%q is no http or https URL", address)
	}
	f.mu.Lock()
	before, known := f.pages[address]
	f.mu.Unlock()
	if known {
		r.Header.Set("If-None-Match", before.etag)
	}
	resp, err := f.client.Do(r)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if kind := fault.KindOf(err); kind != fault.Internal {
			return nil, fault.New(kind, "%s cannot be read: %w", address, errors.Unwrap(err))
		}
		return nil, fault.New(fault.Unavailable, "%s cannot be read: the host does not answer", address)
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusNotModified && known:
		return before.text, nil
	case resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusGone:
		return nil, fault.New(fault.NotFound, "%s does not exist: the host answers %d", address, resp.StatusCode)
	case resp.StatusCode != http.StatusOK:
		return nil, fault.New(fault.Unavailable, "%s cannot be read: the host answers %d", address, resp.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, descriptor.MaxSize+1))
	if err != nil {
		return nil, fault.New(fault.Unavailable, "%s cannot be read: the answer is cut short", address)
	}
	if len(text) > descriptor.MaxSize {
		return nil, tooLong(address)
	}
	f.remember(address, resp.Header.Get("ETag"), text)
	return text, nil
}

// remember keeps an answer; when that is too much, it starts anew.
func (f *fetcher) remember(address, etag string, text []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.size -= len(f.pages[address].text)
	delete(f.pages, address)
	if etag == "" {
		return
	}
	if f.size += len(text); f.size > fetchMemory {
		f.pages, f.size = map[string]page{}, len(text)
	}
	f.pages[address] = page{etag, text}
}

// absolute resolves a target of a Location that stands in a file.
func absolute(typ, target string, from fetched, baseType string) (string, error) {
	switch {
	case typ != baseType:
		return target, nil
	case typ == "file":
		return absoluteFile(target, from.Path)
	default:
		return absoluteURL(target, from)
	}
}

func absoluteFile(target, from string) (string, error) {
	switch {
	case strings.HasSuffix(target, "/"):
		return "", fault.New(fault.Invalid, "%q ends in a slash; name files, or write a pattern", target)
	case slices.Contains(strings.Split(filepath.ToSlash(target), "/"), ".."):
		return "", fault.New(fault.Invalid, "%q leads upwards, which a file must not", target)
	case filepath.IsAbs(target):
		return filepath.Clean(target), nil
	}
	return filepath.Join(filepath.Dir(from), target), nil
}

// absoluteURL resolves as Backstage does: a leading slash is the root of the
// repository, and the query of the file that it stands in is kept.
func absoluteURL(target string, from fetched) (string, error) {
	if u, err := url.Parse(target); err == nil && u.Scheme != "" {
		return target, nil
	}
	if from.in != nil {
		pattern, here, err := resolve(target, from.name, from.in.tree.repo)
		if err != nil || !here {
			return target, err
		}
		return from.in.tree.repo.Pages.View + EscapePath(pattern), nil
	}
	base, err := url.Parse(from.Path)
	if err != nil {
		return "", fault.New(fault.Invalid, "%q is no URL", from.Path)
	}
	rel, err := url.Parse(target)
	if err != nil {
		return "", fault.New(fault.Invalid, "%q is no URL", target)
	}
	to := base.ResolveReference(rel)
	to.RawQuery = base.RawQuery
	return to.String(), nil
}
