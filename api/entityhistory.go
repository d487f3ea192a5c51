package api

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/projections/ledger"
	"github.com/callboard/callboard/projections/moments"
)

// remembers refuses what nothing is known of without a history.
func (a *API) remembers(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if a.Ledger == nil || a.Moments == nil {
			return fault.New(fault.Invalid, "this portal has no history to look into")
		}
		return next(c)
	}
}

// momentOf reads at and known. What is told of an entity ends at that moment, also by
// what was known then.
func (a *API) momentOf(c echo.Context) (projections.Moment, error) {
	ctx, at, known := c.Request().Context(), c.QueryParam(paramAt.name), c.QueryParam(paramKnown.name)
	m, err := a.Moments.Parse(ctx, at, known)
	if err != nil || known != moments.Then {
		return m, err
	}
	then, err := a.Moments.Parse(ctx, at, "")
	m.At = then.At
	return m, err
}

// period reads from and to, and known for both. The zero time is the beginning; a
// moment without a time is now.
func (a *API) period(c echo.Context) (from time.Time, to projections.Moment, err error) {
	ctx, begin, end, known := c.Request().Context(), c.QueryParam("from"), c.QueryParam("to"), c.QueryParam(paramKnown.name)
	if to.At, err = a.Moments.Bound(ctx, "to", end); err != nil {
		return from, to, err
	}
	if known == moments.Then { // at the end of the period
		known = ""
		if _, _, ok := projections.ParseTime(end); !ok {
			known = end
		} else if !to.At.IsZero() {
			known = to.At.Format(time.RFC3339Nano)
		}
	}
	m, err := a.Moments.Parse(ctx, "", known)
	if err != nil {
		return from, to, err
	}
	to.Known = m.Known
	if from, err = a.Moments.Bound(ctx, "from", begin); err != nil {
		return from, to, err
	}
	if until := a.Ledger.Until(to); begin != "" && (from.IsZero() || from.After(until)) {
		return from, to, fault.New(fault.Invalid, "from: %s is not before %s", begin, cmp.Or(end, "now"))
	}
	return from, to, nil
}

// bound is a bound of a period as it is written: the instant before a date is that date.
func bound(t time.Time) time.Time { return t.Round(time.Microsecond).UTC() }

func refOf(c echo.Context) string {
	return catalog.Ref{Kind: pathParam(c, "kind"), Namespace: pathParam(c, "namespace"), Name: pathParam(c, "name")}.String()
}

// toldJSON names the event that something is by.
type toldJSON struct {
	Entity   string            `json:"entity"`
	Position eventlog.Position `json:"position"`
	Type     event.Type        `json:"type"`
	Time     time.Time         `json:"time"`
	Actor    event.Actor       `json:"actor"`
	Cause    event.Cause       `json:"cause"`
	Summary  string            `json:"summary"`
}

func toToldJSON(t *history.Told) *toldJSON {
	if t == nil {
		return nil
	}
	return &toldJSON{t.Subject, t.Position, t.Type, t.Since, t.Actor, t.Cause, t.Summary}
}

// versionJSON is an event of an entity's timeline.
type versionJSON struct {
	eventJSON
	Since   time.Time `json:"since"`
	Version int       `json:"version,omitempty"`
	Present bool      `json:"present"`
}

// handleVersions handles "GET /api/history/entities/:kind/:namespace/:name".
func (a *API) handleVersions(c echo.Context) error {
	m, err := a.momentOf(c)
	if err != nil {
		return err
	}
	f, err := parseEventFilter(c.QueryParams())
	if err != nil {
		return err
	}
	told, err := a.Ledger.Versions(c.Request().Context(), refOf(c), m)
	if err != nil {
		return err
	}
	body := struct {
		Ref        string        `json:"ref"`
		Items      []versionJSON `json:"items"`
		TotalItems int           `json:"totalItems"`
		NextCursor string        `json:"nextCursor,omitempty"`
	}{Ref: refOf(c), Items: []versionJSON{}, TotalItems: len(told)}
	if !f.Oldest {
		slices.Reverse(told)
	}
	if f.After > 0 {
		i := slices.IndexFunc(told, func(t history.Told) bool { return t.Position == f.After })
		if i < 0 {
			return fault.New(fault.Invalid, "after must be the nextCursor of the page before: event %d is none of the entity's", f.After)
		}
		told = told[i+1:]
	}
	if n := pageOf(f.Limit, 50, 500); len(told) > n {
		told = told[:n]
		body.NextCursor = strconv.FormatUint(uint64(told[n-1].Position), 10)
	}
	for _, t := range told {
		body.Items = append(body.Items, versionJSON{toEventJSON(t.Entry), t.Since, t.Version, t.Entity != ""})
	}
	return c.JSON(http.StatusOK, body)
}

// pageOf is how many a page holds.
func pageOf(limit, otherwise, most int) int {
	if limit <= 0 {
		return otherwise
	}
	return min(limit, most)
}

