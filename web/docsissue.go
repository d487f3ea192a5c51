package web

import (
	"fmt"
	"net/url"
	"path"
	"slices"

	"github.com/a-h/templ"

	"github.com/callboard/callboard/techdocs"
	"github.com/callboard/callboard/web/ui"
)

// docsIssue is the form of a forge for a new issue, filled in.
type docsIssue struct {
	href templ.SafeURL // "" if the repository has no issues that are known
	text string        // the parameter that has the text: a script puts before it what is selected
}

// issueForm is how a forge takes an issue: after the address of the repository, and with
// which parameters.
type issueForm struct{ path, title, text string }

// issueForms are those of forges by the type of their sources.
// See https://docs.github.com/issues/tracking-your-work-with-issues/creating-an-issue and
// https://docs.gitlab.com/user/project/issues/create_issues/.
func issueForms(source string) (issueForm, bool) {
	switch source {
	case "github":
		return issueForm{"/issues/new", "title", "body"}, true
	case "gitlab":
		return issueForm{"/-/issues/new", "issue[title]", "issue[description]"}, true
	}
	return issueForm{}, false
}

// docsIssue is where something about a page is reported.
func (s *Site) docsIssue(d docsReader, page *techdocs.Page) (to docsIssue) {
	repo := d.published.Repository
	all := s.Sources()
	i := slices.IndexFunc(all, func(one Source) bool { return one.Name == repo.Source })
	if i < 0 || all[i].Pages == "" || repo.FullName == "" {
		return to
	}
	form, ok := issueForms(all[i].Type)
	if !ok {
		return to
	}
	text := fmt.Sprintf("Page: [%s](%s)\nFile: `%s` at commit %s\n", page.Title, s.URL+d.href(page.Path), path.Join(d.published.Root, page.Source.Path), d.published.Commit)
	query := url.Values{form.title: {"Docs: " + ui.Shorten(page.Title, 100)}, form.text: {text}}
	at := all[i].Pages + (&url.URL{Path: "/" + repo.FullName}).EscapedPath() + form.path + "?" + query.Encode()
	return docsIssue{ui.Outside(at), form.text}
}
