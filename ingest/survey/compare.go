package survey

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
)

const (
	asksAtOnce = 4  // far below what makes forges suspicious
	patience   = 10 // times that a suspect is given grace while deliveries are pending
)

// suspect is a repository whose head is not what has been reached: a delivery is
// on its way, or was missed.
type suspect struct {
	repo ingest.Repository
	head string
}

// compare lists the repositories, and asks for a look at each that is new, has
// changed, or has moved on. In a full reading it asks for all of them.
func (w *worker) compare(ctx context.Context, start time.Time, all bool) error {
	if w.Lister == nil {
		return nil
	}
	var list []ingest.Repository
	for repo, err := range w.Lister.Repositories(ctx) {
		if err != nil {
			return err
		}
		if err := w.pace(); err != nil {
			return err
		}
		list = append(list, repo)
	}
	w.tell(func(s *Status) { s.Total, s.Found = len(list), len(list) })
	tick := event.Cause{Schedule: ingest.ScheduleTick("compare", start)}
	suspects, odd, err := w.compareAll(ctx, list, tick, all)
	if err != nil {
		return err
	}
	if len(odd) > 0 && len(odd) == len(list) { // nothing but the list makes sense
		return fault.New(fault.Unavailable, "%s", odd[0].Err)
	}
	if odd, err = w.missing(ctx, list, odd, tick, all); err != nil {
		return err
	}
	if odd, err = w.close(ctx, suspects, odd, tick); err != nil {
		return err
	}
	w.tell(func(s *Status) { s.Odd = odd })
	return w.again(ctx, tick, all)
}

// again asks once more for a look at what an open gap is about: the portal ended
// before it had asked, or the look failed.
func (w *worker) again(ctx context.Context, tick event.Cause, all bool) error {
	open, err := w.Repositories.Open(ctx, w.Name)
	if err != nil {
		return err
	}
	for _, g := range open {
		if g.Kind != event.GapHead {
			continue
		}
		if err := w.look(ctx, event.RepositoryDue{Repository: g.Repository, Reason: "a delivery was missed", Gap: g.Gap}, tick, all); err != nil {
			return err
		}
	}
	return nil
}

// compareAll returns those whose heads are not what has been reached, and those that
// could not be compared.
func (w *worker) compareAll(ctx context.Context, list []ingest.Repository, tick event.Cause, all bool) ([]suspect, []Odd, error) {
	var (
		mu       sync.Mutex
		suspects []suspect
		odd      []Odd
	)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(asksAtOnce)
	for _, repo := range list {
		g.Go(func() error {
			head, err := w.compareOne(ctx, repo, tick, all)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case ingest.IsOdd(ctx, err) && len(odd) < maxOdd:
				odd = append(odd, w.odd(ctx, repo.State(w.Name).Repository, err))
			case err != nil:
				return err
			case head != "":
				suspects = append(suspects, suspect{repo, head})
			}
			w.tell(func(s *Status) { s.Done++ })
			return nil
		})
	}
	return suspects, odd, g.Wait()
}

// compareOne asks for a look if the repository needs one, and returns its head if
// that is not what was reached although a delivery should have told of it.
func (w *worker) compareOne(ctx context.Context, repo ingest.Repository, tick event.Cause, all bool) (string, error) {
	was, known, err := w.Repositories.State(ctx, w.Name, repo.ID)
	if err != nil {
		return "", err
	}
	if !known {
		return "", w.look(ctx, w.due(repo, "", "found at the forge"), tick, all)
	}
	if !reflect.DeepEqual(was, repo.State(w.Name)) {
		return "", w.look(ctx, w.due(repo, "", "the forge says something else of it"), tick, all)
	}
	if w.Selection.LeavesOut(repo) != "" || repo.DefaultBranch == "" {
		return "", nil
	}
	if err := w.pace(); err != nil {
		return "", err
	}
	head, err := w.Forge.Head(ctx, repo, repo.DefaultBranch)
	switch kind := fault.KindOf(err); {
	case kind == fault.NotFound: // it is empty
		return "", nil
	case kind == fault.Denied || kind == fault.Invalid: // one that may not be read keeps no other from it
		w.Logger.WarnContext(ctx, "a repository cannot be compared", "source", w.Name, "repository", repo.FullName, "error", err)
		return "", nil
	case err != nil:
		return "", err
	}
	reached, err := w.Deliveries.Reached(ctx, w.Name, repo.ID)
	switch {
	case err != nil:
		return "", err
	case all:
		return "", w.look(ctx, w.due(repo, head.SHA, "daily reading"), tick, all)
	case reached == head.SHA:
		return "", w.lookForLost(ctx, repo, head.SHA, tick, all)
	case reached == "":
		return "", w.look(ctx, w.due(repo, head.SHA, "not read so far"), tick, all)
	}
	return head.SHA, nil
}

// lookForLost asks for a look at a repository that has not moved, if what no delivery
// tells of again is not known of it: alerts that are older than the webhook, and
// documentation that was never read or is not kept any more.
func (w *worker) lookForLost(ctx context.Context, repo ingest.Repository, head string, tick event.Cause, all bool) error {
	documented, err := w.Repositories.Documented(ctx, w.Name, repo.ID)
	if err != nil {
		return err
	}
	if !documented {
		return w.look(ctx, w.due(repo, head, "its documentation is not here"), tick, all)
	}
	if _, lists := w.Forge.(ingest.AlertLister); !lists {
		return nil
	}
	listed, err := w.Repositories.Listed(ctx, w.Name, repo.ID)
	if err != nil || listed {
		return err
	}
	return w.look(ctx, w.due(repo, head, "which alerts are open is not known"), tick, all)
}

