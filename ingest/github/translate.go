package github

import (
	"encoding/json"
	"mime"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/google/go-github/v60/github"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
)

// Translate says what a delivery means: only pushes to the default branch mean
// something. New events and actions come without notice, so what is not known
// is not needed.
func (s *Source) Translate(d ingest.Delivery) (ingest.Meaning, error) {
	if d.Event != "push" {
		return ingest.Meaning{}, nil
	}
	body, err := payload(d)
	if err != nil {
		return ingest.Meaning{}, err
	}
	var p push
	if err := json.Unmarshal(body, &p); err != nil {
		return ingest.Meaning{}, fault.New(fault.Invalid, "read the push: it is not GitHub's JSON: %w", err)
	}
	repo, err := p.repository()
	if err != nil {
		return ingest.Meaning{}, err
	}
	if owner, _, _ := strings.Cut(repo.FullName, "/"); len(s.organizations) > 0 &&
		!slices.ContainsFunc(s.organizations, func(o string) bool { return strings.EqualFold(o, owner) }) {
		return ingest.Meaning{}, nil
	}
	m := ingest.Meaning{Repository: repo}
	// Branch names hold slashes, and a tag may be called like a branch.
	if p.GetRef() != "refs/heads/"+repo.DefaultBranch || p.GetDeleted() || ingest.IsZeroSHA(p.GetAfter()) {
		return m, nil
	}
	if !ingest.IsSHA(p.GetAfter()) {
		return ingest.Meaning{}, fault.New(fault.Invalid, "read the push: after is %q, which is no commit", p.GetAfter())
	}
	m.Push = &ingest.Push{
		After:  p.GetAfter(),
		Pusher: event.Actor{Name: p.GetPusher().GetName(), Email: p.GetPusher().GetEmail(), Login: p.GetSender().GetLogin()},
	}
	return m, nil
}

// push is go-github's payload without what it cannot always read (custom
// properties with several values) and what is not believed (lists of commits).
type push struct {
	github.PushEvent
	Repo    repository      `json:"repository"`
	Commits json.RawMessage `json:"commits"`
}

type repository struct {
	github.PushEventRepository
	CustomProperties json.RawMessage `json:"custom_properties"`
}

func (p *push) repository() (ingest.Repository, error) {
	r := &p.Repo
	branch := r.GetDefaultBranch()
	if branch == "" {
		branch = r.GetMasterBranch()
	}
	switch {
	case r.GetID() == 0:
		return ingest.Repository{}, fault.New(fault.Invalid, "read the push: repository.id is missing")
	case !isFullName(r.GetFullName()):
		return ingest.Repository{}, fault.New(fault.Invalid, "read the push: repository.full_name is %q, which is not owner/name", r.GetFullName())
	case branch == "":
		return ingest.Repository{}, fault.New(fault.Invalid, "read the push: repository.default_branch is missing")
	}
	return describe(r.GetID(), r.GetFullName(), branch, r.GetHTMLURL()), nil
}

func describe(id int64, fullName, branch, page string) ingest.Repository {
	page = strings.TrimRight(page, "/")
	at := ingest.EscapePath(branch) + "/"
	return ingest.Repository{
		ID:            strconv.FormatInt(id, 10),
		FullName:      fullName,
		DefaultBranch: branch,
		URL:           page,
		Pages:         ingest.Pages{View: page + "/blob/" + at, Edit: page + "/edit/" + at, Dir: page + "/tree/" + at},
	}
}

// isFullName keeps a body from steering requests elsewhere: go-github puts
// owner and name into paths as they are.
func isFullName(s string) bool {
	owner, name, ok := strings.Cut(s, "/")
	return ok && isName(owner) && isName(name)
}

func isName(s string) bool {
	return s != "" && s != "." && s != ".." && !strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.')
	})
}

// payload unwraps the body of a webhook whose content type is a form.
func payload(d ingest.Delivery) ([]byte, error) {
	if t, _, _ := mime.ParseMediaType(d.Header.Get("Content-Type")); t != "application/x-www-form-urlencoded" {
		return d.Body, nil
	}
	form, err := url.ParseQuery(string(d.Body))
	if err != nil || !form.Has("payload") {
		return nil, fault.New(fault.Invalid, "read the push: the form has no field payload that can be read")
	}
	return []byte(form.Get("payload")), nil
}
