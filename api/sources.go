package api

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections/deliveries"
	"github.com/callboard/callboard/projections/repositories"
	"github.com/callboard/callboard/projections/standing"
)

// Source is one configured source.
type Source struct {
	Name      string `json:"name"`
	Type      string `json:"type"`
	URL       string `json:"url"`       // where its webhook sends to
	Connected bool   `json:"connected"` // while the portal ran: it can be changed, and disconnected
}

// Standing tells how the sources stand.
type Standing interface {
	All(context.Context) ([]standing.State, error)
	// One returns an error of kind fault.NotFound for a name that no source has.
	One(ctx context.Context, source string) (standing.State, error)
}

// Gaps are what of sources was missed.
type Gaps interface {
	Gaps(ctx context.Context, source string, limit int) ([]repositories.Gap, error)
}

// Survey asks to look for what is new in a source, soon. The error is of kind
// fault.NotFound for a name that no source has, fault.Conflict for a source that is
// not surveyed.
type Survey func(ctx context.Context, source string) error

// Backfill begins to give the catalog the past of a source. The error is of kind
// fault.NotFound for a name that no source has, fault.Conflict while one runs and for
// a source that nothing is read from.
type Backfill func(ctx context.Context, source string) error

// listedGaps is how many gaps an answer lists.
const listedGaps = 100

type sourceJSON struct {
	Source
	Condition       standing.Condition  `json:"condition"`
	CompleteThrough time.Time           `json:"completeThrough,omitzero"`
	LagSeconds      float64             `json:"lagSeconds"`
	Deliveries      int                 `json:"deliveries"`
	Pending         int                 `json:"pending"`
	PendingSince    time.Time           `json:"pendingSince,omitzero"`
	Failed          int                 `json:"failed"`
	Held            int                 `json:"held"`
	LastDelivery    *deliveryJSON       `json:"lastDelivery,omitempty"`
	Repositories    repositoryCountJSON `json:"repositories"`
	Gaps            gapCountJSON        `json:"gaps"`
	Survey          *surveyJSON         `json:"survey,omitempty"`
	Budget          *budgetJSON         `json:"budget,omitempty"`
	Backfill        *backfillJSON       `json:"backfill,omitempty"`
	Webhook         *Webhook            `json:"webhook,omitempty"`
	NoWebhook       string              `json:"noWebhook,omitempty"`
}

type repositoryCountJSON struct {
	Total    int `json:"total"`
	Archived int `json:"archived"`
}

type gapCountJSON struct {
	Open   int       `json:"open"`
	Closed int       `json:"closed"`
	Items  []gapJSON `json:"items,omitempty"`
}

type gapJSON struct {
	ID         string            `json:"id"`
	Kind       string            `json:"kind"`
	Repository string            `json:"repository,omitempty"`
	Delivery   string            `json:"delivery,omitempty"`
	Detail     string            `json:"detail"`
	Since      time.Time         `json:"since,omitzero"`
	FoundAt    time.Time         `json:"foundAt"`
	ClosedAt   time.Time         `json:"closedAt,omitzero"`
	How        string            `json:"how,omitempty"`
	Lost       bool              `json:"lost,omitempty"`
	Position   eventlog.Position `json:"position"`
}

type surveyJSON struct {
	Running  string             `json:"running,omitempty"`
	Done     int                `json:"done"`
	Total    int                `json:"total"`
	Found    int                `json:"found"`
	Compared time.Time          `json:"compared,omitzero"`
	Checked  time.Time          `json:"checked,omitzero"`
	Read     time.Time          `json:"read,omitzero"`
	Error    string             `json:"error,omitempty"`
	Unseen   string             `json:"unseen,omitempty"`
	Missing  []event.Repository `json:"missing,omitempty"`
	Odd      []oddJSON          `json:"odd,omitempty"`
	People   *peopleJSON        `json:"people,omitempty"`
}

type oddJSON struct {
	Repository event.Repository `json:"repository"`
	Error      string           `json:"error"`
	Since      time.Time        `json:"since,omitzero"`
}

type peopleJSON struct {
	Groups  int       `json:"groups"`
	People  int       `json:"people"`
	Read    time.Time `json:"read,omitzero"`
	Error   string    `json:"error,omitempty"`
	LeftOut []string  `json:"leftOut,omitempty"`
}

type backfillJSON struct {
	Running    bool      `json:"running"`
	BeganAt    time.Time `json:"beganAt"`
	EndedAt    time.Time `json:"endedAt,omitzero"`
	Done       int       `json:"done"`
	Total      int       `json:"total"`
	Repository string    `json:"repository,omitempty"`
	Events     int       `json:"events"`
	Failed     int       `json:"failed"`
	Problems   []string  `json:"problems,omitempty"`
	Error      string    `json:"error,omitempty"`
}

