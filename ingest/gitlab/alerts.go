package gitlab

import (
	"context"
	"fmt"
	"time"

	gitlab "gitlab.com/gitlab-org/api/client-go"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/ingest/forgeapi"
	"github.com/callboard/callboard/internal/fault"
)

var _ ingest.AlertLister = forge{}

// OpenAlerts lists the vulnerabilities of a project, whose ids are those that webhooks
// tell. Only Ultimate has them: other instances answer 403 or 404. One list is of all
// tools.
func (f forge) OpenAlerts(ctx context.Context, repo ingest.Repository) (map[string][]ingest.Alert, error) {
	doing := fmt.Sprintf("list the vulnerabilities of %s", repo.FullName)
	list, err := forgeapi.Collect(forgeapi.Pages(doing, func(number int64) ([]*gitlab.ProjectVulnerability, int64, error) {
		//nolint:staticcheck // GraphQL is to replace it some day; then 404 says that nothing is told
		some, resp, err := f.client.ProjectVulnerabilities.ListProjectVulnerabilities(repo.ID, &gitlab.ListProjectVulnerabilitiesOptions{
			ListOptions: gitlab.ListOptions{Page: max(number, 1), PerPage: perPage},
		}, gitlab.WithContext(ctx))
		if err != nil {
			return nil, 0, f.fail(ctx, doing, resp, err)
		}
		return some, resp.NextPage, nil
	}))
	if kind := fault.KindOf(err); kind == fault.NotFound || kind == fault.Denied {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	all := map[string][]ingest.Alert{"code scanning": {}, "dependencies": {}, "secrets": {}}
	for _, v := range list {
		if v == nil || v.ID <= 0 || v.State == "" {
			return nil, fault.New(fault.Unavailable, "%s: the answer is no list of vulnerabilities", doing)
		}
		if v.State != "detected" && v.State != "confirmed" {
			continue
		}
		tool := scanner(v.ReportType)
		all[tool] = append(all[tool], ingest.Alert{
			ActivityAlert: event.ActivityAlert{
				ID: fmt.Sprint(v.ID), State: event.AlertOpen, Severity: severity(v.Severity), Title: ingest.Short(v.Title),
				URL: vulnerabilityPage(repo, v.ID), Opened: orZero(v.CreatedAt),
			},
			Updated: orZero(v.UpdatedAt),
		})
	}
	return all, nil
}

// vulnerabilityPage is where people look at one: the list does not say.
func vulnerabilityPage(repo ingest.Repository, id int64) string {
	if repo.URL == "" {
		return ""
	}
	return ingest.WebPage(fmt.Sprintf("%s/-/security/vulnerabilities/%d", repo.URL, id))
}

func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}