// handleBlame handles "GET /api/history/entities/:kind/:namespace/:name/blame".
func (a *API) handleBlame(c echo.Context) error {
	type item struct {
		Path      string            `json:"path"`
		Value     any               `json:"value"`
		Since     time.Time         `json:"since"`
		Position  eventlog.Position `json:"position"`
		Actor     event.Actor       `json:"actor"`
		Commit    string            `json:"commit,omitempty"`
		CommitURL string            `json:"commitUrl,omitempty"`
	}
	return asOf(a, c, a.Ledger.Blame, func(f ledger.Field) item {
		e := f.Event
		return item{f.Path, f.Value, e.Since, e.Position, e.Actor, e.Cause.Commit, e.Cause.CommitURL}
	})
}

// asOf answers with what is found out of an entity as of the moment that is asked for.
func asOf[T, J any](a *API, c echo.Context, find func(ctx context.Context, ref string, m projections.Moment) ([]T, error), write func(T) J) error {
	m, err := a.momentOf(c)
	if err != nil {
		return err
	}
	found, err := find(c.Request().Context(), refOf(c), m)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{"ref": refOf(c), "until": a.Ledger.Until(m), "items": each(found, write)})
}

func each[T, J any](all []T, write func(T) J) []J {
	items := make([]J, len(all))
	for i, one := range all {
		items[i] = write(one)
	}
	return items
}

// handleOwners handles "GET /api/history/entities/:kind/:namespace/:name/owners".
func (a *API) handleOwners(c echo.Context) error {
	type item struct {
		From  time.Time `json:"from"`
		To    time.Time `json:"to,omitzero"`
		State string    `json:"state"`
		Owner string    `json:"owner,omitempty"`
		Began *toldJSON `json:"began"`
		Ended *toldJSON `json:"ended,omitempty"`
	}
	return asOf(a, c, a.Ledger.Owners, func(i ledger.Interval) item {
		state := "owned"
		switch {
		case i.Absent:
			state = "absent"
		case i.Value == "":
			state = "unowned"
		}
		return item{i.From, i.To, state, i.Value, toToldJSON(i.Began), toToldJSON(i.Ended)}
	})
}

// handleRelations handles "GET /api/history/entities/:kind/:namespace/:name/relations".
func (a *API) handleRelations(c echo.Context) error {
	type item struct {
		catalog.Relation
		Op string    `json:"op"`
		At time.Time `json:"at"`
		By *toldJSON `json:"by"`
	}
	from, to, err := a.period(c)
	if err != nil {
		return err
	}
	turns, err := a.Ledger.Relations(c.Request().Context(), refOf(c), from, to)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{"ref": refOf(c), "until": bound(a.Ledger.Until(to)), "items": each(turns, func(t ledger.Turn) item {
		op := "lost"
		if t.Gained {
			op = "gained"
		}
		return item{t.Relation, op, t.At, toToldJSON(t.Event)}
	})})
}

// transferJSON is that an entity went from one owner to another.
type transferJSON struct {
	Ref     string    `json:"ref"`
	From    string    `json:"from,omitempty"`
	To      string    `json:"to,omitempty"`
	New     bool      `json:"new,omitempty"`
	Removed bool      `json:"removed,omitempty"`
	At      time.Time `json:"at"`
	By      *toldJSON `json:"by"`
}

func toTransferJSON(t ledger.Transfer) transferJSON {
	return transferJSON{t.Ref, t.From, t.To, t.New, t.Gone, t.At, toToldJSON(t.Event)}
}

// handleAccount handles "GET /api/history/entities/:kind/:namespace/:name/ledger".
func (a *API) handleAccount(c echo.Context) error {
	type reorganisation struct {
		From   string   `json:"from"`
		To     string   `json:"to"`
		Day    string   `json:"day"`
		Commit string   `json:"commit,omitempty"`
		Refs   []string `json:"refs"`
	}
	from, to, err := a.period(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	account, err := a.Ledger.Team(ctx, refOf(c), from, to)
	if err != nil {
		return err
	}
	if account.Before+account.After+len(account.Gained)+len(account.Lost) == 0 { // did it own nothing, or was it never there?
		if _, err := a.Ledger.Versions(ctx, refOf(c), to); err != nil {
			return err
		}
	}
	return c.JSON(http.StatusOK, map[string]any{
		"ref": refOf(c), "from": bound(account.From), "until": bound(account.To), "before": account.Before, "after": account.After,
		"gained": each(account.Gained, toTransferJSON), "lost": each(account.Lost, toTransferJSON),
		"reorganisations": each(account.Reorganisations, func(r ledger.Reorganisation) reorganisation {
			one := reorganisation{From: r.From, To: r.To, Day: r.Day.Format(time.DateOnly)}
			if told := r.OneCommit(); told != nil {
				one.Commit = told.Cause.Commit
			}
			one.Refs = each(r.Transfers, func(t ledger.Transfer) string { return t.Ref })
			return one
		}),
	})
}
