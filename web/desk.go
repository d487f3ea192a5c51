package web

import (
	"context"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/agreements"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/scorecards/desk"
)

// Agreements tells how exemptions and initiatives stand, and stood.
type Agreements interface {
	// Debt counts how many exemptions held at moments, of those that are wanted.
	Debt(ctx context.Context, m projections.Moment, moments []time.Time, wanted func(event.Exemption) bool) ([]int, error)
	Initiatives(ctx context.Context, c agreements.Catalog, m projections.Moment, now time.Time) ([]agreements.Initiative, error)
	// Asking lists the initiatives with what they ask of one entity, and of no other.
	Asking(ctx context.Context, c agreements.Catalog, m projections.Moment, now time.Time, entity string, cards []*scorecards.Card) ([]agreements.Initiative, error)
	// Initiative returns one; nil if the entity is none that can be read.
	Initiative(ctx context.Context, c agreements.Catalog, m projections.Moment, now time.Time, e *entities.Entry) (*agreements.Initiative, error)
	BurnUp(ctx context.Context, m projections.Moment, i *agreements.Initiative, moments []time.Time) ([]agreements.Point, error)
}

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
