package gitlab

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
)

// project is what is read of a project in a payload.
type project struct {
	ID                int64  `json:"id"`
	PathWithNamespace string `json:"path_with_namespace"`
	DefaultBranch     string `json:"default_branch"` // empty while the project is
	WebURL            string `json:"web_url"`
}

// named is what is read of deliveries about a project, a group or people
// themselves, which have it all at the top.
type named struct {
	PathWithNamespace        string `json:"path_with_namespace"`
	OldPathWithNamespace     string `json:"old_path_with_namespace"`
	ProjectPathWithNamespace string `json:"project_path_with_namespace"` // of user_add_to_team
	FullPath                 string `json:"full_path"`
	OldFullPath              string `json:"old_full_path"`
}

// repository is what a delivery is about, if that is a project's content.
func (t *told) repository() (ingest.Repository, error) {
	// The instance names the project of a merge request in the request alone.
	id := cmp.Or(t.ProjectID, t.Project.ID, t.Attributes.TargetProjectID)
	p := &t.Project
	switch {
	case id <= 0:
		return ingest.Repository{}, fault.New(fault.Invalid, "read the delivery: project_id is missing")
	case !isFullName(p.PathWithNamespace):
		return ingest.Repository{}, fault.New(fault.Invalid, "read the delivery: project.path_with_namespace is %q, which is no path of a project", p.PathWithNamespace)
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

// isFullName reports whether s can be the path of a project: two names or more,
// of the characters that GitLab allows.
func isFullName(s string) bool {
	parts := strings.Split(s, "/")
	return len(parts) > 1 && !slices.ContainsFunc(parts, func(part string) bool {
		return part == "" || part == "." || part == ".." || strings.ContainsFunc(part, func(r rune) bool {
			return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.')
		})
	})
}

// project is the project that came, went or changed, in a group's or the
// instance's words; the zero Meaning if the source leaves it out. One that moved
// into a group or out of it counts. Who did it is not said.
func (t *told) project() ingest.Meaning {
	if t.ProjectID <= 0 || !isFullName(t.PathWithNamespace) || !t.source.Covers(t.PathWithNamespace) && !t.source.Covers(t.OldPathWithNamespace) {
		return ingest.Meaning{}
	}
	// The rest is for the forge to say.
	return ingest.Meaning{Repository: ingest.Repository{ID: strconv.FormatInt(t.ProjectID, 10), FullName: t.PathWithNamespace}}
}

// people tells of groups and people, as far as they may be those of the source.
// Of a group's members GitLab says the last part of its path alone, which leads
// nowhere.
func (t *told) people() ingest.Meaning {
	var paths []string
	for _, path := range []string{t.FullPath, t.OldFullPath, t.ProjectPathWithNamespace} {
		if path != "" {
			paths = append(paths, path)
		}
	}
	related := func(path string) bool {
		return slices.ContainsFunc(t.source.groups, func(g string) bool {
			return strings.EqualFold(path, g) || within(path, g) || within(g, path) // of a group above, all below are part
		})
	}
	return ingest.Meaning{Survey: len(t.source.groups) == 0 || len(paths) == 0 || slices.ContainsFunc(paths, related)}
}

// projectOf finds the project that a page belongs to, for payloads that name none.
func (s *Source) projectOf(id int64, page string) (project, bool) {
	u, err := url.Parse(page)
	if err != nil {
		return project{}, false
	}
	// An instance may live below a path.
	root := strings.TrimSuffix(strings.TrimRight(s.client.BaseURL().Path, "/"), "/api/v4")
	path, _, ok := strings.Cut(strings.TrimPrefix(u.Path, root+"/"), "/-/")
	if !ok || id <= 0 || !isFullName(path) {
		return project{}, false
	}
	web, _, _ := strings.Cut(page, "/-/")
	return project{ID: id, PathWithNamespace: path, WebURL: web}, true
}
