// Package git is the source for a plain Git repository, wherever it is: it is
// fetched and read here, without any API of a forge. It is looked at on schedule,
// and whenever a webhook says so.
//
// Start with [New]. [Clone] is the repository; ingest.Backfill reads the past of
// other sources' repositories through it, too.
package git

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"iter"
	"net/http"
	"slices"
	"strings"

	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
)

// Options are the settings of a Source.
type Options struct {
	Name   string // of the source, in /hooks/{name}
	URL    string // see [Remote]
	Branch string // "" = the one that the repository's HEAD names
	Token  string // sent as the password; "" = none
	Dir    string // of the clone
	// WebhookSecret signs what says that it is time to look; "" = nothing may say so.
	WebhookSecret string
	// PreviousSecret is accepted, too, while the secret is being changed; "" = none.
	PreviousSecret string
}

// Source is one repository, as [ingest.Source]. Its id is the source's name: the
// repository may move.
type Source struct {
	options Options
	clone   *Clone
}

// New makes a source. An error of kind fault.Invalid says which option is wrong.
func New(o Options) (*Source, error) {
	if err := CheckURL(o.URL); err != nil {
		return nil, fault.New(fault.Invalid, "source %s: url %w", o.Name, err)
	}
	return &Source{options: o, clone: NewClone(Remote{URL: o.URL, Token: o.Token}, o.Dir)}, nil
}

// Name returns the source's name.
func (s *Source) Name() string { return s.options.Name }

// Remote returns the repository and how one is let in.
func (s *Source) Remote() Remote { return s.clone.remote }

// Close lets go of the clone's folder; it is opened again when it is needed.
func (s *Source) Close() error { return s.clone.Close() }

// Forge returns the repository as ingest asks for it.
func (s *Source) Forge() ingest.Forge { return forge{s.clone, s} }

// Verify checks the signature over the body, X-Hub-Signature-256 as GitHub, Gitea
// and Forgejo send it. What the body says does not matter.
func (s *Source) Verify(h http.Header, body []byte) (ingest.Receipt, error) {
	if s.options.WebhookSecret == "" {
		return ingest.Receipt{}, fault.New(fault.Denied, "source %s has no webhookSecret, and takes no webhooks", s.Name())
	}
	text, ok := strings.CutPrefix(h.Get("X-Hub-Signature-256"), "sha256=")
	mac, err := hex.DecodeString(text)
	fits := slices.ContainsFunc([]string{s.options.WebhookSecret, s.options.PreviousSecret}, func(secret string) bool {
		m := hmac.New(sha256.New, []byte(secret))
		m.Write(body)
		return secret != "" && hmac.Equal(mac, m.Sum(nil))
	})
	if !ok || err != nil || !fits {
		return ingest.Receipt{}, fault.New(fault.Denied, "the delivery is not signed with the webhookSecret of source %s: send X-Hub-Signature-256, sha256= and the HMAC of the body in hexadecimal", s.Name())
	}
	r := ingest.Receipt{Event: "poke"}
	for _, name := range []string{"X-GitHub-Delivery", "X-Gitea-Delivery", "X-Forgejo-Delivery"} {
		if r.ID == "" {
			r.ID = h.Get(name)
		}
	}
	return r, nil
}

// Translate takes whatever comes for "look now".
func (s *Source) Translate(ingest.Delivery) (ingest.Meaning, error) {
	return ingest.Meaning{Repository: ingest.Repository{ID: s.Name(), FullName: s.clone.remote.fullName()}, Look: true}, nil
}

// Repositories yields the one that there is, or why it cannot be read.
func (s *Source) Repositories(ctx context.Context) iter.Seq2[ingest.Repository, error] {
	return func(yield func(ingest.Repository, error) bool) { yield(s.repository(ctx)) }
}

// repository asks the remote whether the branch is there.
func (s *Source) repository(ctx context.Context) (ingest.Repository, error) {
	repo := ingest.Repository{
		ID: s.Name(), FullName: s.clone.remote.fullName(), URL: s.clone.remote.web(),
		Pages: ingest.Pages{Root: s.clone.remote.address()},
	}
	heads, byDefault, err := s.clone.Branches(ctx)
	if err != nil || len(heads) == 0 {
		return repo, err
	}
	repo.DefaultBranch = byDefault
	if s.options.Branch != "" {
		repo.DefaultBranch = s.options.Branch
	}
	if heads[repo.DefaultBranch] == "" {
		return repo, wrongBranch(s.clone.remote.address(), repo.DefaultBranch, heads)
	}
	return repo, nil
}

// Check reports whether the remote lets its branches be seen, the one that is read
// among them. What is wrong with the settings is an [ingest.Misfit].
func (s *Source) Check(ctx context.Context) error {
	_, err := s.repository(ctx)
	switch fault.KindOf(err) {
	case fault.Denied:
		return &ingest.Misfit{Setting: ingest.SettingToken, Err: err}
	case fault.Invalid:
		return &ingest.Misfit{Setting: ingest.SettingBranch, Err: err}
	case fault.NotFound, fault.Unavailable:
		return &ingest.Misfit{Setting: ingest.SettingURL, Err: err}
	}
	return err
}

// forge is the repository with what has to be asked for over the network.
type forge struct {
	*Clone
	source *Source
}

// Repository returns the repository, whichever is asked for.
func (f forge) Repository(ctx context.Context, _ ingest.Repository) (ingest.Repository, error) {
	return f.source.repository(ctx)
}

// Head asks where a branch is, and fetches it if it has moved.
func (f forge) Head(ctx context.Context, _ ingest.Repository, branch string) (ingest.Commit, error) {
	heads, _, err := f.Branches(ctx)
	if err != nil {
		return ingest.Commit{}, err
	}
	sha := heads[branch]
	switch {
	case len(heads) == 0:
		return ingest.Commit{}, fault.New(fault.NotFound, "%s is empty", f.remote.address())
	case sha == "":
		return ingest.Commit{}, wrongBranch(f.remote.address(), branch, heads)
	}
	if err := f.Fetch(ctx, branch, sha); err != nil {
		return ingest.Commit{}, err
	}
	return f.Commit(ctx, sha)
}

var (
	_ ingest.Source = (*Source)(nil)
	_ ingest.Forge  = forge{}
)
