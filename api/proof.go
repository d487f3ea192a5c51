package api

import (
	"bufio"
	"context"
	"iter"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/proof"
	"github.com/callboard/callboard/internal/fault"
)

// Proofs shows that events are on record, and that nobody changed them.
type Proofs interface {
	// Include proves that an event is covered by the seal at a position; 0 = the newest.
	Include(ctx context.Context, p, seal eventlog.Position) (proof.Inclusion, error)
	// Extend proves that the first events are the beginning of more of them.
	Extend(ctx context.Context, from, to uint64) (proof.Consistency, error)
	Newest(context.Context) (proof.Seal, error)
	// Covering returns the first seal that covers an event; the zero Seal if none does yet.
	Covering(context.Context, eventlog.Position) (proof.Seal, error)
}

// Records reads the event log.
type Records interface {
	Read(ctx context.Context, after eventlog.Position) iter.Seq2[eventlog.Record, error]
}

// sealJSON is a seal on the wire.
type sealJSON struct {
	Position   eventlog.Position `json:"position"`
	Size       uint64            `json:"size"`
	Root       proof.Hash        `json:"root"`
	RecordedAt time.Time         `json:"recordedAt"`
	Signer     string            `json:"signer"`
	Note       string            `json:"note"`
}

func toSealJSON(s proof.Seal) sealJSON {
	return sealJSON{s.Position, s.Size, s.Root, s.Recorded, s.Signer, s.Note}
}

// handleProof handles "GET /api/history/proof".
func (a *API) handleProof(c echo.Context) error {
	q := c.QueryParams()
	p, err := number(q, "position")
	if err != nil {
		return err
	}
	seal, err := number(q, "seal")
	if err != nil {
		return err
	}
	got, err := a.Proofs.Include(c.Request().Context(), eventlog.Position(p), eventlog.Position(seal))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, struct {
		Position eventlog.Position `json:"position"`
		Leaf     proof.Hash        `json:"leaf"`
		Path     []proof.Hash      `json:"path"`
		Seal     sealJSON          `json:"seal"`
	}{got.Position, got.Leaf, orEmpty(got.Path), toSealJSON(got.Seal)})
}

// handleConsistency handles "GET /api/history/proof/consistency".
func (a *API) handleConsistency(c echo.Context) error {
	ctx, q := c.Request().Context(), c.QueryParams()
	from, err := number(q, "from")
	if err != nil {
		return err
	}
	to, err := number(q, "to")
	if err != nil {
		return err
	}
	newest, err := a.Proofs.Newest(ctx)
	if err != nil {
		return err
	}
	if to == 0 {
		to = newest.Size
	}
	got, err := a.Proofs.Extend(ctx, from, to)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, struct {
		From     uint64       `json:"from"`
		To       uint64       `json:"to"`
		FromRoot proof.Hash   `json:"fromRoot"`
		ToRoot   proof.Hash   `json:"toRoot"`
		Path     []proof.Hash `json:"path"`
	}{got.From, got.To, got.FromRoot, got.ToRoot, orEmpty(got.Path)})
}

func orEmpty(path []proof.Hash) []proof.Hash {
	if path == nil {
		return []proof.Hash{}
	}
	return path
}

// handleKey handles "GET /api/history/key".
func (a *API) handleKey(c echo.Context) error {
	return c.String(http.StatusOK, a.PublicKey+"\n")
}

// handleSeal handles "GET /api/history/seal".
func (a *API) handleSeal(c echo.Context) error {
	s, err := a.Proofs.Newest(c.Request().Context())
	if err != nil {
		return err
	}
	if s.Position == 0 {
		return fault.New(fault.NotFound, "nothing is under seal yet")
	}
	return c.String(http.StatusOK, s.Note)
}

// An answer holds so many records, so that it is over before a slow client is cut off.
const (
	maxRecords     = 1000
	maxRecordBytes = 4 << 20
)

// handleRecords handles "GET /api/history/records".
func (a *API) handleRecords(c echo.Context) error {
	after, err := number(c.QueryParams(), "after")
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderContentType, "application/jsonl")
	w := bufio.NewWriter(c.Response())
	n, size := 0, 0
	for rec, err := range a.Records.Read(c.Request().Context(), eventlog.Position(after)) {
		if err != nil && n == 0 {
			return err
		}
		if err != nil || n == maxRecords || size >= maxRecordBytes {
			break // the client goes on after the last that it got
		}
		line := append(proof.Line(rec), '\n')
		if _, err := w.Write(line); err != nil {
			return err
		}
		n, size = n+1, size+len(line)
	}
	return w.Flush()
}