type budgetJSON struct {
	Limit     int       `json:"limit"`
	Remaining int       `json:"remaining"`
	ResetAt   time.Time `json:"resetAt,omitzero"`
}

func toSourceJSON(src Source, s standing.State, kept deliveries.Summary) sourceJSON {
	j := sourceJSON{
		Source: src, Condition: s.Is, CompleteThrough: s.Through, LagSeconds: s.Lag.Seconds(),
		Deliveries: kept.Total, Pending: s.Backlog.Pending, PendingSince: s.Backlog.Oldest, Failed: s.Backlog.Failed, Held: s.Backlog.Held,
		Repositories: repositoryCountJSON{s.Counts.Repositories, s.Counts.Archived},
		NoWebhook:    s.Unhooked(),
		Gaps:         gapCountJSON{Open: s.Counts.OpenGaps, Closed: s.Counts.ClosedGaps},
	}
	if s.Last != nil {
		last := toDeliveryJSON(*s.Last)
		j.LastDelivery = &last
	}
	if v := s.Survey; v != nil {
		j.Survey = &surveyJSON{v.Running, v.Done, v.Total, v.Found, v.Compared, v.Checked, v.Read, v.Err, s.Unseen(), v.Missing, nil, nil}
		for _, o := range v.Odd {
			j.Survey.Odd = append(j.Survey.Odd, oddJSON{o.Repository, o.Err, o.Since})
		}
		if p := v.People; p.Told() {
			j.Survey.People = &peopleJSON{p.Groups, p.People, p.Read, p.Err, p.LeftOut}
		}
		if v.Budget.Limit > 0 {
			j.Budget = &budgetJSON{v.Budget.Limit, v.Budget.Remaining, v.Budget.Reset}
		}
	}
	if b := s.Backfill; b != nil {
		j.Backfill = &backfillJSON{b.Ended.IsZero(), b.Began, b.Ended, b.Done, b.Total, b.Repository, b.Events, b.Failed, b.Problems, b.Err}
	}
	return j
}

// kept are the deliveries that are kept, by source.
func (a *API) kept(ctx context.Context) (map[string]deliveries.Summary, error) {
	summaries, err := a.Deliveries.Summaries(ctx)
	bySource := map[string]deliveries.Summary{}
	for _, s := range summaries {
		bySource[s.Source] = s
	}
	return bySource, err
}

// handleSources handles "GET /api/sources".
func (a *API) handleSources(c echo.Context) error {
	ctx := c.Request().Context()
	states, err := a.Standing.All(ctx)
	if err != nil {
		return err
	}
	kept, err := a.kept(ctx)
	if err != nil {
		return err
	}
	items := make([]sourceJSON, 0, len(states))
	for _, s := range states {
		items = append(items, toSourceJSON(a.source(s.Source), s, kept[s.Source]))
	}
	return c.JSON(http.StatusOK, map[string]any{"items": items})
}

// source is what the configuration says of a source.
func (a *API) source(name string) Source {
	for _, s := range a.Sources() {
		if s.Name == name {
			return s
		}
	}
	return Source{Name: name}
}

// handleSource handles "GET /api/sources/:name".
func (a *API) handleSource(c echo.Context) error {
	ctx := c.Request().Context()
	s, err := a.Standing.One(ctx, pathParam(c, "name"))
	if err != nil {
		return err
	}
	kept, err := a.kept(ctx)
	if err != nil {
		return err
	}
	gaps, err := a.Gaps.Gaps(ctx, s.Source, listedGaps)
	if err != nil {
		return err
	}
	j := toSourceJSON(a.source(s.Source), s, kept[s.Source])
	if w, ok := a.Webhook(s.Source); ok {
		j.Webhook = &w
	}
	for _, g := range gaps {
		j.Gaps.Items = append(j.Gaps.Items, gapJSON{
			g.Gap, g.Kind, g.Repository.FullName, g.Delivery, g.Detail, g.Since, g.Found, g.Closed, g.How, g.Lost, g.Position,
		})
	}
	return c.JSON(http.StatusOK, j)
}

// handleSurvey handles "POST /api/sources/:name/survey".
func (a *API) handleSurvey(c echo.Context) error {
	name := pathParam(c, "name")
	if err := a.Survey(c.Request().Context(), name); err != nil {
		return err
	}
	return c.JSON(http.StatusAccepted, map[string]string{"source": name})
}

// handleBackfill handles "POST /api/sources/:name/backfill".
func (a *API) handleBackfill(c echo.Context) error {
	name := pathParam(c, "name")
	if err := a.Backfill(c.Request().Context(), name); err != nil {
		return err
	}
	return c.JSON(http.StatusAccepted, map[string]string{"source": name})
}
