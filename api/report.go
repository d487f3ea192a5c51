package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/repositories"
)

// Reporter puts on record what somebody knows of entities and repositories. By is what
// they call themselves, request the one that tells of it.
type Reporter interface {
	// Report appends all of it or nothing.
	Report(ctx context.Context, reports []event.Report, by, request string) ([]eventlog.Appended, error)
	// Verify says that what the descriptor of an entity says is still true.
	Verify(ctx context.Context, entity, by, note, request string) (eventlog.Position, error)
}

// Reports are what one request tells.
type Reports struct {
	By    string       `json:"by"`
	Facts []FactReport `json:"facts"`
}

// FactReport is one of them: a fact of an entity, or of a repository of a source.
type FactReport struct {
	Entity     string          `json:"entity,omitempty"` // ref; component:default is left out of it
	Source     string          `json:"source,omitempty"`
	Repository string          `json:"repository,omitempty"` // full name
	Name       string          `json:"name"`
	Value      json.RawMessage `json:"value"`
	Time       time.Time       `json:"time,omitzero"`
	Until      time.Time       `json:"until,omitzero"`
	TTL        string          `json:"ttl,omitempty"` // in place of until: "72h", or "30d"
	ID         string          `json:"id,omitempty"`
}

// ParseReports reads the body of "POST /api/facts". The error is of kind fault.Invalid, and
// says which fact it is about.
func ParseReports(body []byte, now time.Time) (by string, all []event.Report, err error) {
	var in struct {
		By    string            `json:"by"`
		Facts []json.RawMessage `json:"facts"`
	}
	var large tooLargeError // in which fact, is said below
	if v, err := decodeBody(body); err != nil && !errors.As(err, &large) {
		return "", nil, err
	} else if _, ok := v.(map[string]any); err == nil && !ok {
		return "", nil, fault.New(fault.Invalid, `the body must be an object: {"by": "ci", "facts": [{"entity": "component:payments", "name": "coverage", "value": 83.1}]}`)
	}
	if err := decodeFields(body, &in); err != nil {
		return "", nil, fault.New(fault.Invalid, "the body cannot be read: %w", err)
	}
	if len(in.Facts) == 0 {
		return "", nil, fault.New(fault.Invalid, "facts is missing, or empty")
	}
	if len(in.Facts) > event.MaxReports {
		return "", nil, fault.New(fault.Invalid, "there are %d facts; the most at once is %d", len(in.Facts), event.MaxReports)
	}
	for i, sent := range in.Facts {
		r, err := parseReport(sent, now)
		if err != nil {
			return "", nil, fault.New(fault.Invalid, "facts[%d]: %w", i, err)
		}
		all = append(all, r)
	}
	return in.By, all, nil
}

func parseReport(sent []byte, now time.Time) (r event.Report, err error) {
	var moments struct{ Time, Until json.RawMessage }
	if err := json.Unmarshal(sent, &moments); err != nil {
		return r, plainly(err)
	}
	if err := checkMoment("time", moments.Time); err != nil {
		return r, err
	}
	if err := checkMoment("until", moments.Until); err != nil {
		return r, err
	}
	var f FactReport
	if err := decodeFields(sent, &f); err != nil {
		return r, err
	}
	if len(f.Value) > 0 {
		var value any
		if err := json.Unmarshal(f.Value, &value); err != nil {
			return r, fmt.Errorf("value: %w", plainly(err))
		}
	}
	return f.report(now)
}

// decodeFields reads JSON into a struct, which must have all of its fields.
func decodeFields(body []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return plainly(err)
	}
	return nil
}

// checkMoment says what is wrong with a moment, as it is sent; it may be left out. Nothing
// that a portal is told of was before 1970: so old is what never happened.
func checkMoment(field string, sent json.RawMessage) error {
	if len(sent) == 0 || string(sent) == "null" {
		return nil
	}
	var at time.Time
	if err := json.Unmarshal(sent, &at); err != nil {
		return fmt.Errorf("%s must be a moment such as 2026-03-12T09:00:00Z, found %.60s", field, sent)
	}
	if at.Unix() < 0 {
		return fmt.Errorf("%s must not be before 1970, found %s; leave it out if you cannot tell", field, at.Format(time.RFC3339))
	}
	return nil
}

