package web_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
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
	if len(runs.all(card+" button")) > 0 || runs.again() == "" {
		t.Error("while one runs there is a button, or the page does not look again")
	}
	if got := p.post("/sources/backfill", url.Values{"source": {"github"}}); got.status != http.StatusConflict {
		t.Errorf("a second one while one runs: %d", got.status)
	}

	is.Done, is.Failed, is.Ended, is.Problems = 54, 2, sample.Now.Add(-time.Minute), []string{"acme/till: the token may not read it"}
	ran := p.ok("/sources/github")
	ran.wants(card, "310 events came of the past of 52 repositories", "2 repositories could not be read:", "acme/till: the token may not read it", "Go on with the past")
	if ran.again() != "" {
		t.Error("the page looks again although nothing runs")
	}

	// However many could not be read, all are there to be seen.
	is.Problems = nil
	for i := range 9 {
		is.Problems = append(is.Problems, fmt.Sprintf("acme/till-%d: the token may not read it", i))
	}
	is.Failed = 12
	many := p.ok("/sources/github")
	many.wants(card+" .behind", "and 4 more", "acme/till-8: the token may not read it")
	many.wants(card, "12 repositories could not be read:", "3 more are in the portal's log.")
	for _, tt := range []struct {
		done, failed, events int
		says, not            string
	}{
		{3, 0, 1, "1 event came of the past of 3 repositories,", "could not"},
		{3, 1, 0, "The past of 2 repositories brought nothing that is not on record,", "0 events"},
		{2, 2, 0, "2 repositories could not be read:", "past of"},
		{0, 0, 0, "There was no repository to read,", "past of"},
	} {
		is.Done, is.Total, is.Failed, is.Events, is.Problems = tt.done, tt.done, tt.failed, tt.events, nil
		got := p.ok("/sources/github")
		got.wants(card, tt.says)
		if text := got.text(card + " .card-body"); strings.Contains(text, tt.not) {
			t.Errorf("%+v: it says %q", tt, text)
		}
	}
	is.Err = "the log cannot be read"
	p.ok("/sources/github").wants(card, "It ended early. The log cannot be read. What was found stays.")
}
