package api

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/agreements"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/scorecards/desk"
)

// Desk takes what people ask for and decide. Who acts, and by which request, stands in the
// context.
type Desk interface {
	CardDesk
	ExemptionDesk
	InitiativeDesk
}

// CardDesk is about scorecards.
type CardDesk interface {
	OpenCard(ctx context.Context, card *catalog.Entity) (desk.Made, error)
	ChangeCard(ctx context.Context, card *catalog.Entity, seen eventlog.Position) (desk.Made, error)
	RemoveCard(ctx context.Context, ref string, seen eventlog.Position) (desk.Made, error)
}

// ExemptionDesk is about exemptions.
type ExemptionDesk interface {
	RequestExemption(ctx context.Context, r desk.Request) (desk.Made, error)
	GrantExemption(ctx context.Context, ref string, d desk.Decision) (desk.Made, error)
	DenyExemption(ctx context.Context, ref string, d desk.Decision) (desk.Made, error)
	RevokeExemption(ctx context.Context, ref string, d desk.Decision) (desk.Made, error)
}

// InitiativeDesk is about initiatives.
type InitiativeDesk interface {
	OpenInitiative(ctx context.Context, t desk.Terms) (desk.Made, error)
	ChangeInitiative(ctx context.Context, ref string, seen eventlog.Position, t desk.Terms) (desk.Made, error)
	CloseInitiative(ctx context.Context, ref string, seen eventlog.Position, why string) (desk.Made, error)
}

// exemptionJSON is an exemption on the wire.
type exemptionJSON struct {
	Exemption   string            `json:"exemption"` // full ref
	Scorecard   string            `json:"scorecard"`
	Entity      string            `json:"entity"`
	Rules       []string          `json:"rules,omitempty"`
	Reason      string            `json:"reason"`
	Status      scorecards.Status `json:"status"`
	InForce     bool              `json:"inForce"`          // rules are exempt because of it
	Astray      string            `json:"astray,omitempty"` // what it names that is not there
	From        string            `json:"from,omitempty"`
	Until       string            `json:"until,omitempty"`
	RequestedBy string            `json:"requestedBy,omitempty"`
	DecidedBy   string            `json:"decidedBy,omitempty"`
	Note        string            `json:"note,omitempty"`
	Decides     string            `json:"decides,omitempty"` // owner of the scorecard
	Since       time.Time         `json:"since"`             // when it became so
	Position    eventlog.Position `json:"position"`
	Place       string            `json:"place"` // where it is declared
}

func toExemptionJSON(x agreements.Exemption, at time.Time) exemptionJSON {
	return exemptionJSON{
		Exemption: x.Ref.String(), Scorecard: x.Exemption.Card, Entity: x.Entity, Rules: x.Rules, Reason: x.Reason, Status: x.Stands,
		InForce: x.InForce(at), Astray: x.Why(),
		From: scorecards.DateOf(x.From), Until: scorecards.DateOf(x.LastDay()), RequestedBy: x.RequestedBy, DecidedBy: x.DecidedBy, Note: x.Note, Decides: x.Decides(),
		Since: x.Entry.Since.Time, Position: x.Entry.Since.Position, Place: x.Entry.Origin.Place(),
	}
}

// at is the time that a request is about.
func (a *API) at(c echo.Context) time.Time {
	if m := momentOf(c); !m.At.IsZero() {
		return m.At
	}
	return a.Now()
}

func exemptionParams() []param {
	statuses := []scorecards.Status{scorecards.Requested, scorecards.Granted, scorecards.Denied, scorecards.Revoked, scorecards.Expired}
	words := make([]string, len(statuses))
	for i, s := range statuses {
		words[i] = string(s)
	}
	return []param{
		{name: "scorecard", check: oneText}, {name: "entity", check: oneText}, {name: "owner", check: oneText}, {name: "status", check: oneOf(words...)}, {name: "format", check: oneOf("json", "csv")},
	}
}

// handleExemptions handles "GET /api/exemptions".
func (a *API) handleExemptions(c echo.Context) error {
	all := agreements.Exemptions(a.catalog(c), a.at(c))
	choice, err := agreements.ParseChoice(a.catalog(c), all, c.QueryParam("scorecard"), c.QueryParam("entity"), c.QueryParam("owner"))
	if err != nil {
		return err
	}
	choice.Status = scorecards.Status(c.QueryParam("status"))
	items := []exemptionJSON{}
	chosen, _ := choice.From(a.catalog(c), all)
	for _, x := range chosen {
		items = append(items, toExemptionJSON(x, a.at(c)))
	}
	if c.QueryParam("format") == "csv" {
		return writeExemptions(c, items)
	}
	return c.JSON(http.StatusOK, map[string]any{"items": items})
}

