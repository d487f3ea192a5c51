// Package backstage brings the catalog of a running Backstage over: it registers
// Backstage's locations at a running Callboard, waits until they have been read,
// and compares the two catalogs entity by entity.
//
// Start with [Run]. It talks to both by HTTP and knows nothing of how Callboard
// works inside. Both catalogs are read page by page; what stays in memory of an
// entity is its name and what came out.
package backstage

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/callboard/callboard/internal/fault"
)

const (
	backstageName = "Backstage"
	callboardName = "Callboard"
)

// Options are the settings of an import.
type Options struct {
	From, To Server
	Filters  []string // Backstage's, "kind=component,spec.type=service"; several are alternatives
	DryRun   bool     // register nothing, tell what would come
	// Wait bounds how long to wait for Callboard to read what is registered; 0 = not at all.
	Wait time.Duration
	// Progress is told how far a step is. A total of 0 is not known.
	Progress func(step string, n, total int)
}

// Run brings the catalog over and tells how the two compare. Errors are fit for
// users: of kind fault.Invalid when an option is wrong, fault.Denied when a token
// is, fault.Unavailable when a server does not answer as it should.
func Run(ctx context.Context, o Options) (*Report, error) {
	o.From.Name, o.To.Name = backstageName, callboardName
	theirs, err := newClient(o.From)
	if err != nil {
		return nil, err
	}
	ours, err := newClient(o.To)
	if err != nil {
		return nil, err
	}
	im := &importer{Options: o, theirs: theirs, ours: ours, coming: map[string]bool{}}
	found, err := im.look(ctx)
	if err != nil {
		return nil, err
	}
	locations := found.locations()
	if err := im.register(ctx, locations); err != nil {
		return nil, err
	}
	if !o.DryRun {
		if err := im.await(ctx, locations); err != nil {
			return nil, err
		}
	}
	refused, err := ours.rejections(ctx)
	if err != nil {
		return nil, err
	}
	why := newReasons(refused, locations)
	all, err := im.compare(ctx, why)
	if err != nil {
		return nil, err
	}
	report := &Report{
		Backstage: theirs.base, Callboard: ours.base, DryRun: o.DryRun, Filters: o.Filters, Ignored: Ignored(),
		Locations: locations, Entities: all,
	}
	report.finish()
	return report, nil
}

type importer struct {
	Options
	theirs, ours *client
	coming       map[string]bool // refs that a dry run promises
}

func (im *importer) progress(step string, n, total int) {
	if im.Progress != nil {
		im.Progress(step, n, total)
	}
}

