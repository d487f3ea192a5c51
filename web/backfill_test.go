package web_test

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/standing"
	"github.com/callboard/callboard/web"
	"github.com/callboard/callboard/web/internal/sample"
)

func TestBackfillOfSource(t *testing.T) {
	var (
		begun []string
		is    *standing.Backfill
	)
	p := acme(t, func(c *web.Config) {
		c.Backfill = func(_ context.Context, source string) error {
			if is != nil && is.Ended.IsZero() {
				return fault.New(fault.Conflict, "the past of source %s is being read", source)
			}
			begun = append(begun, source)
			return nil
		}
		c.Standing.(*standing.Reader).Backfill = func(source string) (standing.Backfill, bool) {
			if is == nil || source != "github" {
				return standing.Backfill{}, false
			}
			return *is, true
		}
	})
	if err := p.world.Connected(3); err != nil {
		t.Fatal(err)
	}
	p.settle()
	card := "[aria-labelledby=h-past]"
	action, form := p.ok("/sources/github").submit(card+" form", nil)
	if got := p.post(action, form); got.status != http.StatusSeeOther || got.header.Get("Location") != "/sources/github" {
		t.Errorf("the button answers %d and leads to %q", got.status, got.header.Get("Location"))
	}
	if diff := cmp.Diff([]string{"github"}, begun); diff != "" {
		t.Error(diff)
	}

	is = &standing.Backfill{Began: sample.Now, Done: 12, Total: 54, Repository: "acme/till", Events: 310}
	runs := p.ok("/sources/github")
	runs.wants(card, "12 of 54 repositories, 310 events found.", "acme/till is being read.")
	if len(runs.all(card+" button")) > 0 || runs.header.Get("Refresh") == "" {
		t.Error("while one runs there is a button, or the page does not look again")
	}
	if got := p.post("/sources/backfill", url.Values{"source": {"github"}}); got.status != http.StatusConflict {
		t.Errorf("a second one while one runs: %d", got.status)
	}

	is.Done, is.Failed, is.Ended, is.Problems = 54, 2, sample.Now.Add(-time.Minute), []string{"acme/till: the token may not read it"}
	ran := p.ok("/sources/github")
	ran.wants(card, "310 events came of the past of 52 repositories", "2 repositories could not be read:", "acme/till: the token may not read it", "Go on with the past")
	if ran.header.Get("Refresh") != "" {
		t.Error("the page looks again although nothing runs")
	}
	is.Err = "the log cannot be read"
	p.ok("/sources/github").wants(card, "It ended early. The log cannot be read. What was found stays.")
}