func writeExemptions(c echo.Context, items []exemptionJSON) error {
	rows := [][]string{{"exemption", "scorecard", "entity", "rules", "status", "from", "until", "requestedBy", "decidedBy", "reason", "note", "since", "place", "inForce", "astray"}}
	for _, i := range items {
		rows = append(rows, []string{
			i.Exemption, i.Scorecard, i.Entity, strings.Join(i.Rules, " "), string(i.Status), i.From, i.Until, i.RequestedBy, i.DecidedBy, i.Reason, i.Note,
			i.Since.UTC().Format(time.RFC3339), i.Place, strconv.FormatBool(i.InForce), i.Astray,
		})
	}
	return writeCSV(c, "exemptions", rows)
}

// handleExemption handles "GET /api/exemptions/{name}".
func (a *API) handleExemption(c echo.Context) error {
	ref := scorecards.RefNamed(scorecards.KindExemption, pathParam(c, "name"))
	all := agreements.Exemptions(a.catalog(c), a.at(c))
	i := slices.IndexFunc(all, func(x agreements.Exemption) bool { return x.Entry.Ref == ref.String() })
	if i < 0 {
		return fault.New(fault.NotFound, "there is no %s", ref)
	}
	return c.JSON(http.StatusOK, toExemptionJSON(all[i], a.at(c)))
}

// handleRequestExemption handles "POST /api/exemptions".
func (a *API) handleRequestExemption(c echo.Context) error {
	var in struct {
		desk.Request
		By string `json:"by"`
	}
	if err := decode(c, &in, `what is asked for: {"entity": "payments", "scorecard": "production-readiness", "rules": ["docs"], "reason": "…", "until": "2026-06-30", "by": "…"}`); err != nil {
		return err
	}
	made, err := a.Desk.RequestExemption(actingAs(c, in.By), in.Request)
	return answerMade(c, made, err)
}

// handleGrantExemption handles "POST /api/exemptions/{name}/grant".
func (a *API) handleGrantExemption(c echo.Context) error {
	var in struct {
		desk.Decision
		By string `json:"by"`
	}
	if err := decode(c, &in, `who you are, and the last day if it is to be an earlier one: {"until": "2026-04-30", "note": "…", "by": "…"}`); err != nil {
		return err
	}
	made, err := a.Desk.GrantExemption(actingAs(c, in.By), scorecards.RefNamed(scorecards.KindExemption, pathParam(c, "name")).String(), in.Decision)
	return answerMade(c, made, err)
}

// refuseExemption handles "POST /api/exemptions/{name}/deny" and "…/revoke".
func (a *API) refuseExemption(do func(Desk, context.Context, string, desk.Decision) (desk.Made, error)) echo.HandlerFunc {
	return func(c echo.Context) error {
		var in struct {
			note
			Position eventlog.Position `json:"position"`
		}
		if err := decode(c, &in, noteSays); err != nil {
			return err
		}
		made, err := do(a.Desk, actingAs(c, in.By), scorecards.RefNamed(scorecards.KindExemption, pathParam(c, "name")).String(), desk.Decision{Note: in.Note, Position: in.Position})
		return answerMade(c, made, err)
	}
}

// note is why somebody decides something, and who they say that they are.
type note struct {
	Note string `json:"note"`
	By   string `json:"by"`
}

const noteSays = `why, and who you are: {"note": "…", "by": "…"}`

// actingAs is the context of a request in which somebody acts who says who they are.
func actingAs(c echo.Context, by string) context.Context {
	return event.WithCause(event.WithActor(c.Request().Context(), event.Actor{Name: whoOf(c, by)}), causeOf(c))
}

// whoOf is who asks: whoever the body names, else the header Callboard-By.
func whoOf(c echo.Context, by string) string {
	return cmp.Or(strings.TrimSpace(by), event.ActorIn(c.Request().Context()).Name)
}

func answerMade(c echo.Context, made desk.Made, err error) error {
	if err != nil {
		return err
	}
	status := http.StatusCreated
	if made.Position == 0 { // it was so already
		status = http.StatusOK
	}
	return c.JSON(status, made)
}
