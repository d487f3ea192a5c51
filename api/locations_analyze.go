package api

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/internal/fault"
)

// handleAnalyze handles "POST /api/catalog/analyze-location": a first descriptor
// for a repository that has none.
func (a *API) handleAnalyze(c echo.Context) error {
	var in struct {
		Location locationInput `json:"location"`
	}
	if _, err := readBody(c, bodyAnalyze, &in); err != nil {
		return err
	}
	host, slug, ok := repositoryAt(in.Location.Target)
	if !ok {
		return fault.New(fault.Invalid, "%q is no address of a repository", in.Location.Target)
	}
	metadata := map[string]any{"name": slug[strings.LastIndex(slug, "/")+1:]}
	if site := a.siteOf(host); site != "" {
		metadata["annotations"] = map[string]string{site + "/project-slug": slug}
	}
	return writeJSON(c, http.StatusOK, map[string]any{
		"existingEntityFiles": []any{},
		"generateEntities": []any{map[string]any{
			"entity": map[string]any{
				"apiVersion": "backstage.io/v1alpha1", "kind": "Component", "metadata": metadata,
				"spec": map[string]any{"type": "other", "lifecycle": "unknown"},
			},
			"fields": []any{},
		}},
	})
}

// siteOf returns the public site of the kind of forge that a host is, which
// annotations are named after wherever it runs; "" if that is not known.
func (a *API) siteOf(host string) string {
	if site, ok := a.Sites()[host]; ok {
		return site
	}
	if slices.Contains([]string{"github.com", "gitlab.com", "bitbucket.org", "dev.azure.com"}, host) {
		return host
	}
	return ""
}

// repositoryAt returns the host and the full name of the repository that a page
// is of.
func repositoryAt(address string) (host, slug string, ok bool) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "", "", false
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	if i := slices.IndexFunc(parts, func(p string) bool { return slices.Contains([]string{"-", "blob", "tree", "raw", "edit"}, p) }); i >= 0 {
		parts = parts[:i]
	}
	if len(parts) < 2 {
		return "", "", false
	}
	return u.Host, strings.TrimSuffix(strings.Join(parts, "/"), ".git"), true
}
