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
	problems     []string
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
	v.failed, v.problems, v.problem, v.ended = b.Failed, b.Problems, b.Err, ui.Near(b.Ended, r.now)
	if b.Total > 0 {
		v.percent = 100 * b.Done / b.Total
	}
	return v
}

// again is what the button says.
func (v *backfillView) again() string {
	if v.ran && (v.failed > 0 || v.problem != "") {
		return "Go on with the past"
	}
	return "Read the past"
}
