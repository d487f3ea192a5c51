package github

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/ingest/forgeapi"
	"github.com/callboard/callboard/internal/fault"
)

var _ ingest.AlertLister = forge{}

// alertTools are what finds alerts: where each lists them, and how it tells of one.
func alertTools() map[string]func(*alert) event.ActivityAlert {
	return map[string]func(*alert) event.ActivityAlert{
		"code-scanning": (*alert).code, "dependabot": (*alert).dependency, "secret-scanning": (*alert).secret,
	}
}

// OpenAlerts asks each tool. One that is off, or not for this token, answers 403 or 404.
func (f forge) OpenAlerts(ctx context.Context, repo ingest.Repository) (map[string][]ingest.Alert, error) {
	all := map[string][]ingest.Alert{}
	tools := alertTools()
	for _, tool := range slices.Sorted(maps.Keys(tools)) {
		tell := tools[tool]
		doing := fmt.Sprintf("list the %s alerts of %s", tool, repo.FullName)
		list, err := forgeapi.Collect(f.alerts(ctx, doing, repo, tool))
		if kind := fault.KindOf(err); kind == fault.NotFound || kind == fault.Denied {
			continue
		}
		if err != nil {
			return nil, err
		}
		found := []ingest.Alert{}
		name := tell(&alert{}).Tool
		for i := range list {
			a := &list[i]
			said := tell(a)
			said.State = event.AlertOpen // it was asked for those
			if !a.fill(&said) {
				return nil, fault.New(fault.Unavailable, "%s: the answer is no list of alerts", doing)
			}
			found = append(found, ingest.Alert{ActivityAlert: said, Updated: a.UpdatedAt.Time})
		}
		all[name] = found
	}
	return all, nil
}

// alerts yields what one tool lists. Dependabot's pages are named by cursors, those of the
// others by numbers.
func (f forge) alerts(ctx context.Context, doing string, repo ingest.Repository, tool string) func(func(alert, error) bool) {
	owner, name := split(repo)
	next := url.Values{}
	return forgeapi.Pages(doing, func(number int) ([]alert, int, error) {
		query := url.Values{"state": {"open"}, "per_page": {strconv.Itoa(perPage)}}
		for key := range next {
			query.Set(key, next.Get(key))
		}
		if tool == "secret-scanning" {
			query.Set("hide_secret", "true")
		}
		r, err := f.client.NewRequest(http.MethodGet, fmt.Sprintf("repos/%s/%s/%s/alerts?%s", owner, name, tool, query.Encode()), nil)
		if err != nil {
			return nil, 0, fmt.Errorf("%s: %w", doing, err)
		}
		if tool == "secret-scanning" { // older servers show what leaked all the same: it is kept nowhere
			r.Header.Set("Cache-Control", "no-store")
		}
		var some []alert
		resp, err := f.client.Do(ctx, r, &some)
		if err != nil {
			return nil, 0, f.fail(ctx, doing, resp, err)
		}
		switch {
		case resp.After != "":
			next = url.Values{"after": {resp.After}}
		case resp.NextPage != 0:
			next = url.Values{"page": {strconv.Itoa(resp.NextPage)}}
		default:
			return some, 0, nil
		}
		return some, number + 1, nil
	})
}
