package api

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/scorecards/scorer"
)

// Trials judge the past by a card that somebody proposes.
type Trials interface {
	// Begin has it begin, or returns the one that did so for the same a while ago.
	Begin(e *catalog.Entity, text string, from, to time.Time, step scorecards.Step) (*scorer.Attempt, error)
}

const (
	maxCard     = 1 << 20 // bytes of a card
	tellOften   = time.Second
	mimeNDJSON  = "application/x-ndjson"
	mostMoves   = 1000 // that are told
	shownErrors = 20
)

// handleBacktest handles "POST /api/scorecards/{name}/backtest". The body is the card; an
// empty one is the card of the catalog.
func (a *API) handleBacktest(c echo.Context) error {
	e, err := a.proposed(c)
	if err != nil {
		return err
	}
	span, err := a.spanOf(c)
	if err != nil {
		return err
	}
	attempt, err := a.Trials.Begin(e, "", span.From, span.To, span.Step)
	if err != nil {
		return err
	}
	if strings.Contains(c.Request().Header.Get(echo.HeaderAccept), mimeNDJSON) {
		return a.tellBacktest(c, attempt)
	}
	result, err := attempt.Result(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, shortened(result))
}

// shortened leaves out what would make an answer too long; total says how many there are.
func shortened(b *scorer.Backtest) any {
	type answer struct {
		scorer.Backtest
		Moved int `json:"moved"` // how many entities stand otherwise
	}
	out := answer{*b, len(b.Moves)}
	out.Moves = b.Moves[:min(len(b.Moves), mostMoves)]
	return out
}

// proposed reads the card that a request is about.
func (a *API) proposed(c echo.Context) (*catalog.Entity, error) {
	text, err := cardText(c)
	if err != nil {
		return nil, err
	}
	if len(strings.TrimSpace(string(text))) == 0 {
		return a.cardNamed(c)
	}
	return readCard(text, pathParam(c, "name"))
}

func cardText(c echo.Context) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(c.Request().Body, maxCard+1))
	if err == nil && len(text) > maxCard {
		err = fault.New(fault.Invalid, "a scorecard has at most %d bytes", maxCard)
	}
	return text, err
}

// readCard reads a card that is to have a name; "" for any.
func readCard(text []byte, name string) (*catalog.Entity, error) {
	e, problems := scorer.ReadCard(text)
	if len(problems) > 0 {
		return nil, fault.New(fault.Invalid, "the scorecard cannot be used: %s", problemText(problems))
	}
	if want := cardRef(name); name != "" && e.Ref().String() != want.String() {
		return nil, fault.New(fault.Invalid, "metadata.name: the body is %s, the address says %s", e.Ref(), want)
	}
	return e, nil
}

func problemText(all []event.Problem) string {
	var lines []string
	for i, p := range all {
		if i == shownErrors {
			lines = append(lines, fmt.Sprintf("and %d more", len(all)-i))
			break
		}
		lines = append(lines, fmt.Sprintf("line %d, column %d: %s", p.Line, p.Column, catalog.Problem{Path: p.Path, Message: p.Message}))
	}
	return strings.Join(lines, "; ")
}

// tellBacktest answers in lines of JSON: how far it has come each second, and at last the
// result or what went wrong.
func (a *API) tellBacktest(c echo.Context, attempt *scorer.Attempt) error {
	w, ctx := c.Response(), c.Request().Context()
	w.Header().Set(echo.HeaderContentType, mimeNDJSON)
	w.WriteHeader(http.StatusOK)
	line := func(v any) error {
		err := c.Echo().JSONSerializer.Serialize(c, v, "")
		w.Flush()
		return err
	}
	tick := time.NewTicker(tellOften)
	defer tick.Stop()
	for {
		select {
		case <-attempt.Ended():
			result, err := attempt.Result(ctx)
			if err != nil {
				return line(map[string]string{"error": a.message(c, err, answerTo(err).status)})
			}
			return line(map[string]any{"result": shortened(result)})
		case <-tick.C:
			if err := line(map[string]float64{"progress": attempt.Progress()}); err != nil {
				return err
			}
		case <-ctx.Done():
			return nil
		}
	}
}