// close gives deliveries that are on their way the time that they need, and then
// calls what was not delivered a gap, and asks to close it. It adds those to odd that
// the forge gives no answer about by then.
func (w *worker) close(ctx context.Context, suspects []suspect, odd []Odd, tick event.Cause) ([]Odd, error) {
	pending := -1 // not known
	for try := 0; pending != 0; try++ {
		if len(suspects) == 0 || try == patience { // the next comparison sees them again
			return odd, nil
		}
		if !pause(ctx, w.Grace) {
			return odd, ctx.Err()
		}
		var err error
		if pending, err = w.Deliveries.Pending(ctx, w.Name); err != nil {
			return odd, err
		}
	}
	delivers, err := w.Deliveries.Delivers(ctx, w.Name)
	if err != nil {
		return odd, err
	}
	for _, s := range suspects {
		reached, err := w.Deliveries.Reached(ctx, w.Name, s.repo.ID)
		if err != nil {
			return odd, err
		}
		if reached == s.head {
			continue
		}
		now, err := w.Forge.Head(ctx, s.repo, s.repo.DefaultBranch)
		if err != nil && fault.KindOf(err) == fault.NotFound {
			continue
		}
		if ingest.IsOdd(ctx, err) && len(odd) < maxOdd {
			odd = append(odd, w.odd(ctx, s.repo.State(w.Name).Repository, err))
			continue
		}
		if err != nil {
			return odd, err
		}
		if now.SHA == reached || now.SHA != s.head { // it moved on meanwhile: a delivery of that may come
			continue
		}
		stands, err := w.Deliveries.Unfinished(ctx, w.Name, s.repo.ID, s.head)
		if err != nil {
			return odd, err
		}
		if stands != "" { // a delivery told so, and waits for a person
			continue
		}
		if err := w.gap(ctx, s, now, delivers, tick); err != nil {
			return odd, err
		}
	}
	return odd, nil
}

// gap records that a branch moved without a word, and asks for a look. A source
// that never sent anything has no webhook that could have told.
func (w *worker) gap(ctx context.Context, s suspect, head ingest.Commit, delivers bool, tick event.Cause) error {
	if !delivers {
		return w.Translator.Due(ctx, w.due(s.repo, s.head, "the branch has moved"), tick)
	}
	g := event.SourceGapFound{
		Source: w.Name, Gap: event.DeriveID(0, w.Name, s.repo.ID, s.head), Kind: event.GapHead, Repository: s.repo.State(w.Name).Repository,
		Detail: fmt.Sprintf("%s is at %.7s, and no delivery told so", s.repo.DefaultBranch, s.head), Since: head.Time,
	}
	if err := w.found(ctx, g, s.repo.FullName, tick); err != nil {
		return err
	}
	return w.Translator.Due(ctx, event.RepositoryDue{Repository: g.Repository, Head: s.head, Reason: "a delivery was missed", Gap: g.Gap}, tick)
}

// found records that something was missed. It happened before it was found, whatever a
// clock elsewhere says.
func (w *worker) found(ctx context.Context, g event.SourceGapFound, subject string, tick event.Cause) error {
	if now := w.Now(); g.Since.After(now) {
		g.Since = now
	}
	return w.record(ctx, g, subject, "gap found", g.Gap, tick)
}

func (w *worker) record(ctx context.Context, data event.Data, subject, what, id string, why event.Cause) error {
	e, err := event.New(event.SourcePrefix+w.Name, subject, data)
	if err != nil {
		return err
	}
	e.ID, e.Cause = event.DeriveID(0, what, w.Name, id), why
	return w.Translator.Record(ctx, e)
}

func (w *worker) due(repo ingest.Repository, head, reason string) event.RepositoryDue {
	return event.RepositoryDue{Repository: repo.State(w.Name).Repository, Head: head, Reason: reason}
}

// look asks for a look at a repository, unless another says the same: it is still to
// come, or waits for a person. A full reading tries again what failed.
func (w *worker) look(ctx context.Context, d event.RepositoryDue, tick event.Cause, all bool) error {
	status, err := w.Deliveries.Unfinished(ctx, w.Name, d.ID, d.Head)
	if err != nil || status != "" && !(all && status == event.DeliveryFailed) {
		return err
	}
	return w.Translator.Due(ctx, d, tick)
}

// missing looks for known repositories that the list has not. One that was moved
// elsewhere is looked at; one that cannot be found at all is told of, and kept. It adds
// those to odd that the forge gives no answer about.
func (w *worker) missing(ctx context.Context, list []ingest.Repository, odd []Odd, tick event.Cause, all bool) ([]Odd, error) {
	listed := make(map[string]bool, len(list))
	for _, r := range list {
		listed[r.ID] = true
	}
	known, err := w.Repositories.All(ctx, w.Name)
	if err != nil {
		return odd, err
	}
	var missing []event.Repository
	for _, was := range known {
		if listed[was.ID] {
			continue
		}
		if err := w.pace(); err != nil {
			return odd, err
		}
		now, err := w.Forge.Repository(ctx, ingest.Repository{ID: was.ID, FullName: was.FullName})
		switch kind := fault.KindOf(err); {
		case kind == fault.NotFound || kind == fault.Denied:
			missing = append(missing, was.Repository)
		case ingest.IsOdd(ctx, err) && len(odd) < maxOdd:
			odd = append(odd, w.odd(ctx, was.Repository, err))
		case err != nil:
			return odd, err
		case !reflect.DeepEqual(was, now.State(w.Name)):
			if err := w.look(ctx, w.due(now, "", "it was moved"), tick, all); err != nil {
				return odd, err
			}
		}
	}
	w.tell(func(s *Status) { s.Missing = missing })
	return odd, nil
}
