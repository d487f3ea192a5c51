package web

import (
	"context"
	"net/url"

	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/standing"
	"github.com/callboard/callboard/web/ui"
)

const backfillPath = sourcesPath + "/backfill"

// backfill handles "POST /sources/backfill".
func (s *Site) backfill(ctx context.Context, _ browser, form url.Values) (string, error) {
	name := form.Get(fieldSource)
	if s.Backfill == nil {
		return "", fault.New(fault.NotFound, "no past can be read here")
	}
	return sourceLink(name), s.Backfill(ctx, name)
}

// backfillView is how far the past of a source is read; nil where no page can have
// it read.
type backfillView struct {
	source       string
	running, ran bool
	done, total  int
	percent      int
	repository   string
	events       int
	failed       int
	problems     []string // the first few
	others       []string
	logged       int // of which only the log says why
	problem      string
	ended        ui.Moment
	nothing      bool // no repository is known yet
}

// newBackfillView is what the page of a source tells of its past.
func (s *Site) newBackfillView(r request, state standing.State) *backfillView {
	if s.Backfill == nil {
		return nil
	}
	v := &backfillView{source: state.Source, nothing: state.Counts.Repositories == 0}
	b := state.Backfill
	if b == nil {
		return v
	}
	v.running, v.ran = b.Ended.IsZero(), !b.Ended.IsZero()
	v.done, v.total, v.repository, v.events = b.Done, b.Total, b.Repository, b.Events
	v.failed, v.problem, v.ended = b.Failed, b.Err, ui.Near(b.Ended, r.now)
	few := min(len(b.Problems), shownProblems)
	v.problems, v.others, v.logged = b.Problems[:few], b.Problems[few:], b.Failed-len(b.Problems)
	if b.Total > 0 {
		v.percent = 100 * b.Done / b.Total
	}
	return v
}

// shownProblems is how many repositories that could not be read the page lists at once.
const shownProblems = 5

// brought says what came of it, up to when that was; "" if there is nothing to say.
func (v *backfillView) brought() string {
	switch read := v.done - v.failed; {
	case v.done == 0:
		return "There was no repository to read, "
	case read == 0:
		return ""
	case v.events == 0:
		return "The past of " + ui.Plural(read, "repository", "repositories") + " brought nothing that is not on record, "
	default:
		return ui.Plural(v.events, "event", "events") + " came of the past of " + ui.Plural(read, "repository", "repositories") + ", "
	}
}

// again is what the button says.
func (v *backfillView) again() string {
	if v.ran && (v.failed > 0 || v.problem != "") {
		return "Go on with the past"
	}
	return "Read the past"
}