func (f FactReport) report(now time.Time) (r event.Report, err error) {
	r = event.Report{Name: f.Name, Value: f.Value, Time: f.Time, Until: f.Until, ID: f.ID}
	switch {
	case f.Entity != "" && f.Repository+f.Source != "":
		return r, errors.New("it is of an entity or of a repository, not of both")
	case f.Entity != "":
		ref, err := catalog.ParseRef(f.Entity, catalog.Ref{Kind: "component"})
		if err != nil {
			return r, fmt.Errorf("entity: %w", err)
		}
		r.Entity = ref.String()
	case f.Source == "" || f.Repository == "":
		return r, errors.New("entity is missing, or source and repository")
	default:
		r.Repository.Source, r.Repository.FullName = f.Source, f.Repository
	}
	if f.TTL != "" {
		if !f.Until.IsZero() {
			return r, errors.New("give until or ttl, not both")
		}
		span, err := ParseTTL(f.TTL)
		if err != nil {
			return r, err
		}
		at := f.Time
		if at.IsZero() {
			at = now
		}
		r.Until = at.Add(span)
	}
	return r, r.Check(now)
}

// ParseTTL reads how long a fact counts: "36h", or in days, "30d". Ten years is
// the most.
func ParseTTL(text string) (time.Duration, error) {
	const most = 10 * 366 * 24 * time.Hour
	span, err := time.ParseDuration(text)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		var n float64
		if _, err = fmt.Sscanf(days+"\n", "%g\n", &n); err == nil && n*24 < most.Hours() {
			span = time.Duration(n * 24 * float64(time.Hour))
		} else if err == nil {
			span = most + 1
		}
	}
	if err != nil || span <= 0 || span > most {
		return 0, fault.New(fault.Invalid, "ttl must be a span such as 36h or 30d, of ten years at most, found %q", text)
	}
	return span, nil
}

// handleReport handles "POST /api/facts".
func (a *API) handleReport(c echo.Context) error {
	body, err := io.ReadAll(c.Request().Body)
	if err != nil {
		return err
	}
	by, reports, err := ParseReports(body, a.Now())
	if err != nil {
		return err
	}
	for i := range reports {
		if err := a.resolve(c.Request().Context(), &reports[i]); err != nil {
			return fault.New(fault.KindOf(err), "facts[%d]: %w", i, err)
		}
	}
	appended, err := a.Reporter.Report(c.Request().Context(), reports, whoOf(c, by), causeOf(c).Request)
	if err != nil {
		return err
	}
	type item struct {
		Position  eventlog.Position `json:"position"`
		Duplicate bool              `json:"duplicate,omitempty"`
	}
	items := make([]item, len(appended))
	for i, at := range appended {
		items[i] = item{at.Position, at.Duplicate}
	}
	return c.JSON(http.StatusCreated, map[string]any{"items": items})
}

// resolve finds what a report is about.
func (a *API) resolve(ctx context.Context, r *event.Report) error {
	if r.Entity != "" {
		if _, ok := a.Catalog().Get(r.Entity); !ok {
			return fault.New(fault.NotFound, "there is no entity %s in the catalog", r.Entity)
		}
		return nil
	}
	repo, err := a.Facts.Named(ctx, r.Repository.Source, r.Repository.FullName)
	if err != nil {
		return err
	}
	if !repo.Deleted.IsZero() {
		return fault.New(fault.NotFound, "%s is there no more", repo.FullName)
	}
	r.Repository = repo.Repository
	return nil
}

// handleReported handles "GET /api/facts", of an entity or of a repository.
func (a *API) handleReported(c echo.Context) error {
	r, err := FactReport{
		Entity: c.QueryParam("entity"), Source: c.QueryParam("source"), Repository: c.QueryParam("repository"), Name: "any", Value: []byte("0"),
	}.report(a.Now())
	if err != nil {
		return fault.New(fault.Invalid, "%w", err)
	}
	ctx := c.Request().Context()
	if err := a.resolve(ctx, &r); err != nil {
		return err
	}
	var facts []repositories.Fact
	if r.Entity != "" {
		facts, err = a.Facts.OfEntity(ctx, r.Entity)
	} else {
		facts, err = a.Facts.Facts(ctx, r.Repository.Source, r.Repository.ID)
	}
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{"items": factItems(facts)})
}

// handleVerify handles "POST /api/verifications".
func (a *API) handleVerify(c echo.Context) error {
	var in struct {
		Entity string `json:"entity"`
		By     string `json:"by"`
		Note   string `json:"note"`
	}
	if err := decode(c, &in, `what is still true: {"entity": "component:payments", "note": "…", "by": "…"}`); err != nil {
		return err
	}
	ref, err := catalog.ParseRef(in.Entity, catalog.Ref{Kind: "component"})
	if err != nil {
		return fault.New(fault.Invalid, "entity: %w", err)
	}
	if err := a.resolve(c.Request().Context(), &event.Report{Entity: ref.String()}); err != nil {
		return err
	}
	p, err := a.Reporter.Verify(c.Request().Context(), ref.String(), whoOf(c, in.By), in.Note, causeOf(c).Request)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, map[string]any{"position": p})
}
