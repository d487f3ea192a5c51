package web

import (
	"context"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/proof"
	"github.com/callboard/callboard/web/ui"
)

// Proofs tells which seal an event is under.
type Proofs interface {
	// Newest returns the newest seal, and Covering the first that covers an event; the
	// zero Seal if there is none.
	Newest(context.Context) (proof.Seal, error)
	Covering(context.Context, eventlog.Position) (proof.Seal, error)
	Include(ctx context.Context, p, seal eventlog.Position) (proof.Inclusion, error)
}

// proofView is how an event is proved.
type proofView struct {
	sealed bool
	seal   ui.EventMark
	signed ui.Moment
	signer string
	hashes string // how many lead from it to what is signed
	href   string // of the proof
}

// proofView finds the first seal that covers an event; nil if nothing is ever sealed.
func (s *Site) proofView(ctx context.Context, rec eventlog.Record) (*proofView, error) {
	if s.Proofs == nil {
		return nil, nil
	}
	seal, err := s.Proofs.Covering(ctx, rec.Position)
	if err != nil || seal.Position == 0 {
		return &proofView{}, err
	}
	p, err := s.Proofs.Include(ctx, rec.Position, seal.Position)
	if err != nil {
		return nil, err
	}
	return &proofView{
		sealed: true, seal: mark(seal.Position), signed: clock(seal.Recorded, rec.Recorded), signer: seal.Signer, hashes: ui.Number(len(p.Path)),
		href: link{path: "/api/history/proof"}.set("position", decimal(rec.Position)).set("seal", decimal(seal.Position)).String(),
	}, nil
}

// sealedTo is how far the record is under seal, and where its seals are listed.
func (s *Site) sealedTo(ctx context.Context) (ui.Anchor, error) {
	if s.Proofs == nil {
		return ui.Anchor{}, nil
	}
	newest, err := s.Proofs.Newest(ctx)
	if err != nil || newest.Position == 0 {
		return ui.Anchor{}, err
	}
	return ui.Anchor{Label: "Sealed to " + ui.Number(newest.Size), Href: link{path: auditPath}.set(fieldType, typeName(event.TypeLogSealed)).String()}, nil
}
