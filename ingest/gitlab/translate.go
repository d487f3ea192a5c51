package gitlab

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	gitlab "gitlab.com/gitlab-org/api/client-go"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
)

// Translate says what a delivery means: only pushes to the default branch mean
// something, be they from a project's, a group's or the instance's webhook.
func (s *Source) Translate(d ingest.Delivery) (ingest.Meaning, error) {
	if e := gitlab.EventType(d.Event); e != gitlab.EventTypePush && e != gitlab.EventTypeSystemHook {
		return ingest.Meaning{}, nil
	}
	var h hook
	if err := json.Unmarshal(d.Body, &h); err != nil {
		return ingest.Meaning{}, fault.New(fault.Invalid, "read the push: it is not GitLab's JSON: %w", err)
	}
	if h.EventName != "push" && h.EventName != "repository_update" {
		return ingest.Meaning{}, nil
	}
	repo, err := h.repository()
	if err != nil {
		return ingest.Meaning{}, err
	}
	if !s.counts(repo.FullName) {
		return ingest.Meaning{}, nil
	}
	m := ingest.Meaning{Repository: repo}
	after := h.after("refs/heads/" + repo.DefaultBranch)
	if ingest.IsZeroSHA(after) {
		return m, nil
	}
	if !ingest.IsSHA(after) {
		return ingest.Meaning{}, fault.New(fault.Invalid, "read the push: after is %q, which is no commit", after)
	}
	m.Push = &ingest.Push{After: after, Pusher: event.Actor{Name: h.UserName, Email: email(h.UserEmail), Login: h.UserUsername}}
	return m, nil
}

// hook is client-go's push, which the instance's hooks follow too, without
// what is not believed: the lists of commits, whose times come in several forms.
type hook struct {
	gitlab.PushEvent
	Commits    json.RawMessage                            `json:"commits"`
	Repository json.RawMessage                            `json:"repository"`
	Changes    []gitlab.RepositoryUpdateSystemEventChange `json:"changes"` // of repository_update
}

// after is where the push left a branch; "" if it did not touch it.
func (h *hook) after(ref string) string {
	if h.EventName == "push" && h.Ref == ref {
		return h.After
	}
	for _, c := range h.Changes {
		if c.Ref == ref {
			return c.After
		}
	}
	return ""
}

func (h *hook) repository() (ingest.Repository, error) {
	id := h.ProjectID
	if id == 0 {
		id = h.Project.ID
	}
	p := &h.Project
	switch {
	case id <= 0:
		return ingest.Repository{}, fault.New(fault.Invalid, "read the push: project_id is missing")
	case p.PathWithNamespace == "":
		return ingest.Repository{}, fault.New(fault.Invalid, "read the push: project.path_with_namespace is missing")
	}
	return describe(id, p.PathWithNamespace, p.DefaultBranch, p.WebURL), nil
}

func describe(id int64, fullName, branch, page string) ingest.Repository {
	page = strings.TrimRight(page, "/")
	at := ingest.EscapePath(branch) + "/"
	return ingest.Repository{
		ID:            strconv.FormatInt(id, 10),
		FullName:      fullName,
		DefaultBranch: branch, // empty while the project is
		URL:           page,
		// As in Backstage, a folder's address is written like a file's; GitLab redirects.
		Pages: ingest.Pages{View: page + "/-/blob/" + at, Edit: page + "/-/edit/" + at, Dir: page + "/-/blob/" + at},
	}
}

// counts reports whether a project is in one of the source's groups.
func (s *Source) counts(fullName string) bool {
	return len(s.groups) == 0 || slices.ContainsFunc(s.groups, func(g string) bool {
		return len(fullName) > len(g) && fullName[len(g)] == '/' && strings.EqualFold(fullName[:len(g)], g)
	})
}

// email drops what GitLab writes for an address that its owner hides.
func email(s string) string {
	if s == "[REDACTED]" {
		return ""
	}
	return s
}
