package web

import (
	"context"
	"encoding/json"
	"net/url"
	"path"
	"strings"

	"github.com/a-h/templ"

	"github.com/callboard/callboard/catalog/codeowners"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/repositories"
)

// Facts is what is known of repositories, and of entities apart from their descriptors.
type Facts interface {
	// Facts returns what is known of a repository, by name.
	Facts(ctx context.Context, source, repositoryID string) ([]repositories.Fact, error)
	// OfEntity returns what is known of an entity itself, by name.
	OfEntity(ctx context.Context, ref string) ([]repositories.Fact, error)
	// Fact returns one, or an error of kind fault.NotFound.
	Fact(ctx context.Context, source, repositoryID, fact string) (repositories.Fact, error)
}

// suggested are who owns the folder of an entity's descriptor, says CODEOWNERS, if
// the descriptor says nobody.
func (s *Site) suggested(ctx context.Context, c Catalog, e *entities.Entry) ([]outsideLink, error) {
	if s.Facts == nil || !e.LacksOwner() {
		return nil, nil
	}
	fact, err := s.Facts.Fact(ctx, e.Origin.Source, e.Origin.RepositoryID, event.FactCodeowners)
	if fault.KindOf(err) == fault.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var found codeowners.Found
	if err := json.Unmarshal(fact.Value, &found); err != nil {
		return nil, err
	}
	var all []outsideLink
	for _, name := range found.OwnersOfFolder(path.Dir(e.Origin.Path)) {
		l := outsideLink{label: name}
		if ref := accountRef(c, name, e.Origin.URL); ref != "" {
			l.href = templ.SafeURL(named(c, ref).Href)
		}
		all = append(all, l)
	}
	return all, nil
}

// accountRef finds the Group or User of an owner in CODEOWNERS, first by what their
// annotations say they are at the forge, then by name; "" if there is none.
func accountRef(c Catalog, owner, page string) string {
	name, ok := strings.CutPrefix(owner, "@")
	if !ok || strings.HasPrefix(name, "@") { // an e-mail address, or a role
		return ""
	}
	at, isTeam := "user", strings.Contains(name, "/")
	annotations := []string{"github.com/user-login"}
	if isTeam {
		at, annotations = "group", []string{"github.com/team-slug"}
	}
	if u, err := url.Parse(page); err == nil && u.Hostname() != "" {
		annotations = append(annotations, u.Hostname()+"/team-path")
	}
	for _, key := range annotations {
		rows := c.List(entities.Listing{Where: entities.Equals{Key: "metadata.annotations." + strings.ToLower(key), Values: []string{strings.ToLower(name)}}, Limit: 1}).Rows
		if len(rows) > 0 {
			return rows[0].Ref
		}
	}
	ref := at + ":default/" + strings.ToLower(path.Base(name))
	if _, ok := c.Get(ref); ok {
		return ref
	}
	return ""
}