// look finds out where Backstage's entities come from, and which of it Callboard has.
func (im *importer) look(ctx context.Context) (*survey, error) {
	s := newSurvey()
	listed, err := im.theirs.locations(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range listed {
		s.list(p, len(im.Filters) == 0)
	}
	// Ours is asked early too, so that a wrong address or token is told of at once.
	registered, err := im.ours.locations(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range registered {
		s.have[p.locationRef()] = true
	}
	err = im.theirs.entities(ctx, []string{"kind=location"}, refFields(), func(items []json.RawMessage, _ int) error {
		for _, h := range heads(items) {
			s.stands[h.ref()] = true
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	n := 0
	err = im.theirs.entities(ctx, im.Filters, headFields(), func(items []json.RawMessage, total int) error {
		read := heads(items)
		here, _, err := im.ours.byRefs(ctx, refsOf(read), headFields())
		if err != nil {
			return err
		}
		for i, h := range heads(here) {
			s.note(read[i], h)
		}
		n += len(items)
		im.progress("look at Backstage's entities", n, total)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s, im.have(ctx, s)
}

// have finds the places that Callboard reads, those of its configuration too.
func (im *importer) have(ctx context.Context, s *survey) error {
	refs := make([]string, 0, len(s.origins))
	for p := range s.origins {
		refs = append(refs, p.locationRef())
	}
	for chunk := range slices.Chunk(refs, pageSize) {
		here, _, err := im.ours.byRefs(ctx, chunk, refFields())
		if err != nil {
			return err
		}
		for i, item := range here {
			if item != nil {
				s.have[chunk[i]] = true
			}
		}
	}
	refused, err := im.ours.rejections(ctx)
	for _, r := range refused {
		s.have[r.Ref] = true
	}
	return err
}

// registrations is how many locations are registered, or tried, at once.
const registrations = 4

// register registers what is to be registered; in a dry run it notes what would come.
func (im *importer) register(ctx context.Context, all []*Location) error {
	var todo []*Location
	for _, l := range all {
		if l.Result == Registered {
			todo = append(todo, l)
		}
	}
	answers := make([][]json.RawMessage, len(todo))
	done := make(chan struct{}, len(todo))
	work, within := errgroup.WithContext(ctx)
	work.SetLimit(registrations + 1)
	work.Go(func() error {
		for i := range todo {
			select {
			case <-done:
				im.progress("register locations", i+1, len(todo))
			case <-within.Done():
				return nil
			}
		}
		return nil
	})
	for i, l := range todo {
		work.Go(func() error {
			var err error
			answers[i], err = im.ours.register(within, l.place, im.DryRun)
			done <- struct{}{}
			return l.answered(err, im.DryRun)
		})
	}
	if err := work.Wait(); err != nil {
		return err
	}
	for _, items := range answers {
		for _, h := range heads(items) {
			im.coming[h.ref()] = true
		}
	}
	return nil
}

// pace is the least time between two looks at what Callboard has read.
const pace = 200 * time.Millisecond

// await waits until Callboard has read all that it is to read, or time is up.
func (im *importer) await(ctx context.Context, all []*Location) error {
	pending := map[string]*Location{}
	for _, l := range all {
		if l.Result == Registered || l.Result == Present {
			pending[l.locationRef()] = l
		}
	}
	total := len(pending)
	deadline := time.NewTimer(im.Wait)
	defer deadline.Stop()
	for {
		at, err := im.outcomes(ctx, pending)
		if err != nil {
			return err
		}
		if len(pending) == 0 {
			return im.settle(ctx)
		}
		im.progress("wait for locations to be read", total-len(pending), total)
		next := time.NewTimer(pace)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-deadline.C:
			for _, l := range pending {
				l.Result, l.Problem = Pending, "it has not been read yet; run this again later"
			}
			return im.settle(ctx)
		case <-next.C:
		}
		// Nothing new within the time that Callboard waits is no error.
		limited, stop := context.WithTimeout(ctx, im.Wait)
		_, err = im.ours.do(limited, call{method: http.MethodGet, path: "/api/catalog/locations", wait: at + 1}, nil)
		stop()
		if err != nil && statusOf(err) != http.StatusServiceUnavailable && !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
	}
}

// outcomes takes those off that have been read, well or not.
func (im *importer) outcomes(ctx context.Context, pending map[string]*Location) (at uint64, err error) {
	var read []string
	for chunk := range slices.Chunk(slices.Collect(maps.Keys(pending)), pageSize) {
		items, seen, err := im.ours.byRefs(ctx, chunk, refFields())
		if err != nil {
			return 0, err
		}
		if at == 0 || seen < at {
			at = seen
		}
		for i, item := range items {
			if item != nil {
				read = append(read, chunk[i])
			}
		}
	}
	refused, err := im.ours.rejections(ctx)
	if err != nil {
		return 0, err
	}
	for _, r := range refused {
		if l := pending[r.Ref]; l != nil {
			l.refuse(r.text())
			delete(pending, r.Ref)
		}
	}
	for _, ref := range read {
		delete(pending, ref)
	}
	return at, nil
}

// settle waits until the catalog shows all that was recorded so far: what one
// reading brought in may be half there.
func (im *importer) settle(ctx context.Context) error {
	last, err := im.ours.newest(ctx)
	if err != nil {
		return err
	}
	_, err = im.ours.do(ctx, call{method: http.MethodGet, path: "/api/catalog/locations", wait: last}, nil)
	return im.ours.failed("wait for the catalog", err)
}

// compare compares the catalogs.
func (im *importer) compare(ctx context.Context, why *reasons) ([]Entity, error) {
	var all []Entity
	seen := map[string]bool{}
	err := im.theirs.entities(ctx, im.Filters, nil, func(items []json.RawMessage, total int) error {
		read := heads(items)
		for _, h := range read {
			if !h.there() {
				return im.theirs.foreign("/api/catalog/entities")
			}
		}
		here, _, err := im.ours.byRefs(ctx, refsOf(read), nil)
		if err != nil {
			return err
		}
		for i, h := range read {
			if ref := h.ref(); !seen[ref] {
				seen[ref] = true
				all = append(all, why.judge(h, items[i], here[i], im.coming[ref]))
			}
		}
		im.progress("compare", len(all), total)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := im.excuse(ctx, all); err != nil {
		return nil, err
	}
	err = im.ours.entities(ctx, im.Filters, refFields(), func(items []json.RawMessage, _ int) error {
		for _, h := range heads(items) {
			if ref := h.ref(); !seen[ref] {
				seen[ref] = true
				all = append(all, Entity{Ref: ref, Result: OnlyHere})
			}
		}
		return nil
	})
	slices.SortFunc(all, func(a, b Entity) int { return cmp.Compare(a.Ref, b.Ref) })
	return all, err
}

// excuse finds the relations that are not here because their other ends are not.
func (im *importer) excuse(ctx context.Context, all []Entity) error {
	asked := map[string]bool{}
	for _, e := range all {
		for _, f := range e.Fields {
			if target, ok := f.target(); ok {
				asked[target] = true
			}
		}
	}
	here := map[string]bool{}
	for chunk := range slices.Chunk(slices.Collect(maps.Keys(asked)), pageSize) {
		items, _, err := im.ours.byRefs(ctx, chunk, refFields())
		if err != nil {
			return err
		}
		for i, item := range items {
			here[chunk[i]] = item != nil
		}
	}
	for i := range all {
		all[i].excuse(here)
	}
	return nil
}

// answered notes what came of registering, or of trying to. An error is one that
// ends all.
func (l *Location) answered(err error, dryRun bool) error {
	switch status := statusOf(err); {
	case err == nil && dryRun:
		l.Result = WouldRegister
	case err == nil:
	case status == http.StatusConflict:
		l.Result = Present
	case status == http.StatusBadRequest && dryRun && l.partly(err.Error()):
	case status == http.StatusBadRequest:
		l.refuse(err.Error())
	case status != 0:
		return fault.New(fault.Unavailable, "%s does not register %s: %w", callboardName, l.place.shown(), err)
	default:
		return err
	}
	return nil
}
